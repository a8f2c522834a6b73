"""Markdown as HTML: raw HTML stays text, nothing is loaded from anywhere."""

import re
from collections.abc import Callable, Iterable, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup, escape

# "Switch: `upsampler: staged | one_step`", "*Switch.* `features`, `branch_features`."
_SWITCH = re.compile(r"\bSwitch(?:es)?(?:\*)?[.:]\*?\s(?P<names>[^\n]*(?:\n[^\n]+)*)")
_CODE = re.compile(r"`(?P<name>[\w.]+)[^`]*`")


@dataclass(frozen=True)
class Point:
    """One point of a document: a heading and what stands below it.

    Attributes
    ----------
    title : Markup
    text : Markup
    switches : tuple of str
        Parameters that the sentence "Switch: ..." of the point names.
    """

    title: Markup
    text: Markup
    switches: tuple[str, ...]


@dataclass(frozen=True)
class Part:
    """A chapter of a document: what stands before its points, and these."""

    title: Markup
    text: Markup
    points: Sequence[Point]


def parts(text: str) -> tuple[Markup, list[Part]]:
    """Read a document with headings of three levels.

    Links to other files of the repository and pictures become their text, because the report
    travels alone. Headings below the third level stay in the text of their point.

    Returns
    -------
    Markup
        What stands before the first heading of level 2, without the document's own title.
    list of Part
        One for each heading of level 2, whose points are those of level 3.
    """
    tokens, html = _parsed(text)

    before: list[Token] = []
    found: list[tuple[Markup, list[Token], list[tuple[Markup, list[Token]]]]] = []
    position = 0
    while position < len(tokens):
        token = tokens[position]
        if token.type == "heading_open" and token.tag in ("h1", "h2", "h3"):
            title = html([tokens[position + 1]])
            if token.tag == "h2" or (token.tag == "h3" and not found):
                found.append((title, [], []))
            elif token.tag == "h3":
                found[-1][2].append((title, []))
            position += 3
            continue
        _, text_of_part, points = found[-1] if found else (None, before, [])
        (points[-1][1] if points else text_of_part).append(token)
        position += 1
    return html(before), [
        Part(title, html(own), [Point(name, html(t), switches(t)) for name, t in points])
        for title, own, points in found
    ]


def whole(text: str) -> Markup:
    """Return a document as HTML."""
    tokens, html = _parsed(text)
    return html(tokens)


def inline(text: str) -> Markup:
    """Return a paragraph as HTML without the paragraph's own tag."""
    tokens, html = _parsed(text)
    return html([token for token in tokens if token.type == "inline"])


def _parsed(text: str) -> tuple[list[Token], Callable[[Sequence[Token]], Markup]]:
    """Return the tokens of a text, and what makes HTML of them."""
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    parser.add_render_rule("table_open", _table_open)
    parser.add_render_rule("table_close", _table_close)
    parser.add_render_rule("image", _image)
    tokens = parser.parse(text)
    for token in tokens:
        if token.type == "inline":
            token.children = _links_that_work(token.children or [])

    def html(tokens: Sequence[Token]) -> Markup:
        return Markup(parser.renderer.render(tokens, parser.options, {}))

    return tokens, html


def switches(tokens: Iterable[Token]) -> tuple[str, ...]:
    """Return the parameters that a passage "Switch: `name: value | value`" names."""
    text = "\n\n".join(token.content for token in tokens if token.type == "inline")
    return tuple(
        code["name"]
        for passage in _SWITCH.finditer(text)
        for code in _CODE.finditer(passage["names"])
    )


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
