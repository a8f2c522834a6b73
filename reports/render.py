"""Stage `report`: results/ and evaluations/ become reports/build/, for reading and for a paper."""

import argparse
import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from PIL import Image

from reports import latex
from reports.crops import Comparison, Pictures, comparisons, refinement
from reports.figures import (
    Figure,
    charts,
    comparison_figure,
    draw_comparison,
    draw_refinement,
    refinement_figure,
    save,
)
from reports.markdown import chapter
from reports.results import TRAININGS, ReportError, Results, ordered, read_results
from reports.tables import (
    TABLES,
    Table,
    certificate,
    counts,
    duration,
    number,
    reading_counts,
    runs_table,
)

HERE = Path(__file__).parent
WHOLE_SIDE = 900  # pixels of the longer side of a whole image in the HTML report
CHAPTERS = (
    ("tables", "Tables"),
    ("figures", "Figures"),
    ("certification", "Certificate"),
    ("reading", "Reading"),
    ("runs", "Runs"),
    ("downloads", "Downloads"),
)


@dataclass(frozen=True)
class Fact:
    """One figure of the summary."""

    name: str
    value: str
    detail: str


def render(results: Path, evaluations: Path, docs: Path, output: Path) -> None:
    """Build the whole report and put it in place of an earlier one.

    Parameters
    ----------
    results, evaluations, docs : Path
        Folders that hold the result files, the pictures and paper-reading.md.
    output : Path
        Folder to write: index.html, assets/, figures/, latex/ and downloads/.

    Raises
    ------
    ReportError
        When a result file is missing or malformed, or the disk is full.
    """
    data = read_results(results)
    tables = [make(data) for make in TABLES]
    certified, counted = certificate(data), counts(data)
    with replaced_folder(output) as folder:
        for name in ("assets", "figures", "latex", "downloads"):
            (folder / name).mkdir(parents=True)
        figures, compared, absent = draw_figures(data, evaluations, folder)
        write_latex(data, [*tables, certified, counted], figures, folder / "latex")
        downloads = copy_downloads(results, figures, [*tables, certified, counted], folder)
        reading = docs / "paper-reading.md"
        page = html_environment().get_template("index.html.j2")
        context: dict[str, Any] = {
            "absent": absent,
            "certificate": certified,
            "chapters": CHAPTERS,
            "counts": counted,
            "comparisons": compared,
            "downloads": downloads,
            "facts": facts(data, certified),
            "figures": figures[len(compared) :],
            "reading": chapter(reading.read_text(encoding="utf-8")) if reading.is_file() else "",
            "readings": reading_counts(data),
            "runs": runs_table(data),
            "study": data.study,
            "tables": tables,
        }
        (folder / "index.html").write_text(page.render(context), encoding="utf-8")
        for source in sorted((HERE / "static").iterdir()):
            shutil.copyfile(source, folder / "assets" / source.name)


def html_environment() -> Environment:
    """Return the template environment of the page; everything is escaped."""
    return Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )


@contextmanager
def replaced_folder(output: Path) -> Iterator[Path]:
    """Yield a new folder beside `output`; swap it in on success, remove it on failure."""
    fresh = output.with_name(f".{output.name}.partial.{os.getpid()}")
    stale = output.with_name(f".{output.name}.partial.{os.getpid()}.old")
    try:
        fresh.mkdir(parents=True)
        yield fresh
        if output.exists():
            output.rename(stale)
        fresh.rename(output)
    except OSError as error:
        raise ReportError(
            f"{output}: could not be written ({error.filename or ''} {error.strerror or error}). "
            "Free some disk space or choose a writable folder, then run `dvc repro report` again; "
            "an earlier report is still in place."
        ) from error
    finally:
        if stale.exists() and not output.exists():
            stale.rename(output)
        shutil.rmtree(fresh, ignore_errors=True)
        shutil.rmtree(stale, ignore_errors=True)


def draw_figures(
    data: Results, evaluations: Path, folder: Path
) -> tuple[list[Figure], list[tuple[dict[str, Any], Figure]], list[str]]:
    """Draw all figures; return them, the interactive comparisons, and what is not there and why."""
    pictures = Pictures(data, evaluations)
    stamp = (
        ""
        if data.study.is_paper_setting
        else f"Profile {data.study.profile}: not the paper's setting"
    )
    target = folder / "figures"
    figures: list[Figure] = []
    interactive = []
    found, absent = comparisons(pictures)
    for comparison in found:
        figure = comparison_figure(comparison, [tile.label for tile in comparison.tiles])
        save(draw_comparison(comparison), target, figure.key, dark=False, stamp=stamp)
        interactive.append((write_crops(comparison, folder / "assets" / "crops"), figure))
        figures.append(figure)
    stages = refinement(pictures)
    if isinstance(stages, str):
        absent.append(stages)
    else:
        figures.append(refinement_figure(stages))
        save(draw_refinement(stages), target, figures[-1].key, dark=True, stamp=stamp)
    for figure, draw in charts(data):
        save(draw, target, figure.key, dark=True, stamp=stamp)
        figures.append(figure)
    if not found:
        absent.append("Visual comparisons: evaluations/ keeps no pictures of the test images.")
    return figures, interactive, absent


