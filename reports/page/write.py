"""The web page: which chapters it has and what stands in them."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from reports.figures.style import Figure

HERE = Path(__file__).parent
CHAPTERS = (
    ("tables", "Tables"),
    ("figures", "Figures"),
    ("costs", "Costs"),
    ("certification", "Certificate"),
    ("reading", "Reading"),
    ("runs", "Runs"),
    ("downloads", "Downloads"),
)


def page_templates() -> Environment:
    """Return the environment of the page's templates, which escapes everything."""
    return Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )


def write_page(folder: Path, context: dict[str, Any]) -> None:
    """Write index.html and assets/ from what the template index.html.j2 names."""
    environment = page_templates()
    page = environment.get_template("index.html.j2").render(context, chapters=CHAPTERS)
    (folder / "index.html").write_text(page, encoding="utf-8")
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
