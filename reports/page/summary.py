"""The figures at the top of the page."""

from dataclasses import dataclass

from reports.logs import ALL_TRAININGS
from reports.results import TRAININGS, Results, ordered
from reports.tables.cells import number
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
    found = []
    frame = data["tables/table3"]
    for scale in ordered(frame["scale"]):
        rows = frame[(frame["scale"] == scale) & frame["psnr_db"].notna()]
        mesr = rows[(rows["model"] == "mesr") & (rows["provenance"] == "trained")]
        bicubic = rows[rows["provenance"] == "interpolation"].drop_duplicates("dataset")
        both = mesr.drop_duplicates("dataset").merge(
            bicubic, on="dataset", suffixes=("", "_bicubic")
        )
        if both.empty:
            continue
        gain = (both["psnr_db"] - both["psnr_db_bicubic"]).mean()
        where = ", ".join(both["dataset"])
        found.append(
            Fact(
                f"MESR ×{scale:.0f} over bicubic",
                f"{number(gain, 2, sign=True)} dB",
                f"mean on {where}",
            )
        )
    networks = frame[frame["provenance"] == "trained"][["model", "variant"]].drop_duplicates()
    trainings = data["runs"][data["runs"]["stage"].isin(TRAININGS)]
    found.append(
        Fact(
            "Networks trained here",
            str(len(networks)),
            f"{len(trainings)} runs",
            log=(ALL_TRAININGS, "wall_seconds"),
        )
    )
    equal, compared, others = tally(data["certification"])
    recorded = " in the record" if data.study.certificate == "recorded" else ""
    if compared:
        words = ", ".join((f"published figures met at their printed digits{recorded}", *others))
        found.append(Fact("Certificate", f"{equal} of {compared}", words))
    return found
