from collections.abc import Callable
from pathlib import Path

import pytest

from reports.latex.pages import LINES, lines_of, marks_of, parts
from reports.results import Results, read_results
from reports.tables.model import Table
from reports.tables.table1_modules import table1
from reports.tables.table2_refinement import table2
from reports.tables.table3_methods import table3
from reports.tables.table4_complexity import table4


@pytest.mark.parametrize(
    ("make", "long"), [(table1, False), (table2, False), (table3, True), (table4, True)]
)
def test_long_table_is_split_and_loses_no_row(
    make: Callable[[Results], Table], long: bool, full: Path
) -> None:
    table = make(read_results(full / "results"))
    found = parts(table)
    assert (len(found) > 1) == long
    rows = [row for page in found for group in page.groups for row in group.rows]
    assert rows == [row for group in table.groups for row in group.rows]
    for page in found:
        own = [row for group in page.groups for row in group.rows]
        assert marks_of(own) == {mark for mark, _ in page.notes}
        assert sum(map(lines_of, own)) <= LINES
