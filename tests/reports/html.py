"""The rendered page, parsed."""

from pathlib import Path

from bs4 import BeautifulSoup, Tag


def page(report: Path) -> BeautifulSoup:
    """Parse index.html of a report."""
    return BeautifulSoup((report / "index.html").read_text(encoding="utf-8"), "html.parser")


def block(report: Path, key: str) -> Tag:
    """The article or section with an id."""
    found = page(report).find(id=key)
    assert isinstance(found, Tag), key
    return found


def values(table: Tag) -> list[str]:
    """Values of the numeric cells, row by row, without marks and what stands below them."""
    found = []
    for cell in table.select("tr.row td.stack .value, tr.row td.number .value"):
        for mark in cell.select("sup, .hidden"):
            mark.decompose()
        found.append(cell.get_text(strip=True))
    return found
