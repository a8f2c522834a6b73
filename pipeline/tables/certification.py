"""The check against published results: what the evaluation gives for the authors' own weights."""

import pandas as pd

from pipeline.study.paths import LR_RECORD, RECORD
from pipeline.study.published_figures import published_quality
from pipeline.study.verdicts import digits, judge
from pipeline.tables.files import FILES, read_frame, words
from pipeline.tables.labels import joined, network_label
from pipeline.tables.layout import Table
from pipeline.tables.results import Results
from pipeline.tables.study import Study

RECORDED = words("model variant scale dataset protocol psnr_db ssim note git_revision")
# As they are shown, what deviates most first.
VERDICTS = ("missed", "close", "equal", "misprint", "")


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
    found = []
    for cell in cells.rename(columns={"model": "network"}).to_dict("records"):
        place = (cell["network"], cell["variant"], int(cell["scale"]), cell["dataset"])
        entry = published_quality().get(place)
        measured = not pd.isna(cell["psnr_db"])
        figures = (cell["psnr_db"], cell["ssim"]) if measured else (None, None)
        row = cell | {"verdict": judge(entry, *figures), "measured": how if measured else ""}
        printed = {"psnr_db": entry.psnr_db, "ssim": entry.ssim} if entry else {}
        known = {name: value for name, value in printed.items() if value is not None}
        for name, value in known.items():
            row[f"published_{name}"] = float(value)
            row[f"{name.removesuffix('_db')}_digits"] = digits(value)
        if entry:
            row |= {"misprint": entry.misprint, "source": entry.source}
        nothing = "" if known else "no published figure to compare with"
        row["note"] = joined(nothing, cell["note"], entry.note if entry else "")
        found.append(row)
    return pd.DataFrame(found)


def lr_rows(study: Study) -> pd.DataFrame:
    """Return how our LR images compare with MATLAB's, or the record: lr_certification.csv."""
    if len(study.lr_certificates):
        return study.lr_certificates
    return read_frame(
        LR_RECORD, FILES["lr_certification"], f"git checkout -- published/{LR_RECORD.name}"
    )


def layout(results: Results) -> Table:
    """Lay out the check against published results, what deviates most first."""
    frame = results["certification"].dropna(subset="psnr_db")
    difference = frame["psnr_db"] - frame["published_psnr_db"]
    frame = frame.assign(
        label=list(map(network_label, frame["network"], frame["variant"])),
        psnr_difference=difference,
        place=frame["verdict"].map(VERDICTS.index),
        distance=-difference.abs(),
    ).sort_values(["place", "distance"], kind="stable", ignore_index=True)
    counts = frame["verdict"].value_counts()
    found = ", ".join(f"{counts[name]} {name}" for name in VERDICTS[-2::-1] if name in counts)
    recorded = " (on record, not measured again)" * ("recorded" in set(frame["measured"]))
    return results.table("certification", frame, told={"found": found + recorded})


def lr_layout(results: Results) -> Table:
    """Lay out how our LR images compare with MATLAB's."""
    frame = results["lr_certification"]
    share = frame["different_values"] / frame["values"]
    return results.table("lr_certification", frame.assign(share=share))


def counts_layout(results: Results) -> Table:
    """Lay out the counts of parameters and Multi-Adds against published ones."""
    frame = results["counts"]
    label = list(map(network_label, frame["network"], frame["variant"]))
    return results.table("counts", frame.assign(label=label))
