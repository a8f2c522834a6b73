"""How the learning rate of each network was chosen: tuning.csv."""

from pipeline.tables.files import words
from pipeline.tables.layout import Column, Table, columns
from pipeline.tables.results import Results

COLUMNS = words("network scale steps seed lr psnr_db chosen note")
EDGE = "the last of the values tried: a better one may lie beyond"


def layout(results: Results) -> Table:
    """Lay out PSNR by learning rate of the networks that had a choice."""
    frame = results["tuning"]
    frame = frame[frame.groupby("network")["lr"].transform("count") > 1]
    rates = sorted(frame["lr"].unique())
    shown = [Column(f"psnr_db@{lr:g}", f"{lr:g}", "db", "PSNR (dB) with rate") for lr in rates]
    networks = frame["network"].unique()
    wide = frame.pivot_table("psnr_db", "network", "lr", dropna=False).reindex(networks)
    wide = wide.set_axis([column.name for column in shown], axis="columns")
    wide["range"] = wide.max(axis="columns") - wide.min(axis="columns")
    wide["label"] = list(map(results.label, networks))
    wide["lr"] = frame[frame["chosen"] == "yes"].set_index("network")["lr"]
    wide["note"] = wide["lr"].isin([*rates[:1], *rates[-1:]]).map({True: EDGE, False: ""})
    return results.table(
        "tuning",
        wide.reset_index(drop=True),
        *columns("label"),
        *shown,
        Column("lr", "Chosen", "number"),
        Column("range", "Range (dB)", "db"),
        told={"budget": ", ".join(f"{count:,}" for count in frame["steps"].dropna().unique())},
        note="note",
    )
