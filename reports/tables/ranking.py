"""How robust the order of Table 3 is: letters, agreement of rankings, seeds that are needed."""

import pandas as pd

from pipeline.study.results import RESOLVED_DB, RESOLVED_POWER
from reports.results import Results, ordered
from reports.tables.captions import setting
from reports.tables.cells import MISSING, label, plain
from reports.tables.model import Cell, Column, Footnotes, Group, Row, Table

LETTERS = "Networks that share a letter are not told apart"


def ranking(results: Results) -> Table:
    """Letters of the trained networks of Table 3, the best mean PSNR first."""
    frame = results["tables/ranking"]
    notes = Footnotes()
    datasets = ordered(frame["dataset"])
    columns = [Column("Method", kind="text", first="ascending", width="2.0cm")]
    for dataset in datasets:
        columns += [
            Column("PSNR (dB)", dataset),
            Column("PSNR letters", dataset, "text", "ascending", "0.85cm"),
            Column("SSIM letters", dataset, "text", "ascending", "0.85cm"),
        ]
    groups = []
    for scale, part in frame.groupby("scale", sort=False):
        means = part.groupby(["model", "variant"], sort=False)["psnr_db"].mean()
        # What cannot be said at this scale stands at each of its networks.
        shared = ",".join(ordered(notes.remark(note) for note in part["note"] if note))
        rows = []
        for model, variant in means.sort_values(ascending=False, kind="stable").index:
            own = part[(part["model"] == model) & (part["variant"] == variant)]
            cells = [label(own.iloc[0], shared)]
            by_dataset = own.drop_duplicates("dataset").set_index("dataset")
            for dataset in datasets:
                if dataset not in by_dataset.index:
                    reason = notes.remark(f"ranking.csv has no row for {dataset}.")
                    cells += [Cell(MISSING, note=reason)] * 3
                    continue
                row = by_dataset.loc[dataset]
                cells.append(plain(row["psnr_db"], 2))
                cells += [
                    Cell(text or MISSING, text, note="" if text else notes.remark(row["note"]))
                    for text in (row["psnr_letters"], row["ssim_letters"])
                ]
            rows.append(Row(cells))
        groups.append(Group(f"Scale ×{scale:.0f}", rows))
    several = (pd.to_numeric(frame["seeds"]) > 1).any()
    sample = "seeds and images" if several else "images"
    confidence = f"{results.study.bootstrap.confidence:.0%}"
    caption = (
        f"The trained networks of Table 3 by mean PSNR. {LETTERS}: of two that share none, the "
        f"paired difference over {sample} differs from zero, in Student's test with "
        f"Holm's correction for all pairs at one scale on one dataset, {confidence} together. "
        "Sharing a letter does not mean being equal. All pairs with their intervals are in "
        "pairs.csv. " + setting(results.study, frame["dataset"], frame["scale"])
    )
    return Table(
        "ranking", "Which networks are told apart", caption, columns, groups, notes.listed(),
        "ranking.csv",
    )  # fmt: skip


def agreement(results: Results) -> Table:
    """Kendall's tau between rankings, and how many seeds would resolve a small difference."""
    frame = results["tables/agreement"]
    notes = Footnotes()
    tau, seeds = "Kendall's tau", f"Seeds for {RESOLVED_DB} dB"
    columns = [
        Column("Test images", kind="text", first="ascending", width="2.2cm"),
        Column("Networks"),
        Column("Seeds"),
        Column("PSNR, SSIM", tau),
        Column("Seeds, mean", tau),
        Column("Seeds, lowest", tau, first="ascending"),
        Column("Spread (dB)", first="ascending"),
        Column("One pair", seeds, first="ascending"),
        Column("All pairs", seeds, first="ascending"),
    ]
    groups = []
    for scale, part in frame.groupby("scale", sort=False):
        rows = []
        for _, row in part.iterrows():
            remark = notes.remark(row["note"])
            cells = [Cell(row["dataset"], row["dataset"].casefold())]
            for name, decimals in (
                *(("networks", 0), ("seeds", 0), ("tau_metrics", 2), ("tau_seeds", 2)),
                *(("tau_seeds_lowest", 2), ("seed_sd_db", 3)),
                *(("one_pair_seeds", 0), ("all_pairs_seeds", 0)),
            ):
                cells.append(plain(row[name], decimals, note=remark))
            rows.append(Row(cells))
        groups.append(Group(f"Scale ×{scale:.0f}", rows))
    caption = (
        "How far rankings of the trained networks of Table 3 agree: Kendall's tau (1: the same "
        "order, −1: the reverse) between the rankings by PSNR and by SSIM, and between the "
        "rankings by PSNR of any two seeds. "
        "Spread: standard deviation over seeds of the difference of two networks, root mean "
        "square over all pairs. "
        f"Seeds: how many would find a true difference of {RESOLVED_DB} dB on these images with "
        f"probability {RESOLVED_POWER:.0%} at that spread, for one pair and with "
        "Bonferroni's correction for all. One protocol was evaluated, so that there is no "
        "ranking by another. " + setting(results.study, frame["dataset"], frame["scale"])
    )
    return Table(
        "agreement", "Agreement of rankings", caption, columns, groups, notes.listed(),
        "agreement.csv",
    )  # fmt: skip
