"""Markdown as HTML: raw HTML stays text, nothing is loaded from anywhere."""

import re

from markdown_it import MarkdownIt
from markupsafe import Markup

# Pictures, and links to other files of the repository: the report travels alone.
LOCAL = re.compile(r"!\[(.*?)\]\(.*?\)|\[([^]]*)\]\((?!https?://)[^)]*\)")
PARSER = MarkdownIt("commonmark", {"html": False}).enable("table")
PARSER.add_render_rule(
    "table_open",
    lambda *_: '<div class="scroll" tabindex="0" role="group" aria-label="Table"><table>\n',
)
PARSER.add_render_rule("table_close", lambda *_: "</table></div>\n")


def whole(text: str) -> Markup:
    """Return a document as HTML; pictures and links that lead to no web page become their text."""
    return Markup(PARSER.render(LOCAL.sub(r"\1\2", text)))


def inline(text: str) -> Markup:
    """Return a paragraph as HTML without the paragraph's own tag."""
    return Markup(PARSER.renderInline(LOCAL.sub(r"\1\2", text)))