def write_crops(comparison: Comparison, folder: Path) -> dict[str, Any]:
    """Write the pictures of one interactive comparison; return what the template needs."""
    target = folder / comparison.slug
    target.mkdir(parents=True)
    for index, tile in enumerate(comparison.tiles):
        tile.image.save(target / f"{index}.png")
    small = comparison.whole.copy()
    small.thumbnail((WHOLE_SIDE, WHOLE_SIDE), Image.Resampling.LANCZOS)
    small.save(target / "whole.png")
    methods = [tile.method for tile in comparison.tiles]
    before = next((i for i, key in enumerate(methods) if key.startswith("bicubic_")), 0)
    mesr = next((i for i, key in enumerate(methods) if key.startswith("mesr_")), len(methods) - 1)
    return {
        **{name: getattr(comparison, name) for name in ("slug", "image", "dataset", "scale")},
        **{name: getattr(comparison, name) for name in ("region", "whole", "tiles")},
        "before": before,
        "after": mesr,
    }


def facts(data: Results, certified: Table) -> list[Fact]:
    """Return the figures of the summary."""
    found = []
    frame = data["tables/table3"]
    for scale in ordered(frame["scale"]):
        rows = frame[(frame["scale"] == scale) & frame["psnr_db"].notna()]
        mesr = rows[(rows["model"] == "mesr") & (rows["provenance"] == "trained")]
        bicubic = rows[rows["provenance"] == "interpolation"].drop_duplicates("dataset")
        both = mesr.drop_duplicates("dataset").merge(
            bicubic, on="dataset", suffixes=("", "_bicubic")
        )
        if both.empty:
            continue
        gain = (both["psnr_db"] - both["psnr_db_bicubic"]).mean()
        where = ", ".join(both["dataset"])
        found.append(
            Fact(
                f"MESR ×{scale:.0f} over bicubic",
                f"{number(gain, 2, sign=True)} dB",
                f"mean on {where}",
            )
        )
    networks = frame[frame["provenance"] == "trained"][["model", "variant"]].drop_duplicates()
    trainings = data["runs"][data["runs"]["stage"].isin(TRAININGS)]
    seconds = sum(
        float(text) for text in trainings["wall_seconds"] if text.replace(".", "", 1).isdigit()
    )
    runs = len(trainings)
    found.append(
        Fact(
            "Networks trained here",
            str(len(networks)),
            f"{runs} runs, {duration(str(seconds))} in all",
        )
    )
    verdicts = [row.cells[-1].verdict for group in certified.groups for row in group.rows]
    judged = [verdict for verdict in verdicts if verdict in ("pass", "fail")]
    recorded = " in the record" if data.study.facts.get("certificate") == "recorded" else ""
    if judged:
        words = f"published figures reproduced{recorded}; {len(verdicts) - len(judged)} not judged"
        found.append(Fact("Certificate", f"{judged.count('pass')} of {len(judged)}", words))
    return found


def write_latex(
    data: Results, tables: Sequence[Table], figures: Sequence[Figure], folder: Path
) -> None:
    """Write each table, the figures and the document that includes them."""
    tables = [table for table in tables if table.groups]
    for table in tables:
        (folder / f"{table.key}.tex").write_text(latex.table_source(table), encoding="utf-8")
    setting = data.study.warning or f"Profile {data.study.profile}."
    source = latex.figures_source(figures, setting)
    (folder / "figures.tex").write_text(source, encoding="utf-8")
    keys = [table.key for table in tables]
    document = latex.document_source(
        {
            "certified": "certificate" in keys,
            "figures": figures,
            "keys": keys,
            "study": data.study,
        }
    )
    (folder / "report.tex").write_text(document, encoding="utf-8")


def copy_downloads(
    results: Path, figures: Sequence[Figure], tables: Sequence[Table], folder: Path
) -> list[tuple[str, list[tuple[str, str]]]]:
    """Copy the result files; return the links of the chapter on downloads."""
    files = [*sorted(results.glob("*.csv")), *sorted((results / "tables").glob("*.csv"))]
    for path in files:
        shutil.copyfile(path, folder / "downloads" / path.name)
    documents = ["report", "figures", *(table.key for table in tables if table.groups)]
    return [
        ("Result files", [(f"downloads/{path.name}", path.name) for path in files]),
        ("LaTeX", [(f"latex/{name}.tex", f"{name}.tex") for name in documents]),
        ("Figures for screens", [(f"figures/{f.key}.png", f"{f.key}.png") for f in figures]),
        ("Figures for print", [(f"figures/{f.key}.pdf", f"{f.key}.pdf") for f in figures]),
    ]


def main(argv: Sequence[str] | None = None) -> None:
    """Run the stage from the command line."""
    parser = argparse.ArgumentParser(prog="python -m reports.render", description=__doc__)
    for name, default in (
        ("results", "results"),
        ("evaluations", "evaluations"),
        ("docs", "docs"),
        ("output", "reports/build"),
    ):
        parser.add_argument(f"--{name}", type=Path, default=Path(default), metavar="FOLDER")
    arguments = parser.parse_args(argv)
    try:
        render(arguments.results, arguments.evaluations, arguments.docs, arguments.output)
    except ReportError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        print("stopped: the earlier report, if any, is still in place.", file=sys.stderr)
        sys.exit(130)


if __name__ == "__main__":
    main()
