"""Markdown chapters as HTML: raw HTML stays text, nothing is loaded from anywhere."""

from collections.abc import MutableMapping, Sequence
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup, escape


def chapter(text: str) -> Markup:
    """Render a Markdown file as a chapter below a heading of level 2.

    Headings move down one level and the document's own title is left out; links to other files
    of the repository and pictures become their text, because the report travels alone.
    """
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    parser.add_render_rule("table_open", _table_open)
    parser.add_render_rule("table_close", _table_close)
    parser.add_render_rule("image", _image)
    tokens = parser.parse(text)
    if tokens and tokens[0].type == "heading_open" and tokens[0].tag == "h1":
        tokens = tokens[3:]
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(6, int(token.tag[1]) + 1)}"
        if token.type == "inline":
            token.children = _links_that_work(token.children or [])
    return Markup(parser.renderer.render(tokens, parser.options, {}))


def _links_that_work(tokens: Sequence[Token]) -> list[Token]:
    """Keep links to the web, drop the others around their text."""
    kept: list[Token] = []
    inside: list[bool] = []
    for token in tokens:
        if token.type == "link_open":
            inside.append(str(token.attrGet("href") or "").startswith(("https://", "http://")))
            if not inside[-1]:
                continue
        elif token.type == "link_close" and not inside.pop():
            continue
        kept.append(token)
    return kept


def _table_open(*_: Any) -> str:
    return '<div class="scroll" tabindex="0" role="region" aria-label="Table"><table>\n'


def _table_close(*_: Any) -> str:
    return "</table></div>\n"


def _image(
    _renderer: Any, tokens: Sequence[Token], index: int, *_: MutableMapping[str, Any]
) -> str:
    return str(escape(tokens[index].content))
