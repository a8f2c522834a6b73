"""How the learning rate of each network was chosen: tuning.csv."""

from dataclasses import replace

from pipeline.tables.layout import Table
from pipeline.tables.results import Results

EDGE = "the last of the values tried: a better one may lie beyond"


def layout(results: Results) -> Table:
    """Lay out PSNR by learning rate of the networks that had a choice."""
    frame = results["tuning"]
    frame = frame[frame.groupby("network")["lr"].transform("count") > 1]
    rates = sorted(frame["lr"].unique())
    networks = frame["network"].unique()
    wide = frame.pivot_table("psnr_db", "network", "lr", dropna=False).reindex(networks)
    wide = wide.rename(columns="psnr_db@{:g}".format)
    wide["range"] = wide.max(axis="columns") - wide.min(axis="columns")
    wide["label"] = list(map(results.label, networks))
    wide["lr"] = frame[frame["chosen"] == "yes"].set_index("network")["lr"]
    wide["note"] = wide["lr"].isin([*rates[:1], *rates[-1:]]).map({True: EDGE, False: ""})
    label, shown, *others = results.columns("tuning")
    rated = [replace(shown, name=f"psnr_db@{lr:g}", label=f"{lr:g}") for lr in rates]
    told = {"budget": ", ".join(f"{count:,}" for count in frame["steps"].dropna().unique())}
    return results.table("tuning", wide.reset_index(drop=True), [label, *rated, *others], told)
