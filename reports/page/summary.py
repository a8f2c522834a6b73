"""What kind of study the page shows: the figures below its finding."""

from dataclasses import dataclass

from reports.logs import ALL_TRAININGS
from reports.results import TRAININGS, Results, ordered
from reports.tables.certificate import tally


@dataclass(frozen=True)
class Fact:
    """One figure of the summary."""

    name: str
    value: str
    detail: str
    log: tuple[str, str] | None = None  # what the page adds from a log


def facts(data: Results) -> list[Fact]:
    """Return the figures of the summary."""
    study = data.study
    frame = data["tables/table3"]
    networks = frame[frame["provenance"] == "trained"][["model", "variant"]].drop_duplicates()
    trainings = data["runs"][data["runs"]["stage"].isin(TRAININGS)]
    steps = ordered(trainings[trainings["stage"] == "train"]["steps"])
    settings = [f"{len(trainings)} trainings"]
    if len(steps) == 1 and steps[0].isdecimal():
        settings.append(f"{int(steps[0]):,} steps each")
    if study.narrowed:
        settings.append(f"{len(study.narrowed)} networks narrowed")
    scales = ", ".join(f"×{scale}" for scale in sorted(study.scales))
    quality = data["quality"]
    images = len(quality[["dataset", "image"]].drop_duplicates())
    found = [
        Fact(
            "Networks trained here",
            str(len(networks)),
            ", ".join(settings),
            log=(ALL_TRAININGS, "wall_seconds"),
        ),
        Fact(
            "Test images",
            str(images),
            f"{', '.join(study.datasets)}; {scales}; trained on {study.training}; protocol "
            f"{study.protocol}",
        ),
    ]
    equal, compared, others = tally(data["certification"])
    recorded = " in the record" if study.certificate == "recorded" else ""
    if compared:
        words = ", ".join((f"published figures met at their printed digits{recorded}", *others))
        found.append(Fact("Certificate of the evaluation", f"{equal} of {compared}", words))
    return found
