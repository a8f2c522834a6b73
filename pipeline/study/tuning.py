"""The learning rates that a study's trainings of a network use: ``tuning/NETWORK.json``."""

from collections.abc import Sequence

from pipeline.study.paths import tuning_file
from pipeline.support.errors import UserError
from pipeline.support.json import read_json, write_json


def write_lrs(network: str, chosen: float, candidates: Sequence[float]) -> None:
    """Record the learning rate chosen for a network, and the lower ones among the candidates."""
    lower = sorted((lr for lr in candidates if lr < chosen), reverse=True)
    write_json(tuning_file(network), {"network": network, "lr": chosen, "lower": lower})


def read_lrs(network: str) -> list[float]:
    """Read the learning rates of a network.

    Returns
    -------
    list of float
        The chosen one, and those that follow, highest first, where a training with it diverges.

    Raises
    ------
    UserError
        When the file is missing or is about another network.
    """
    path, remedy = tuning_file(network), f"dvc repro tune@{network}"
    facts = read_json(path, remedy, ("network", "lr", "lower"))
    if facts["network"] != network:
        raise UserError(
            f"{path}: is about {facts['network']!r}; expected {network!r}. Run: {remedy}"
        )
    return [facts["lr"], *facts["lower"]]
