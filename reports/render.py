"""Stage `report`: results/ and evaluations/ become reports/build/, for reading and for a paper."""

import argparse
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pipeline.support.console import run
from pipeline.support.files import atomic_path
from pipeline.tables.results import Results
from pipeline.tables.tables import all_tables, read_all
from reports.figures.comparison import comparison_figures
from reports.figures.curves import curve_figures, gate_figure
from reports.figures.gains import gains_figures
from reports.figures.pictures import Pictures
from reports.figures.refinement import refinement_figure
from reports.figures.style import Figure, save
from reports.figures.tradeoff import points_of, tradeoff
from reports.figures.tuning import tuning_figure
from reports.figures.variants import difference_figures, lengths_figure
from reports.findings import findings
from reports.latex.document import file_names, write_latex
from reports.logs import write_logs
from reports.machines import write_machines
from reports.names import joined
from reports.page.explorer import write_excerpts
from reports.page.grid import grid
from reports.page.markdown import inline, whole
from reports.page.page import charts, write_page
from reports.page.ranking import strips
from reports.page.reading import reading
from reports.view import view

FOLDERS = ("results", "evaluations", "docs", "output", "logs", "machines")


def all_figures(results: Results, pictures: Pictures) -> list[Figure]:
    """Return all figures that the study has, those of one title together."""
    counted = ["multi_adds", "params"]
    found = [
        *(
            tradeoff(points_of(results, scale), counted, f"tradeoff-x{scale}", results)
            for scale in sorted(results.facts["scales"], reverse=True)
        ),
        *gains_figures(results),
        *difference_figures(results),
        lengths_figure(results),
        *comparison_figures(pictures),
        refinement_figure(pictures),
        *curve_figures(results),
        gate_figure(results),
        tuning_figure(results),
    ]
    return [figure for figure in found if figure]


def render(
    results: Path = Path("results"),
    evaluations: Path = Path("evaluations"),
    docs: Path = Path("docs"),
    output: Path = Path("reports/build"),
    logs: Path = Path("logs"),
    machines: Path = Path("benchmarks/machines"),
) -> None:
    """Build the whole report and put it in place of an earlier one.

    Parameters
    ----------
    results, evaluations, docs : Path
        Folders that hold the result files, the pictures and paper-reading.md.
    output : Path
        Folder to write: index.html, reading.html, findings.html where findings are written about
        the profile, assets/, figures/, latex/ and downloads/, a function of the above alone; and
        logs.js, costs.js, verified.js and machines/.
    logs : Path
        Folder with what was measured of runs on this machine.
    machines : Path
        Folder with what networks cost on machines, one file each.

    Raises
    ------
    UserError
        When a result file is missing or malformed, a sentence of the findings does not hold, or the
        disk is full.
    """
    print(f"render {results} into {output}", flush=True)
    data = read_all(results)
    views = {name: view(table) for name, table in all_tables(data).items()}
    pictures = Pictures(data, evaluations)
    text = (docs / "paper-reading.md").read_text(encoding="utf-8")
    with atomic_path(output) as folder:
        for name in ("assets", "figures", "latex", "downloads"):
            (folder / name).mkdir(parents=True)
        figures = all_figures(data, pictures)
        drawn = [(figure, save(figure, folder / "figures")) for figure in figures]
        printed = [found for name, found in views.items() if name != "runs"]
        sources = write_latex(printed, figures, data.facts, folder / "latex")
        for path in results.glob("*.csv"):
            shutil.copyfile(path, folder / "downloads" / path.name)
        introduction, parts = reading(text, data)
        runs = data["runs"]
        context = first_screen(data) | {
            "charts": charts(drawn),
            "downloads": {
                "Result files": sorted(path.name for path in results.glob("*.csv")),
                "Figures": [f"{figure.key}.pdf" for figure in figures if not figure.is_picture],
                "LaTeX": sources,
            },
            "excerpts": write_excerpts(pictures, folder / "assets" / "excerpts"),
            "introduction": introduction,
            "latex_names": file_names,
            "reading": parts,
            "runs": set(runs["method"] + runs["scale"].map(" ×{}".format)),
            "views": views,
        }
        write_page(folder, context)
        write_logs(folder / "logs.js", runs, logs)
        write_machines(folder, data, machines)
        (folder / "verified.js").write_text("window.reportVerified = null;\n", encoding="utf-8")


def first_screen(data: Results) -> dict[str, Any]:
    """Return what the first screen and the frame of the pages say."""
    found, methods = findings(data), data["methods"]
    return {
        "confidence": data.confidence,
        "datasets": joined(data.datasets),
        "disagree": disagreement(data),
        "facts": data.facts,
        "headline": inline(found.get("headline", "")),
        "signs": grid(data),
        "strips": strips(data),
        "subject": data.subject,
        "trained": methods.loc[methods["kind"] == "trained", "method"].nunique(),
        **{name: whole(found.get(name, "")) for name in ("document", "told", "validity")},
    }


def disagreement(data: Results) -> tuple[int, int]:
    """Count the differences where the bootstrap decides and Student's does not, and all."""
    frame = data["overall"]
    bootstrap = (frame["bootstrap_low_db"] > 0) | (frame["bootstrap_high_db"] < 0)
    alone = bootstrap & (frame["verdict"] == "not significant")
    return int(alone.sum()), int(frame["minus_subject_db"].notna().sum())


def main(argv: Sequence[str] | None = None) -> None:
    """Render the report."""
    parser = argparse.ArgumentParser(prog="python -m reports.render", description=__doc__)
    for name in FOLDERS:
        parser.add_argument(f"--{name}", type=Path, metavar="FOLDER", default=argparse.SUPPRESS)
    render(**vars(parser.parse_args(argv)))


if __name__ == "__main__":
    sys.exit(run(main))
