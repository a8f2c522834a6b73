"""The web page: which chapters it has and what stands in them."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from PIL import Image

from reports.figures.style import Figure
from reports.page.sources import linked
from reports.page.view import view

HERE = Path(__file__).parent
CHAPTERS = (
    ("index.html#study", "Study"),
    ("index.html#tables", "Tables"),
    ("index.html#figures", "Figures"),
    ("index.html#costs", "Costs"),
    ("index.html#certification", "Certificate"),
    ("reading.html", "Reading"),
    ("index.html#runs", "Runs"),
    ("index.html#downloads", "Downloads"),
)
PAGES = ("index.html", "reading.html")


def page_templates(folder: Path) -> Environment:
    """Return the environment of the page's templates, which escapes everything.

    Parameters
    ----------
    folder : Path
        The report: pictures there are asked for their size, so that nothing moves when they come.
    """
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )

    def size(path: str) -> tuple[int, int]:
        with Image.open(folder / path) as picture:
            return picture.size

    environment.globals.update(size=size, view=view)
    environment.filters["linked"] = linked
    return environment


def write_page(folder: Path, context: dict[str, Any]) -> None:
    """Write the pages and assets/ from what the templates name."""
    environment = page_templates(folder)
    for name in PAGES:
        template = environment.get_template(f"{name}.j2")
        html = template.render(context, chapters=CHAPTERS, page=name)
        (folder / name).write_text(html, encoding="utf-8")
    for source in sorted((HERE / "static").iterdir()):
        shutil.copyfile(source, folder / "assets" / source.name)


def downloads(
    csv: Sequence[str], latex: Sequence[str], figures: Sequence[Figure]
) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return the titles of the chapter on downloads, each with its links and their texts."""
    files = {
        "Result files": [f"downloads/{name}" for name in csv],
        "LaTeX": [f"latex/{name}" for name in latex],
        "Figures for screens": [f"figures/{figure.key}.png" for figure in figures],
        "Figures for print": [f"figures/{figure.key}.pdf" for figure in figures],
    }
    return [(title, [(path, Path(path).name) for path in paths]) for title, paths in files.items()]
