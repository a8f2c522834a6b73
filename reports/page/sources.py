"""Links to what sources name: repositories at their revision, and DOIs of papers."""

import re

from markupsafe import Markup, escape

# Papers that sources name without a repository, by the words they begin with.
PAPERS = {
    "SRCNN, ECCV 2014": "10.1007/978-3-319-10593-2_13",
    "A+, ACCV 2014": "10.1007/978-3-319-16817-3_8",
    "A2F, ACCV 2020": "10.48550/arXiv.2011.06773",
}
_LINKS = re.compile(
    r"(?P<repository>\b[\w-]+(?:\.[\w-]+)*/[\w.-]+)@(?P<revision>[0-9a-f]{7,40})\b"
    r"|\b(?P<doi>10\.\d{4,9}/[^\s;,]+)"
    + "".join(f"|(?P<paper{i}>{re.escape(name)})" for i, name in enumerate(PAPERS))
)


def linked(text: str) -> Markup:
    """Return a text as HTML in which repositories and papers are links."""
    parts, start = [], 0
    for match in _LINKS.finditer(text):
        words = match.group()
        if match["repository"]:
            url = f"https://github.com/{match['repository']}/tree/{match['revision']}"
        else:
            url = f"https://doi.org/{PAPERS.get(words, words.rstrip('.'))}"
        link = Markup('<a href="{}" rel="noreferrer">{}</a>').format(url, words)
        parts += [escape(text[start : match.start()]), link]
        start = match.end()
    return Markup("").join([*parts, escape(text[start:])])
