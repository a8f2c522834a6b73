"""What is evaluated: bicubic interpolation, published weights, or a trained run, by its key."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from mesr.common.base import SRNetwork
from pipeline.imaging.ensemble import SelfEnsemble
from pipeline.models.networks import build_network
from pipeline.models.published_weights import PublishedWeights, load_published, published_weights
from pipeline.models.weights import load_weights
from pipeline.study.keys import Key
from pipeline.study.paths import run_folder
from pipeline.study.results import read_json
from pipeline.support.errors import UserError


@dataclass(frozen=True)
class Subject:
    """A network ready to be evaluated, and what its rows in quality.csv say of it.

    Attributes
    ----------
    network : SRNetwork
        With its weights, on the CPU.
    model, variant : str
        Its name in the registry, and which of its published sizes or ablation variants it is.
    source : {"none", "trained", "published", "shipped"}
        Where its weights come from; "none" where it has none.
    seed : int or None
        Of the training; None for weights that were not trained here.
    origin : str
        The file of the weights, for people; "" where there is none or several.
    """

    network: SRNetwork
    model: str
    variant: str
    source: str
    seed: int | None = None
    origin: str = ""


class _Record(BaseModel):
    """The part of ``run.json`` that says which network was trained."""

    model_config = ConfigDict(strict=True)

    model: str
    variant: str
    scale: int
    seed: int
    settings: dict[str, Any]


def trained_subject(folder: Path) -> Subject:
    """Load the network of a training from its folder, ``runs/<key>``.

    Raises
    ------
    UserError
        When the run is missing or damaged.
    """
    path = folder / "run.json"
    facts = read_json(path, "dvc repro")
    try:
        record = _Record.model_validate(facts)
        network = build_network(record.model, record.scale, **record.settings)
    except (UserError, ValueError) as error:
        raise UserError(f"{path}: not the record of a training ({error}); train again") from error
    weights = folder / "weights.safetensors"
    load_weights(network, weights)
    return Subject(network, record.model, record.variant, "trained", record.seed, str(weights))


def with_self_ensemble(subject: Subject) -> Subject:
    """Return `subject` averaged over flips and turns, its name marked with a plus."""
    return replace(subject, network=SelfEnsemble(subject.network), model=f"{subject.model}+")


def published_entry(key: Key) -> PublishedWeights:
    """Find the published weights that ``evaluations/<key>`` is about.

    Raises
    ------
    UserError
        When no such weights are known.
    """
    for entry in published_weights(key.model, key.scale):
        if Key.published(entry.model, entry.variant, entry.scale) == key:
            return entry
    raise UserError(f"{key}: no such published weights are known")


def subject_of(key: Key) -> Subject:
    """Load what ``evaluations/<key>`` is about: bicubic, published weights, or a trained run.

    Raises
    ------
    UserError
        When there is no such network, run or download.
    """
    if key.kind == "bicubic":
        return Subject(build_network(key.model, key.scale), key.model, "", key.source)
    if key.kind == "ensemble":
        return with_self_ensemble(subject_of(Key.trained(key.model, key.scale, key.seed or 0)))
    if key.kind == "published":
        entry = published_entry(key)
        network = load_published(entry.model, entry.scale, entry.variant)
        return Subject(network, entry.model, entry.variant, key.source)
    return trained_subject(run_folder(key))
