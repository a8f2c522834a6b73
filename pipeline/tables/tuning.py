"""How the learning rate of each network was chosen: tuning.csv."""

import pandas as pd

from pipeline.tables.files import words
from pipeline.tables.layout import Column, Table, columns
from pipeline.tables.results import Results

COLUMNS = words("network scale steps seed lr psnr_db chosen note")


def layout(results: Results) -> Table:
    """Lay out PSNR by learning rate of the networks that had a choice."""
    frame = results["tuning"]
    frame = frame[frame.groupby("network")["lr"].transform("count") > 1]
    rates = sorted(frame["lr"].unique())
    rows = []
    for network, own in frame.groupby("network", sort=False):
        (chosen,) = own.loc[own["chosen"] == "yes", "lr"]
        edge = chosen in (rates[0], rates[-1])
        rows.append(
            {f"psnr_db@{lr:g}": psnr for lr, psnr in zip(own["lr"], own["psnr_db"], strict=True)}
            | {"label": results.label(str(network)), "lr": chosen}
            | {"range": own["psnr_db"].max() - own["psnr_db"].min()}
            | {"note": "the last of the values tried: a better one may lie beyond" if edge else ""}
        )
    steps = ", ".join(f"{count:,}" for count in frame["steps"].dropna().unique())
    return Table(
        name="tuning",
        title="Choice of the learning rates",
        caption=(
            f"PSNR on held-out training images after {steps} steps with each learning rate, one "
            "seed; the best one is used for all trainings of the network."
        ),
        frame=pd.DataFrame(rows),
        columns=(
            *columns("label"),
            *(Column(f"psnr_db@{lr:g}", f"{lr:g}", "db", "PSNR (dB) with rate") for lr in rates),
            Column("lr", "Chosen", "number"),
            Column("range", "Range (dB)", "db"),
        ),
        note="note",
    )
