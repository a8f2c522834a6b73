"""Size of the variants of MESR, for the chapter on the reading of the paper."""

import math

from reports.results import Results, known, ordered
from reports.tables.cells import (
    plain,
)
from reports.tables.model import Cell, Column, Footnotes, Group, Row, Table


def variant_sizes(results: Results) -> Table | None:
    """Parameters of MESR and its variants: how the size depends on what is built."""
    frame = results["complexity"]
    frame = frame[(frame["model"] == "mesr")]
    if frame["variant"].nunique() < 2:
        return None
    scales = sorted(frame["scale"].unique())
    columns = [Column("Variant", kind="text", first="ascending", width="4cm")]
    for scale in scales:
        columns += [
            Column("Parameters (M)", f"×{scale:.0f}", first="ascending"),
            Column("Multi-Adds (G)", f"×{scale:.0f}", first="ascending"),
        ]
    notes = Footnotes()
    absent = "Not counted at this scale."
    rows = []
    for variant in ordered(frame["variant"]):
        own = frame[frame["variant"] == variant].set_index("scale")
        cells = [Cell(variant or "full", variant or "full")]
        for scale in scales:
            counted = own.loc[scale] if scale in own.index else None
            for name, unit, decimals in (("params", 1e6, 3), ("multi_adds", 1e9, 1)):
                value = math.nan if counted is None else counted[name] / unit
                cells.append(
                    plain(value, decimals, note="" if known(value) else notes.remark(absent))
                )
        rows.append(Row(cells))
    caption = (
        "What each variant of the full-size network costs at a 1280×720 HR output. Its effect on "
        "quality is given in Tables 1 and 2."
    )
    return Table(
        "readings", "Size of the variants", caption, columns, [Group("", rows)],
        notes.listed(), "complexity.csv",
    )  # fmt: skip
