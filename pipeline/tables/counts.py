"""Parameters and Multi-Adds: counts.csv and sizes.csv, which stage complexity writes."""

from pipeline.tables.files import words
from pipeline.tables.labels import network_label
from pipeline.tables.layout import Column, Table
from pipeline.tables.results import Results

COUNTS = words(
    "network variant scale hr params counted_params published_params params_verdict multi_adds "
    "counted_multi_adds published_multi_adds multi_adds_verdict explanation source note"
)
SIZES = words("method network variant kind scale params multi_adds patch patch_multi_adds")


def layout(results: Results) -> Table:
    """Lay out the counts against published ones."""
    frame = results["counts"]
    names = frame[["network", "variant"]].to_numpy()
    columns = []
    for name, label, kind in (("params", "Parameters", "params"),
                              ("multi_adds", "Multi-Adds", "multi_adds")):  # fmt: skip
        columns += [
            Column(name, "Counted", kind, label),  # type: ignore[arg-type]
            Column(f"counted_{name}", "By its rule", kind, label),  # type: ignore[arg-type]
            Column(f"published_{name}", "Published", kind, label),  # type: ignore[arg-type]
            Column(f"{name}_verdict", "Verdict", "verdict", label),
        ]
    return Table(
        name="counts",
        title="Check of the counts",
        caption=(
            "Parameters and Multi-Adds of the networks at their papers' sizes and published "
            "counts. Counted: all parameters, and multiply-accumulates of convolutions and matrix "
            f"products for an output of {results.facts['hr']} pixels or the source's. By its rule: "
            "as the source counts, as far as that is known. Equal: the printed digits are met; "
            "explained: they are by the source's rule."
        ),
        frame=frame.assign(label=[network_label(*name) for name in names]),
        columns=(Column("scale", "Scale", "integer"), *columns),
        sections="label",
        note="explanation",
        csv="counts.csv",
    )
