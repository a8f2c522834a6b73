"""What networks cost on machines: costs.js and machines/, which the page shows if they are there.

A stop-watch is no function of its inputs, and everybody may add the file of a machine: none of
this belongs to the output that DVC tracks. It lies in files that `.dvcignore` excludes, as logs.js
does.
"""

import json
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from pipeline.tables.layout import Column, Table
from pipeline.tables.results import Results
from reports.figures.style import save
from reports.figures.tradeoff import points_of, tradeoff
from reports.latex.document import Layout, environment
from reports.names import distinct
from reports.page.page import charts, page_templates
from reports.view import View, view

COSTS = "window.reportCosts = {};\n"
HR_INPUT = "HR 1280x720"
TEXTS = (
    "network",
    "variant",
    "size",
    "input",
    "device",
    "machine",
    "precision",
    "torch",
    "measured",
)
NUMBERS = (
    *("scale", "share", "params", "multi_adds", "latency_ms", "latency_q1_ms", "latency_q3_ms"),
    *("rounds", "peak_memory_mib", "threads", "ntire_score"),
)


@dataclass(frozen=True)
class Machine:
    """One machine's file as the page shows it."""

    name: str
    view: View
    charts: dict[str, dict[str, Any]]


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
            frame = pd.read_csv(path, dtype=str, keep_default_na=False)
            frame = frame.rename(columns={"model": "network"})[[*TEXTS, *NUMBERS]]
            frame = frame.assign(**{name: pd.to_numeric(frame[name]) for name in NUMBERS})
        except (ValueError, KeyError, OSError) as error:
            print(f"warning: {path}: left out of the report ({error})", file=sys.stderr)
            continue
        if len(frame):
            found.append((path, frame))
    return sorted(found, key=lambda item: item[1]["measured"].max(), reverse=True)


def measured_points(results: Results, frame: pd.DataFrame, scale: int) -> pd.DataFrame:
    """Add latency and memory to the networks of the results at one scale.

    A row of the machine's file stands for a network with the same parameters alone: neither the
    full size nor another profile's reduced one tells what the network with this PSNR costs.
    """
    points = points_of(results, scale)
    frame = frame[(frame["scale"] == scale) & (frame["input"] == HR_INPUT)]
    values = frame[["network", "params", "latency_ms", "peak_memory_mib"]]
    return points.merge(values.drop_duplicates(["network", "params"]), on=["network", "params"])


def machine_name(frame: pd.DataFrame) -> str:
    """Name a machine: processor, threads, version of PyTorch and precision."""
    row = frame.iloc[0]
    threads = f"{row['threads']} threads" if row["device"] == "cpu" else ""
    torch = f"PyTorch {row['torch'].partition('+')[0]}"
    return ", ".join(filter(None, (row["machine"], threads, torch, row["precision"])))


def costs(results: Results, frame: pd.DataFrame, name: str) -> Table:
    """Lay out the table of one machine."""
    frame = frame.sort_values(["scale", "input", "size", "latency_ms"], kind="stable")
    frame = frame.assign(
        label=[results.label(network) for network in frame["network"]],
        section=[
            f"×{scale}, {given}"
            for scale, given in zip(frame["scale"], frame["input"], strict=True)
        ],
        remark=[
            "measured on a strip and scaled to the whole" if share < 1 else ""
            for share in frame["share"]
        ],
        is_subject=frame["network"] == results.facts["subject"],
    )
    return Table(
        name=name,
        title="Cost of the networks on a machine",
        caption=(
            f"{machine_name(frame)}, measured on {', '.join(distinct(frame['measured']))}. "
            f"Latency: median of {', '.join(map(str, distinct(frame['rounds'])))} passes after "
            "warm-up, networks in a new order in each round, with its quartiles; peak memory of a "
            "fresh process beyond the process itself; score of NTIRE's challenges on efficient SR, "
            f"lower is better, with {results.subject} as the reference: weights 0.7 for runtime, "
            "0.15 for Multi-Adds, 0.15 for parameters. These numbers are no part of the study that "
            "can be verified."
        ),
        frame=frame,
        columns=(
            Column("label", "Network"),
            Column("variant", "Variant"),
            Column("size", "Size"),
            Column("params", "Parameters", "params"),
            Column("multi_adds", "Multi-Adds", "multi_adds"),
            Column(
                "latency_ms", "Latency", "milliseconds", low="latency_q1_ms", high="latency_q3_ms"
            ),
            Column("peak_memory_mib", "Peak memory (MiB)", "integer"),
            Column("ntire_score", "NTIRE score", "number"),
        ),
        sections="section",
        note="remark",
        subject="is_subject",
        csv=f"{name}.csv",
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
    shown: list[Machine] = []
    for index, (path, frame) in enumerate(found):
        target, key = folder / "machines", f"machine{index}"
        target.mkdir(exist_ok=True)
        shutil.copyfile(path, target / f"{key}.csv")
        drawn = []
        for scale in sorted(results.facts["scales"], reverse=True):
            points = measured_points(results, frame, scale)
            figure = tradeoff(
                points, ["latency_ms", "peak_memory_mib"], f"{key}-x{scale}", results, scale
            )
            if figure:
                drawn.append((figure, save(figure, target)))
        table = view(costs(results, frame, key))
        shown.append(Machine(machine_name(frame), table, charts(drawn)))
        if index == 0:
            layout = Layout(table, table.sections)
            (target / "costs.tex").write_text(
                environment().get_template("table.tex.j2").render(
                    name="costs", layout=layout, caption=layout.caption("")
                ),
                encoding="utf-8",
            )  # fmt: skip
    template = page_templates(folder).get_template("costs.html.j2")
    html = template.render(machines=shown, runs=(), charts={}) if shown else ""
    (folder / "costs.js").write_text(COSTS.format(json.dumps(html)), encoding="utf-8")
