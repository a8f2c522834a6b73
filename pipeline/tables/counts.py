"""Parameters and Multi-Adds: counts.csv and sizes.csv, which stage complexity writes."""

from pipeline.tables.files import words
from pipeline.tables.labels import network_label
from pipeline.tables.layout import HEADINGS, Column, Table, columns
from pipeline.tables.results import Results

COUNTS = words(
    "network variant scale hr params counted_params published_params params_verdict multi_adds "
    "counted_multi_adds published_multi_adds multi_adds_verdict explanation source note"
)
SIZES = words("method network variant kind scale params multi_adds patch patch_multi_adds")


def layout(results: Results) -> Table:
    """Lay out the counts against published ones."""
    frame = results["counts"]
    shown = []
    for name in ("params", "multi_adds"):
        heading, kind = HEADINGS[name]
        shown += [
            Column(name, "Counted", kind, heading),
            Column(f"counted_{name}", "By its rule", kind, heading),
            Column(f"published_{name}", "Published", kind, heading),
            Column(f"{name}_verdict", "Verdict", "verdict", heading),
        ]
    return results.table(
        "counts",
        frame.assign(label=list(map(network_label, frame["network"], frame["variant"]))),
        *columns("scale"),
        *shown,
        sections="label",
        note="explanation",
    )
