"""The learning rates that a study's trainings of a network use: ``tuning/<model>.json``."""

from collections.abc import Sequence

from pipeline.study.paths import tuning_file
from pipeline.study.results import read_json, write_json
from pipeline.support.errors import UserError

REMEDY = "dvc repro (stages tune and tune_baseline)"


def write_lrs(model: str, chosen: float, candidates: Sequence[float]) -> None:
    """Record the learning rate chosen for a network, and the lower ones among the candidates."""
    lower = sorted((lr for lr in candidates if lr < chosen), reverse=True)
    write_json(tuning_file(model), {"model": model, "lr": chosen, "lower": lower})


def read_lrs(model: str) -> list[float]:
    """Read the learning rates of a network.

    Returns
    -------
    list of float
        The chosen one, and those that follow, highest first, where a training with it diverges.

    Raises
    ------
    UserError
        When the file is missing or damaged, or is about another network.
    """
    path = tuning_file(model)
    facts = read_json(path, REMEDY, ("model", "lr", "lower"))
    lower = facts["lower"] if isinstance(facts["lower"], list) else [facts["lower"]]
    lrs = [facts["lr"], *lower]
    sound = all(isinstance(lr, float) and 0 < lr < float("inf") for lr in lrs)
    if facts["model"] != model or not sound or lrs != sorted(set(lrs), reverse=True):
        raise UserError(
            f"{path}: model {facts['model']!r}, lr {facts['lr']!r}, lower {facts['lower']!r}; "
            f"expected {model!r} and falling numbers above 0. Write it again: {REMEDY}"
        )
    return lrs
