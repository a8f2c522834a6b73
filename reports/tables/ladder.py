"""Whether the order of the networks changes with the length of the training."""

from itertools import pairwise

import pandas as pd
from scipy import stats

from reports.results import Results, ordered
from reports.tables.captions import setting
from reports.tables.cells import MISSING, plain
from reports.tables.model import Cell, Column, Footnotes, Group, Row, Table


def ladder(results: Results) -> Table | None:
    """Return PSNR and rank of each network after each training; None without a ladder."""
    frame = results["ladder"]
    if frame.empty:
        return None
    rungs = sorted(frame["steps"].unique())
    columns = [
        Column("Network", kind="text", first="ascending", width="2.2cm"),
        Column("(k)", "Parameters", first="ascending"),
        Column("(M)", "Multi-Adds", first="ascending"),
    ]
    for steps in rungs:
        columns += [
            Column("PSNR (dB)", f"{steps:,.0f} steps"),
            Column("Rank", f"{steps:,.0f} steps", first="ascending"),
        ]
    notes = Footnotes()
    groups = []
    for dataset, part in frame.groupby("dataset", sort=False):
        rows = []
        for model, variant in ordered(zip(part["model"], part["variant"], strict=True)):
            own = part[(part["model"] == model) & (part["variant"] == variant)]
            name = results.network(model, variant)
            cells = [
                Cell(name, name.casefold()),
                plain(own["params"].iloc[0] / 1e3, 0),
                plain(own["multi_adds"].iloc[0] / 1e6, 0),
            ]
            by_steps = own.drop_duplicates("steps").set_index("steps")
            for steps in rungs:
                if steps not in by_steps.index:
                    gap = notes.remark("Not trained for so many steps.")
                    cells += [Cell(MISSING, note=gap)] * 2
                    continue
                row = by_steps.loc[steps]
                cells += [plain(row["psnr_db"], 2), plain(row["rank"], 0)]
            rows.append(Row(cells))
        groups.append(Group(str(dataset), rows))
    caption = (
        "Networks after trainings of several lengths, the schedule stretched to each, and their "
        "order by PSNR at each length. "
        f"Seeds: {', '.join(ordered(frame['seeds']))}: which of two close networks is ahead may "
        "differ with another seed. Multi-Adds of one training patch. "
        + setting(results.study, frame["dataset"], frame["scale"])
    )
    return Table(
        "ladder", "Length of the training", caption, columns, groups, notes.listed(), "ladder.csv"
    )


def agreement(frame: pd.DataFrame, first: float, second: float) -> tuple[float, int]:
    """Kendall's tau-b between the rankings after two lengths of training on one dataset.

    Parameters
    ----------
    frame : DataFrame
        Rows of ladder.csv of one dataset.
    first, second : float
        Steps.

    Returns
    -------
    tau : float
        NaN for fewer than two networks.
    networks : int
        Those that were trained for both lengths, which are compared.
    """
    values = frame.pivot_table("psnr_db", ["model", "variant"], "steps", sort=False)
    both = values[[first, second]].dropna()
    if len(both) < 2:
        return float("nan"), len(both)
    return float(stats.kendalltau(both[first], both[second]).statistic), len(both)


def comparable(frame: pd.DataFrame) -> list[float]:
    """Return the lengths that several networks were trained for: those that have an order."""
    networks = frame.groupby("steps")["model"].nunique()
    return [float(steps) for steps in sorted(networks.index[networks > 1])]


def rung_pairs(frame: pd.DataFrame) -> list[tuple[float, float]]:
    """Return each length that has an order with the next, and the shortest with the longest."""
    rungs = comparable(frame)
    pairs = list(pairwise(rungs))
    return [*pairs, (rungs[0], rungs[-1])] if len(rungs) > 2 else pairs


def ladder_agreement(results: Results) -> Table | None:
    """Return Kendall's tau between the rankings of different lengths; None without a ladder."""
    frame = results["ladder"]
    pairs = rung_pairs(frame)
    if not pairs:
        return None
    columns = [Column("Test images", kind="text", first="ascending", width="2.2cm")]
    columns += [
        Column(f"{second:,.0f}", f"{first:,.0f} against", first="ascending")
        for first, second in pairs
    ]
    notes = Footnotes()
    rows = []
    for dataset, part in frame.groupby("dataset", sort=False):
        cells = [Cell(str(dataset), str(dataset).casefold())]
        for pair in pairs:
            tau, networks = agreement(part, *pair)
            everything = part[["model", "variant"]].drop_duplicates().shape[0]
            few = f"Of {networks} networks." if networks < everything else ""
            cell = plain(tau, 2, note=notes.remark(few))
            cells.append(Cell(cell.text, cell.sort, note=notes.remark(few)))
        rows.append(Row(cells))
    networks = frame[["model", "variant"]].drop_duplicates().shape[0]
    caption = (
        f"Kendall's tau between the orders of the {networks} networks after trainings of two "
        "lengths (steps): 1 the same order, −1 the reverse. "
        + setting(results.study, frame["dataset"], frame["scale"])
    )
    return Table(
        "ladder_agreement", "Agreement of rankings along the ladder", caption, columns,
        [Group("", rows)], notes.listed(), "ladder.csv",
    )  # fmt: skip
