"""Stage `report`: results/ and evaluations/ become reports/build/, for reading and for a paper."""

import argparse
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from markupsafe import Markup

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
from reports.figures.tradeoff import tradeoff_figure
from reports.figures.tuning import tuning_figure
from reports.figures.variants import difference_figures, lengths_figure
from reports.findings import findings
from reports.latex.document import file_name, write_latex
from reports.logs import write_logs
from reports.machines import write_machines
from reports.names import joined
from reports.page.explorer import write_excerpts
from reports.page.grid import grid
from reports.page.markdown import inline, whole
from reports.page.page import charts, write_page
from reports.page.ranking import strips
from reports.page.reading import reading
from reports.view import View, scale_text, view

MACHINES = Path("benchmarks/machines")
PROJECT = Path(__file__).parents[1] / "pyproject.toml"
# Tables with a place of their own on the page; others are folded below.
PLACED = (
    *("results", "table1", "table2", "table3", "table4", "ranking", "agreement", "variants"),
    *("comparisons", "claims", "refinement", "against_each", "lengths", "tuning", "certification"),
    *("lr_certification", "overlap", "counts", "runs"),
)


def all_figures(results: Results, pictures: Pictures) -> list[Figure]:
    """Return all figures that the study has, those of one title together."""
    scales = sorted(results.facts["scales"], reverse=True)
    found = [
        *(tradeoff_figure(results, scale) for scale in scales),
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
    results: Path,
    evaluations: Path,
    docs: Path,
    output: Path,
    logs: Path = Path("logs"),
    machines: Path = MACHINES,
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
    data = read_all(results)
    views = {name: view(table) for name, table in all_tables(data).items()}
    pictures = Pictures(data, evaluations)
    document = docs / "paper-reading.md"
    text = document.read_text(encoding="utf-8") if document.is_file() else ""
    with atomic_path(output) as folder:
        for name in ("assets", "figures", "latex", "downloads"):
            (folder / name).mkdir(parents=True)
        figures = all_figures(data, pictures)
        drawn = [(figure, save(figure, folder / "figures")) for figure in figures]
        printed = [found for name, found in views.items() if name != "runs"]
        sources = write_latex(printed, figures, data.facts, folder / "latex")
        for path in sorted(results.glob("*.csv")):
            shutil.copyfile(path, folder / "downloads" / path.name)
        introduction, parts = reading(text, data)
        context: dict[str, Any] = {
            **first_screen(data),
            "charts": charts(drawn),
            "downloads": [
                (title, [f"{name}/{path.name}" for path in sorted((folder / name).iterdir())])
                for title, name in (("Result files", "downloads"), ("Figures", "figures"))
            ]
            + [("LaTeX", [f"latex/{name}" for name in sources])],
            "excerpts": write_excerpts(pictures, folder / "assets" / "excerpts"),
            "introduction": introduction,
            "latex_names": latex_names,
            "pictured": any(figure.is_picture for figure in figures),
            "placed": PLACED,
            "reading": parts,
            "runs": run_names(data),
            "views": views,
        }
        write_page(folder, context)
        write_logs(folder / "logs.js", data["runs"], logs, PROJECT)
        write_machines(folder, data, machines)
        (folder / "verified.js").write_text("window.reportVerified = null;\n", encoding="utf-8")


def first_screen(data: Results) -> dict[str, Any]:
    """Return what the first screen and the frame of the pages say."""
    facts = data.facts
    found = findings(data)
    trained = data["methods"].loc[data["methods"]["kind"] == "trained", "method"].nunique()
    generic = (
        f"{trained} networks, trained alike on {facts['training']} and scored on "
        f"{joined(data.datasets)}"
    )
    ranked = strips(data)
    chapters = [("index.html#tables", "Results"), ("index.html#variants-chapter", "Variants"),
                ("index.html#images", "Images"), ("index.html#training", "Training"),
                ("index.html#checks", "Checks"), ("index.html#files", "Files")]  # fmt: skip
    if found:
        chapters.insert(0, ("findings.html", "Findings"))
    return {
        "chapters": [*chapters, ("reading.html", "Paper")],
        "confidence": data.confidence,
        "datasets": joined(data.datasets),
        "disagree": disagreement(data),
        "facts": facts,
        "findings": whole(found.document) if found else Markup(""),
        "headline": inline(found.headline) if found else generic,
        "signs": grid(data),
        "strips": ranked,
        "subject": data.subject,
        "told": whole(found.told) if found else Markup(""),
        "validity": whole(found.validity) if found else Markup(""),
        "warning": warning(data),
    }


def warning(data: Results) -> str:
    """Tell this profile from the paper's setting; empty for the paper's."""
    if data.facts["paper_setting"]:
        return ""
    reduced = "networks of reduced width, " if data.facts["reduced"] else ""
    return (
        f"Not the paper's setting ({reduced}a short training): the numbers show the method at work "
        "and must not be quoted as the paper's results."
    )


def disagreement(data: Results) -> str:
    """Say in one sentence where the bootstrap decides and Student's interval does not."""
    frame = data["overall"]
    bootstrap = (frame["bootstrap_low_db"] > 0) | (frame["bootstrap_high_db"] < 0)
    alone = int((bootstrap & (frame["verdict"] == "not significant")).sum())
    if not alone:
        return ""
    compared = int(frame["minus_subject_db"].notna().sum())
    return (
        f"In {alone} of {compared} cases the bootstrap interval, which is not corrected and too "
        "short with few seeds, excludes 0 and this one does not."
    )


def run_names(data: Results) -> set[str]:
    """Return the methods and scales that have runs, as rows of tables name them."""
    runs = data["runs"]
    return {f"{m} {scale_text(s)}" for m, s in zip(runs["method"], runs["scale"], strict=True)}


def latex_names(found: View) -> list[str]:
    """Return the names of a table's LaTeX files."""
    return [file_name(found, switch) for switch in found.switches or [""]]


def main(argv: Sequence[str] | None = None) -> None:
    """Render the report."""
    parser = argparse.ArgumentParser(prog="python -m reports.render", description=__doc__)
    for name, default in (
        ("results", "results"),
        ("evaluations", "evaluations"),
        ("docs", "docs"),
        ("output", "reports/build"),
        ("logs", "logs"),
        ("machines", str(MACHINES)),
    ):
        parser.add_argument(f"--{name}", type=Path, default=Path(default), metavar="FOLDER")
    arguments = parser.parse_args(argv)
    print(f"render {arguments.results} into {arguments.output}", flush=True)
    render(**vars(arguments))


if __name__ == "__main__":
    sys.exit(run(main))
