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
