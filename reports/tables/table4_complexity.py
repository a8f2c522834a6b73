"""Table 4: parameters, Multi-Adds and PSNR."""

import math
from collections.abc import Iterator

import pandas as pd

from reports.results import Results, known
from reports.tables.captions import setting
from reports.tables.cells import PROVENANCE, label, plain, printed_count
from reports.tables.model import Cell, Column, Footnotes, Group, Row, Table
from reports.tables.provenance import method_runs

OTHER_SIZE = "Published figures are of another size."
OF_THE_PAPER = "The size of the network's own paper. It was counted, not trained."
OTHER_OUTPUT = "No difference: the source counted for an output of {} pixels."


def table4(results: Results) -> Table:
    """Table 4: parameters, Multi-Adds and PSNR.

    A network that was trained narrowed has two rows: the size that has its PSNR, and the size of
    its paper, which published counts are of.
    """
    frame = results["tables/table4"]
    notes = Footnotes()
    columns = [
        Column("Method", kind="text", first="ascending", width="2.0cm"),
        Column("Weights", kind="text", first="ascending", width="2.2cm", filter=True),
    ]
    for group, head, first in (
        ("Parameters (M)", "Counted", "ascending"),
        ("Multi-Adds (G)", "Counted", "ascending"),
        ("PSNR (dB)", "Measured", "descending"),
    ):
        columns += [
            Column(head, group, first=first),
            Column("Published", group, first=first),
            Column("Difference", group, first=first),
        ]
    groups = []
    for (dataset, scale), part in frame.groupby(["dataset", "scale"], sort=False):
        rows = [
            line
            for _, row in part.iterrows()
            for line in (
                _narrowed(results, row, notes) if _is_narrowed(results, row)
                else [_whole(results, row, notes)]
            )
        ]  # fmt: skip
        groups.append(Group(f"{dataset}, ×{scale:.0f}", rows))
    caption = (
        "Parameters, Multi-Adds and PSNR, in the structure of Table 4 of the paper. Multi-Adds are "
        f"for an output of {results.study.complexity_hr.replace('x', '×')} pixels. A network that "
        "was trained at another size than its paper's has two rows: the size that was trained with "
        "its PSNR, its Multi-Adds scaled by area from those on a training patch; and the paper's "
        "size, which published counts are of. Published counts stand without trailing zeros, and "
        "differences with as many decimals as the published figure. Best measured PSNR in bold, "
        "second best underlined, among rows with the same kind of weights only. "
        + setting(results.study, frame["dataset"], frame["scale"])
    )
    return Table(
        "table4", "Table 4. Complexity", caption, columns, groups, notes.listed(), "table4.csv"
    )


def _is_narrowed(results: Results, row: pd.Series) -> bool:
    return row["provenance"] == "trained" and row["model"] in results.study.narrowed


def _narrowed(results: Results, row: pd.Series, notes: Footnotes) -> Iterator[Row]:
    """Return the size that was trained, with its PSNR, and the paper's size."""
    size = dict(zip(("params", "multi_adds"), results.trained_size(*row[["model", "scale"]]),
                    strict=True))  # fmt: skip
    nothing = {"published_params": math.nan, "published_multi_adds": math.nan}
    own = pd.Series({**row, **size, **nothing, "published_psnr_db": math.nan})
    trained = results.study.narrowed[row["model"]]
    yield _line(results, own, notes, PROVENANCE["trained"], trained, OTHER_SIZE)
    whole = pd.Series({**row, "psnr_db": math.nan, "rank_psnr": "", "provenance": "counted"})
    rest = "; ".join(
        part for part in row["note"].split("; ")
        if part not in trained.split("; ") and not part.startswith("counts are of the")
    )  # fmt: skip
    yield _line(results, whole, notes, PROVENANCE["counted"], rest, OF_THE_PAPER)


def _whole(results: Results, row: pd.Series, notes: Footnotes) -> Row:
    """Return the row of a network whose counts and PSNR are of the same size."""
    if row["provenance"] == "quoted" and known(row["params"]):
        row = pd.Series({**row, "provenance": "counted"})
    kind = PROVENANCE.get(row["provenance"], row["provenance"])
    if row["provenance"] == "interpolation":
        return _line(results, row, notes, kind, row["note"], "An interpolation has no parameters.")
    return _line(results, row, notes, kind, row["note"], "No published figure was found.")


def _line(
    results: Results, row: pd.Series, notes: Footnotes, kind: str, remark: str, none: str
) -> Row:
    """Return one row; `none` says why a published figure is missing."""
    absent = notes.remark(none)
    cells = [label(row, notes.remark(remark)), Cell(kind, kind)]
    for name, unit, decimals, source, rank in (
        ("params", 1e6, 3, "complexity_source", ""),
        ("multi_adds", 1e9, 1, "complexity_source", ""),
        ("psnr_db", 1.0, 2, "quality_source", row["rank_psnr"]),
    ):
        value, told = row[name] / unit, row[f"published_{name}"] / unit
        counts = name != "psnr_db" and known(told)
        printed = printed_count(told, decimals) if counts else decimals
        why = absent
        output = _output_of_source(results, row) if name == "multi_adds" and known(told) else ""
        if output:
            why = notes.remark(OTHER_OUTPUT.format(output.replace("x", "×")))
        mark = notes.source(row[source]) if known(told) else ""
        difference = math.nan if output else value - told
        cells += [
            plain(value, decimals, note=absent, rank=rank),
            plain(told, printed, mark=mark, note=absent),
            plain(difference, printed, sign=True, note=why),
        ]
    return Row(cells, *method_runs(results, row, [row["dataset"]]))


def _output_of_source(results: Results, row: pd.Series) -> str:
    """Return the output that a source counted Multi-Adds for; empty where it is this table's."""
    counts = results["counts"]
    own = counts[
        (counts["model"] == row["model"])
        & (counts["variant"] == row["variant"])
        & (counts["scale"] == row["scale"])
    ]
    found = str(own["hr"].iloc[0]) if len(own) else ""
    return "" if found == results.study.complexity_hr else found
