"""The web page: which chapters it has and what stands in them."""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from reports.figures.style import Figure
from reports.names import distinct, protocol_label, slug
from reports.page.sources import linked

HERE = Path(__file__).parent


def page_templates() -> Environment:
    """Return the environment of the page's templates, which escapes everything."""
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    environment.globals.update(slug=slug, protocol_label=protocol_label)
    environment.filters["linked"] = linked
    return environment


def charts(drawn: Sequence[tuple[Figure, str]]) -> dict[str, dict[str, Any]]:
    """Return the figures by the first word of their keys, those of one title together.

    Parameters
    ----------
    drawn : sequence of (Figure, str)
        Each with what stands in the page.
    """
    found = {}
    for title in distinct(figure.title for figure, _ in drawn):
        own = [(figure, Markup(svg)) for figure, svg in drawn if figure.title == title]
        found[own[0][0].key] = {"title": title, "figures": own}
    return found


def write_page(folder: Path, context: Mapping[str, Any]) -> None:
    """Write the pages and assets/; findings only where there are some."""
    environment = page_templates()
    pages = ["index.html", *["findings.html"] * bool(context["document"]), "reading.html"]
    for name in pages:
        html = environment.get_template(f"{name}.j2").render(context, page=name)
        (folder / name).write_text(html, encoding="utf-8")
    for source in sorted((HERE / "static").iterdir()):
        shutil.copyfile(source, folder / "assets" / source.name)
