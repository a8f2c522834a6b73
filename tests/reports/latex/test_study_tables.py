"""Tables on claims, readings, ladder and tuning fit on a page of the document."""

from pathlib import Path

from reports.latex.document import write_latex
from reports.results import read_results
from reports.tables.claims import scoreboard
from reports.tables.ladder import ladder, ladder_agreement
from reports.tables.readings import readings_worth
from reports.tables.tuning import tuning
from tests.reports.latex.test_document import compile_document, needs_tex


@needs_tex
def test_tables_of_a_whole_study_are_not_too_wide(compact: Path, tmp_path: Path) -> None:
    data = read_results(compact / "results")
    board = scoreboard(data)
    found = (
        *(board.table, board.grid, readings_worth(data)),
        *(ladder(data), ladder_agreement(data), tuning(data)),
    )
    tables = [table for table in found if table is not None]
    assert len(tables) == len(found)
    write_latex(data.study, tables, [], tmp_path)
    complaints = compile_document(tmp_path)
    # The document refers to tables that are not part of this one.
    assert [line for line in complaints if "undefined" not in line] == []
