"""Run folders: ``run.json`` says what a run is, ``weights.safetensors`` holds its weights."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mesr.common.base import SRNetwork
from pipeline.models.networks import build_network, network_digest
from pipeline.models.weights import load_weights
from pipeline.support.errors import UserError
from pipeline.support.json import read_json

RECORD = "run.json"
WEIGHTS = "weights.safetensors"


def read_run(folder: Path, identity: Mapping[str, Any]) -> dict[str, Any]:
    """Read run.json and compare it with what the run should be.

    Parameters
    ----------
    folder : Path
        ``runs/KEY``.
    identity : mapping
        What params.yaml says of the run, `pipeline.study.runs.Run.identity`.

    Raises
    ------
    UserError
        When the folder is missing, was written by an earlier version, or is of another run.
    """
    path, remedy = folder / RECORD, "dvc repro"
    record = read_json(path, remedy, (*identity, "network_digest"))
    for name, expected in identity.items():
        if record[name] != expected:
            raise UserError(
                f"{path}: {name} is {record[name]!r}, in params.yaml {expected!r}. "
                f"Make the run again: {remedy}"
            )
    return record


def load_run(folder: Path, identity: Mapping[str, Any]) -> SRNetwork:
    """Build the network of a run and load its weights, on the CPU.

    The code is the one that `identity` names, never what a file in the folder names.

    Raises
    ------
    UserError
        As `read_run`, when the network's code is not the one that made the run, or when weights
        are missing or do not fit.
    """
    record = read_run(folder, identity)
    code = identity["code"]
    if record["network_digest"] != network_digest(code):
        raise UserError(
            f"{folder}: was made by other code than {code} has now. Make it again: dvc repro"
        )
    network = build_network(code, identity["scale"], **identity["settings"])
    if identity["kind"] != "interpolation":
        load_weights(network, folder / WEIGHTS)
    return network
