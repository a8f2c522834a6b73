"""The learning rate that a study's trainings of a network use: ``tuning/<model>.json``."""

from pipeline.study.paths import tuning_file
from pipeline.study.results import read_json, write_json
from pipeline.support.errors import UserError

REMEDY = "dvc repro (stages tune and tune_baseline)"


def write_lr(model: str, lr: float) -> None:
    """Record the learning rate chosen for a network."""
    write_json(tuning_file(model), {"model": model, "lr": lr})


def read_lr(model: str) -> float:
    """Read the learning rate chosen for a network.

    Raises
    ------
    UserError
        When the file is missing or damaged, or is about another network.
    """
    path = tuning_file(model)
    facts = read_json(path, REMEDY, ("model", "lr"))
    lr = facts["lr"]
    if facts["model"] != model or not isinstance(lr, float) or not 0 < lr < float("inf"):
        raise UserError(
            f"{path}: model {facts['model']!r}, lr {lr!r}; expected {model!r} and a number above "
            f"0. Write it again: {REMEDY}"
        )
    return lr
