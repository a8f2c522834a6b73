"""Stage `report`: results/ and evaluations/ become reports/build/, for reading and for a paper."""

import argparse
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from pipeline.study.results import MEASUREMENT
from pipeline.support.console import run
from pipeline.support.files import atomic_path
from reports.figures.chapter import draw_figures
from reports.figures.design import draw_design
from reports.figures.pictures import Pictures
from reports.latex.document import write_latex
from reports.logs import write_logs, write_unverified
from reports.page.explorer import write_excerpts
from reports.page.finding import corrected, evidence, finding, strips
from reports.page.grid import grid
from reports.page.machines import write_machines
from reports.page.reading import reading
from reports.page.summary import facts
from reports.page.write import downloads, write_page
from reports.results import read_results, warning
from reports.tables.all_runs import runs_table
from reports.tables.certificate import certificate, worst_first
from reports.tables.claims import scoreboard
from reports.tables.counts import counts
from reports.tables.further import further
from reports.tables.ladder import ladder, ladder_agreement
from reports.tables.lr_certificate import lr_certificate
from reports.tables.model import Table
from reports.tables.ranking import agreement, ranking
from reports.tables.readings import readings_worth
from reports.tables.table1_modules import table1
from reports.tables.table2_refinement import table2
from reports.tables.table3_methods import table3
from reports.tables.table4_complexity import table4
from reports.tables.tuning import tuning
from reports.tables.variant_sizes import variant_sizes

MACHINES = MEASUREMENT.path
PROJECT = Path(__file__).parents[1] / "pyproject.toml"


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
        Folder to write: index.html, reading.html, assets/, figures/, latex/ and downloads/, a
        function of the above alone; and logs.js, costs.js, verified.js and machines/.
    logs : Path
        Folder with what was measured of runs on this machine.
    machines : Path
        Folder with what networks cost on machines, one file each.

    Raises
    ------
    UserError
        When a result file is missing or malformed, or the disk is full.
    """
    data = read_results(results)
    tables = present(*(make(data) for make in (table1, table2, table3, table4)), further(data))
    certified = certificate(data)
    degraded, counted = present(lr_certificate(data), counts(data))
    robustness = present(ranking(data), agreement(data))
    claims = scoreboard(data)
    claimed = present(claims.table, claims.grid)
    # What a study has beside the paper's tables; a chapter without rows is left out.
    design = {
        "readings_worth": present(readings_worth(data)),
        "ladder": present(ladder(data), ladder_agreement(data)),
        "tuning": present(tuning(data)),
    }
    printed = [*tables, *robustness, *claimed]
    printed += [table for found in design.values() for table in found]
    printed += [*present(certified), degraded, counted]
    document = docs / "paper-reading.md"
    text = document.read_text(encoding="utf-8") if document.is_file() else ""
    introduction, chapters = reading(text, data)
    ranked = strips(data)
    with atomic_path(output) as folder:
        for name in ("assets", "figures", "latex", "downloads"):
            (folder / name).mkdir(parents=True)
        drawn = draw_figures(data, evaluations, folder)
        studied = draw_design(data, folder)
        figures = [*drawn.figures, *studied.values()]
        sources = write_latex(data.study, printed, figures, folder / "latex")
        copies = copy_csv(results, folder / "downloads")
        context = {
            "absent": drawn.absent,
            "certificate": worst_first(certified).trimmed(),
            "claimed": claimed,
            "claims": claims,
            "counts": counted,
            "degraded": degraded,
            "downloads": downloads(copies, sources, figures),
            "excerpts": write_excerpts(Pictures(data, evaluations), folder / "assets" / "excerpts"),
            "evidence": " ".join(
                filter(None, (evidence(ranked, data.study.bootstrap.confidence), corrected(data)))
            ),
            "facts": facts(data),
            "figures": drawn.others,
            "finding": finding(ranked),
            "introduction": introduction,
            "reading": chapters,
            "readings": variant_sizes(data),
            "robustness": robustness,
            "runs": runs_table(data).trimmed(),
            "signs": grid(data),
            "strips": ranked,
            "study": data.study,
            "switches": drawn.switches,
            "tables": tables,
            "warning": warning(data.study),
        }
        context |= {
            name: {"figure": studied.get(name), "tables": found} if found else None
            for name, found in design.items()
        }
        write_page(folder, context)
        write_logs(folder / "logs.js", data["runs"], logs, PROJECT)
        write_machines(folder, data, machines)
        write_unverified(folder / "verified.js")


def present(*tables: Table | None) -> list[Table]:
    """Return the tables that are there, without columns that are empty."""
    return [table.trimmed() for table in tables if table is not None]


def copy_csv(results: Path, folder: Path) -> list[str]:
    """Copy the result files; return their names."""
    files = [*sorted(results.glob("*.csv")), *sorted((results / "tables").glob("*.csv"))]
    for path in files:
        shutil.copyfile(path, folder / path.name)
    return [path.name for path in files]


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
