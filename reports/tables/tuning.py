"""Which learning rate each network got, and what the others gave."""

import numpy as np
import pandas as pd

from reports.results import TRAININGS, Results, known, ordered
from reports.tables.cells import MISSING, plain
from reports.tables.model import Cell, Column, Footnotes, Group, Row, Table


def candidates(results: Results) -> pd.DataFrame:
    """Return the networks that had a choice; what diverged has no PSNR."""
    frame = results["tuning"]
    return frame[frame.groupby("model")["lr"].transform("count") > 1]


def restarted(results: Results) -> dict[str, list[str]]:
    """Return the runs that have another learning rate than the one chosen, by network.

    A training that diverges begins again with the next lower of the values.
    """
    frame = candidates(results)
    chosen = frame[frame["chosen"] == "yes"].set_index("model")["lr"]
    runs = results["runs"]
    runs = runs[runs["stage"].isin(TRAININGS) & runs["model"].isin(chosen.index)]
    used = pd.to_numeric(runs["lr"], errors="coerce")
    other = runs[(used.notna()) & ~np.isclose(used, runs["model"].map(chosen).astype(float))]
    return {str(model): list(own["key"]) for model, own in other.groupby("model", sort=False)}


def tuning(results: Results) -> Table | None:
    """Return PSNR by learning rate; None where no network had a choice."""
    frame = candidates(results)
    if frame.empty:
        return None
    rates = sorted(frame["lr"].unique())
    columns = [Column("Network", kind="text", first="ascending", width="2.2cm")]
    columns += [Column(f"{lr:g}", "PSNR (dB) with learning rate") for lr in rates]
    columns += [Column("Chosen", first="ascending"), Column("Range (dB)")]
    notes = Footnotes()
    lower = restarted(results)
    rows = []
    for model, own in frame.groupby("model", sort=False):
        name = results.network(str(model), str(own["variant"].iloc[0]))
        cells = [Cell(name, name.casefold())]
        by_rate = own.drop_duplicates("lr").set_index("lr")
        for lr in rates:
            if lr not in by_rate.index:
                cells.append(Cell(MISSING, note=notes.remark("Not tried.")))
                continue
            row = by_rate.loc[lr]
            rank = "1" if row["chosen"] == "yes" else ""
            reason = notes.remark("The training diverged.") if not known(row["psnr_db"]) else ""
            cells.append(plain(row["psnr_db"], 2, note=reason, rank=rank))
        chosen = float(own.loc[own["chosen"] == "yes", "lr"].iloc[0])
        edge = (
            notes.remark("The last of the values tried: a better one may lie beyond.")
            if len(rates) > 1 and chosen in (rates[0], rates[-1])
            else ""
        )
        again = (
            notes.remark(
                f"Diverged with it, trained with a lower value: {', '.join(lower[str(model)])}."
            )
            if model in lower
            else ""
        )
        cells.append(Cell(f"{chosen:g}", chosen, note=",".join(filter(None, (edge, again)))))
        cells.append(plain(own["psnr_db"].max() - own["psnr_db"].min(), 2))
        rows.append(Row(cells))
    steps = ", ".join(f"{count:,.0f}" for count in ordered(frame["steps"]) if known(count))
    scales = ", ".join(f"×{scale:.0f}" for scale in ordered(frame["scale"]))
    caption = (
        f"Choice of the learning rate at {scales}: PSNR on held-out training images after {steps} "
        "steps with each value, one seed; the best is chosen and used for all trainings of the "
        "network; one that diverges begins again with the next lower value. "
        "Test images take no part. Range: from the worst to the best value. "
        f"Profile {results.study.profile}; training images: {results.study.training}."
    )
    return Table(
        "tuning", "Choice of the learning rates", caption, columns, [Group("", rows)],
        notes.listed(), "tuning.csv",
    )  # fmt: skip
