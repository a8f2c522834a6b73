"""What networks cost on machines: costs.js and machines/, which the page shows if they are there.

A stop-watch is no function of its inputs, and everybody may add the file of a machine: none of
this belongs to the output that DVC tracks. It lies in files that `.dvcignore` excludes, as logs.js
does.
"""

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.tables.files import words
from pipeline.tables.layout import Column, Table
from pipeline.tables.results import Results, usual
from reports.figures.style import save
from reports.figures.tradeoff import points_of, tradeoff
from reports.latex.document import table_source
from reports.names import distinct
from reports.page.page import charts, page_templates
from reports.view import view

HR_INPUT = "HR 1280x720"
TEXTS = words("network variant size input device machine precision torch measured")
NUMBERS = words(
    "scale share params multi_adds latency_ms latency_q1_ms latency_q3_ms rounds peak_memory_mib "
    "threads ntire_score"
)
LATENCY = Column("latency_ms", "Latency", "milliseconds", low="latency_q1_ms", high="latency_q3_ms")


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
        label=frame["network"].map(results.label),
        section=frame["scale"].map("×{}, ".format) + frame["input"],
        remark=np.where(frame["share"] < 1, "measured on a strip and scaled to the whole", ""),
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
            *map(usual, words("label variant size params multi_adds")),
            LATENCY,
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
    shown = []
    for index, (path, frame) in enumerate(read_machines(machines)):
        target, key = folder / "machines", f"machine{index}"
        target.mkdir(exist_ok=True)
        shutil.copyfile(path, target / f"{key}.csv")
        drawn = []
        for scale in sorted(results.facts["scales"], reverse=True):
            points = measured_points(results, frame, scale)
            measured = ["latency_ms", "peak_memory_mib"]
            if figure := tradeoff(points, measured, f"{key}-x{scale}", results):
                drawn.append((figure, save(figure, target)))
        table = view(costs(results, frame, key))
        shown.append({"name": machine_name(frame), "view": table, "charts": charts(drawn)})
        if index == 0:
            (target / "costs.tex").write_text(table_source("costs", table, []), encoding="utf-8")
    template = page_templates().get_template("costs.html.j2")
    html = template.render(machines=shown, runs=(), charts={}) if shown else ""
    content = f"window.reportCosts = {json.dumps(html)};\n"
    (folder / "costs.js").write_text(content, encoding="utf-8")
