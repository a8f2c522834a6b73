"""What networks cost on machines: costs.js and machines/, which the page shows if they are there.

A stop-watch is no function of its inputs, and everybody may add the file of a machine: none of
this belongs to the output that DVC tracks. It lies in files that `.dvcignore` excludes, as logs.js
does, and the page says how to make them where they are missing.
"""

import json
import shutil
import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pandas as pd

from pipeline.study.results import MEASUREMENT
from pipeline.support.errors import UserError
from reports.figures.chapter import Switch, by_scale
from reports.figures.style import Figure, save
from reports.figures.tradeoff import (
    Cost,
    bicubic_psnr,
    caption,
    draw_tradeoff,
    drawable,
    quality_points,
)
from reports.latex.document import environment
from reports.page.write import page_templates
from reports.results import Results, check_scales
from reports.tables.costs import costs, machine_name
from reports.tables.model import Table

REMEDY = "Measure again: make measure"
COSTS = "window.reportCosts = {};\n"
HR_INPUT = "HR 1280x720"
LATENCY = Cost("latency_ms", "latency", "Latency at 1280×720 HR (ms)")
MEMORY = Cost("peak_memory_mib", "peak memory", "Peak memory at 1280×720 HR (MiB)")


@dataclass(frozen=True)
class Machine:
    """One machine's file."""

    name: str
    table: Table
    switch: Switch
    anchor: str


def read_machines(folder: Path) -> list[tuple[Path, pd.DataFrame]]:
    """Read the machines' files, the newest first; what is no such file is left out with a warning.

    Parameters
    ----------
    folder : Path
        benchmarks/machines; it need not exist.
    """
    found = []
    for path in sorted(folder.glob("*.csv")):
        try:
            frame = MEASUREMENT.read(path, remedy="make measure")
            check_scales(path, frame, REMEDY)
        except UserError as error:
            print(f"warning: left out of the report: {error}", file=sys.stderr)
            continue
        if not frame.empty:
            found.append((path, frame))
    return sorted(found, key=lambda item: item[1]["measured"].max(), reverse=True)


def measured_points(results: Results, frame: pd.DataFrame, scale: int) -> pd.DataFrame:
    """Add latency and memory to the networks of Table 3 at one scale.

    A row of the machine's file stands for a network with the same parameters alone: neither the
    full size nor another profile's narrowed one tells what the network with this PSNR costs.
    """
    points = quality_points(results, scale)
    points = points[points["provenance"] != "quoted"]
    frame = frame[(frame["scale"] == scale) & (frame["input"] == HR_INPUT)]
    values = frame[["model", "params", LATENCY.column, MEMORY.column]]
    return points.merge(values.drop_duplicates(["model", "params"]), on=["model", "params"])


def latency_figure(results: Results, scale: int, *, frame: pd.DataFrame, key: str) -> Figure | None:
    """Return PSNR against latency and memory, or None where no network has both."""
    points = measured_points(results, frame, scale)
    panels = drawable(points, (LATENCY, MEMORY))
    if not panels:
        return None
    text = caption(results, scale, points, [cost for cost, _ in panels])
    return Figure(
        f"{key}-x{scale}",
        f"PSNR against latency, ×{scale}",
        f"{text} Measured on: {machine_name(frame)}.",
        f"Scatter plots of PSNR against latency and memory at ×{scale}; the values stand in "
        "Table 3 and in the table of the machine.",
        draw_tradeoff(panels, bicubic_psnr(results, scale)),
    )


def write_machines(folder: Path, results: Results, machines: Path) -> None:
    """Write costs.js, costs.tex and what they show into machines/.

    Parameters
    ----------
    folder : Path
        The report. Without a machine's file, costs.js says nothing and there is no folder.
    results : Results
        For PSNR and names.
    machines : Path
        Folder of the machines' files.
    """
    found = read_machines(machines)
    if not found:
        (folder / "costs.js").write_text(COSTS.format(json.dumps("")), encoding="utf-8")
        return
    target = folder / "machines"
    target.mkdir()
    shown = []
    for index, (path, frame) in enumerate(found):
        key = f"machine{index}"
        shutil.copyfile(path, target / f"{key}.csv")

        make = partial(latency_figure, frame=frame, key=key)
        switch = by_scale(key, "PSNR against latency", results, make)
        for _, figure in switch.options:
            save(figure, target)
        table = costs(results, frame, f"costs-{key}", f"{key}.csv").trimmed()
        shown.append(Machine(machine_name(frame), table, switch, f"on-{key}"))
    html = page_templates(folder).get_template("costs.html.j2").render(machines=shown)
    (folder / "costs.js").write_text(COSTS.format(json.dumps(html)), encoding="utf-8")
    made = environment()
    newest = shown[0]
    figures = [figure for _, figure in newest.switch.options]
    (target / "costs.tex").write_text(
        made.get_template("table.tex.j2").render(table=newest.table)
        + made.get_template("figures.tex.j2").render(figures=figures, setting=""),
        encoding="utf-8",
    )
