"""The rendered page, parsed."""

from functools import cache
from pathlib import Path

from bs4 import BeautifulSoup, Tag


@cache
def page(report: Path, name: str = "index.html") -> BeautifulSoup:
    """Parse a page of a report."""
    return BeautifulSoup((report / name).read_text(encoding="utf-8"), "html.parser")


def block(report: Path, key: str, name: str = "index.html") -> Tag:
    """The article or section with an id."""
    found = page(report, name).find(id=key)
    assert isinstance(found, Tag), key
    return found


def values(table: Tag) -> list[str]:
    """Values of the numeric cells, row by row, without marks and what stands below them."""
    found = []
    for cell in table.select("tr.row td.stack .value, tr.row td.number .value"):
        texts = cell.find_all(string=True)
        kept = [text for text in texts if not text.find_parent(["sup"]) and not hidden(text.parent)]
        found.append("".join(kept).strip())
    return found


def hidden(tag: Tag | None) -> bool:
    """Whether only screen readers say a text."""
    return tag is not None and "hidden" in tag.get_attribute_list("class")
