"""The check against published results: what the evaluation gives for the authors' own weights."""

from collections.abc import Hashable
from typing import Any

import pandas as pd

from pipeline.study.paths import LR_RECORD, RECORD
from pipeline.study.published_figures import published_quality
from pipeline.study.verdicts import digits, judge
from pipeline.tables.files import read_frame, words
from pipeline.tables.labels import joined, network_label
from pipeline.tables.layout import Column, Table
from pipeline.tables.results import Results
from pipeline.tables.study import Study

RECORDED = words("model variant scale dataset protocol psnr_db ssim note git_revision")
COLUMNS = words(
    "network variant scale dataset protocol published_psnr_db psnr_digits psnr_db published_ssim "
    "ssim_digits ssim verdict misprint source note measured git_revision"
)
LR_CERTIFICATE = words(
    "dataset scale lr_border lr_pass_rounding files equal_files values different_values "
    "worst_difference worst_image"
)
LR_COLUMNS = (*LR_CERTIFICATE, "git_revision")
VERDICTS = {
    "equal": "equal",
    "close": "close",
    "misprint": "misprint suspected",
    "missed": "missed",
    "": "not judged",
}


def rows(study: Study) -> pd.DataFrame:
    """Put what was measured beside what is published, with a verdict: certification.csv.

    A study that measures nothing shows the record, whose rows say at which revision they were
    measured.
    """
    return recorded() if study.certificates.empty else compare(study.certificates, "measured")


def recorded() -> pd.DataFrame:
    """Put the record, ``published/certificate.csv``, beside what is published."""
    remedy = f"git checkout -- published/{RECORD.name}"
    return compare(read_frame(RECORD, RECORDED, remedy), "recorded")


def compare(cells: pd.DataFrame, how: str) -> pd.DataFrame:
    """Return the rows of certification.csv of cells; `how` they were measured."""
    cells = cells.rename(columns={"model": "network"})
    return pd.DataFrame([_compared(c, how) for c in cells.to_dict("records")], columns=COLUMNS)


def _compared(cell: dict[Hashable, Any], how: str) -> dict[Hashable, Any]:
    place = (cell["network"], cell["variant"], int(cell["scale"]), cell["dataset"])
    entry = published_quality().get(place)
    measured = not pd.isna(cell["psnr_db"])
    judged = judge(entry, *((cell["psnr_db"], cell["ssim"]) if measured else (None, None)))
    row = cell | {"verdict": judged, "measured": how if measured else ""}
    printed = {"psnr_db": entry.psnr_db, "ssim": entry.ssim} if entry else {}
    for name, value in printed.items():
        if value is not None:
            row |= {f"published_{name}": float(value)}
            row |= {f"{name.removesuffix('_db')}_digits": digits(value)}
    if entry:
        row |= {"misprint": entry.misprint, "source": entry.source}
    known = any(value is not None for value in printed.values())
    nothing = "" if known else "no published figure to compare with"
    return row | {"note": joined(nothing, cell["note"], entry.note if entry else "")}


def lr_rows(study: Study) -> pd.DataFrame:
    """Return how our LR images compare with MATLAB's, or the record: lr_certification.csv."""
    if len(study.lr_certificates):
        return study.lr_certificates
    return read_frame(LR_RECORD, LR_COLUMNS, f"git checkout -- published/{LR_RECORD.name}")


def tally(frame: pd.DataFrame) -> tuple[int, int, list[str]]:
    """Count the verdicts; suspected misprints are counted apart.

    Returns
    -------
    equal, compared : int
        Cells that are met at the printed digits, and cells that can be.
    others : list of str
        The rest in words: "3 close", "1 missed", "2 with a suspected misprint".
    """
    counts = frame.loc[frame["verdict"] != "", "verdict"].value_counts().to_dict()
    text = {"close": "close", "missed": "missed", "misprint": "with a suspected misprint"}
    others = [f"{counts[verdict]} {words}" for verdict, words in text.items() if verdict in counts]
    return counts.get("equal", 0), sum(counts.values()) - counts.get("misprint", 0), others


def layout(results: Results) -> Table:
    """Lay out the check against published results, what deviates most first."""
    frame = results["certification"]
    frame = frame[frame["psnr_db"].notna()]
    frame = frame.assign(
        label=[
            network_label(*names) for names in zip(frame["network"], frame["variant"], strict=True)
        ],
        verdict_words=frame["verdict"].map(VERDICTS),
        psnr_difference=frame["psnr_db"] - frame["published_psnr_db"],
        ssim_difference=frame["ssim"] - frame["published_ssim"],
        badness=frame["verdict"].map(["missed", "close", "equal", "misprint", ""].index),
    )
    frame = frame.assign(distance=-frame["psnr_difference"].abs())
    frame = frame.sort_values(["badness", "distance"], kind="stable", ignore_index=True)
    equal, compared, others = tally(frame)
    recorded = (frame["measured"] == "recorded").any()
    return Table(
        name="certification",
        title="Check against published results",
        caption=(
            "Published figures and those that this evaluation gives for bicubic interpolation and "
            "for the authors' own weights, each under the protocol that its authors used. Equal: "
            "PSNR and SSIM round to the printed digits. Close: at most 0.02 dB and 0.001 apart. "
            f"Equal: {equal} of {compared} cells{''.join(f'; {text}' for text in others)}."
            + (" Recorded: this study does not measure them again." if recorded else "")
        ),
        frame=frame,
        columns=(
            Column("label", "Network"),
            Column("dataset", "Test set"),
            Column("scale", "Scale", "integer"),
            Column("protocol", "Protocol"),
            Column("published_psnr_db", "Published", "db", "PSNR"),
            Column("psnr_db", "Measured", "db", "PSNR"),
            Column("psnr_difference", "Difference", "difference", "PSNR"),
            Column("published_ssim", "Published", "ssim", "SSIM"),
            Column("ssim", "Measured", "ssim", "SSIM"),
            Column("verdict_words", "Verdict", "verdict"),
        ),
        filters=("verdict_words", "dataset"),
        note="note",
        csv="certification.csv",
    )


def lr_layout(results: Results) -> Table:
    """Lay out how our LR images compare with MATLAB's."""
    frame = results["lr_certification"]
    frame = frame.assign(share=frame["different_values"] / frame["values"])
    best = frame.groupby(["lr_border", "lr_pass_rounding"])[["equal_files", "files"]].sum()
    equal, files = best.sort_values("equal_files").iloc[-1] if len(best) else (0, 0)
    return Table(
        name="lr_certification",
        title="Check of the LR images",
        caption=(
            "Files that equal, in every pixel, those that MATLAB's imresize wrote from the same HR "
            "images, for each way of downscaling; the largest difference is in grey levels. The "
            f"best way gives {equal} of {files} files."
        ),
        frame=frame,
        columns=(
            Column("scale", "Scale", "integer"),
            Column("lr_border", "Border"),
            Column("lr_pass_rounding", "Rounded between passes"),
            Column("files", "Files", "integer"),
            Column("equal_files", "Equal", "integer"),
            Column("share", "Values that differ", "percent"),
            Column("worst_difference", "Largest difference", "integer"),
        ),
        sections="dataset",
        csv="lr_certification.csv",
    )
