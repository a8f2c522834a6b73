"""Findings: prose by hand, with numbers and conditions filled in from the result files.

    python -m reports.findings studies/compact/results

writes docs/findings.md, docs/summary.md, and into README.md the block of the first screen.
`reports/findings/NAME.md.j2` and `NAME.summary.md.j2` are about profile NAME alone. A sentence
stands behind
``{{ require(condition, what) }}``, and rendering fails where a condition no longer holds: then the
sentence is to be written anew.
"""

import argparse
import re
import sys
import textwrap
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateRuntimeError

from pipeline.support.console import run
from pipeline.support.errors import UserError
from pipeline.support.files import atomic_path
from pipeline.tables.results import Results
from pipeline.tables.tables import read_all
from reports.names import joined, ordinal
from reports.view import number

FOLDER = Path(__file__).parent / "findings"
README = Path("README.md")
DOCUMENTS = {"document": Path("docs/findings.md"), "summary": Path("docs/summary.md")}
BEGIN = "<!-- finding of {}: written by python -m reports.findings -->"
END = "<!-- end of finding -->"
MARKED = re.compile(BEGIN.format("(.*?)") + ".*?" + END, re.DOTALL)


class Rows:
    """Rows of a result file, as a template asks for them."""

    def __init__(self, name: str, frame: pd.DataFrame) -> None:
        self.name, self.frame = name, frame

    def __call__(self, **values: Any) -> "Rows":
        """Return the rows with these values; a list offers several."""
        frame = self.frame
        for column, value in values.items():
            frame = frame[frame[column].isin(value if isinstance(value, list) else [value])]
        return Rows(self.name, frame)

    def __len__(self) -> int:
        return len(self.frame)

    def __getattr__(self, column: str) -> Any:
        """Return the value of the only row.

        Raises
        ------
        UserError
            When there is another number of rows.
        """
        if column not in self.frame:
            raise AttributeError(column)
        if len(self.frame) != 1:
            raise UserError(f"{self.name}.csv: {len(self.frame)} rows in the place of one")
        return self.frame[column].iloc[0]

    def all(self, column: str) -> list[Any]:
        """Return the values of a column that are there."""
        return list(self.frame[column].dropna())


def findings(results: Results) -> dict[str, str]:
    """Return what is written about the profile of a study; {} where nothing is.

    Returns
    -------
    dict
        Markdown: `headline` (one or two sentences), `told` (how sure they are), `validity` (what
        the study can be trusted with), and `document`, all findings, the three above among them.

    Raises
    ------
    UserError
        When a sentence no longer holds.
    """
    name = f"{results.facts['profile']}.md.j2"
    if not (FOLDER / name).is_file():
        return {}
    environment = Environment(
        loader=FileSystemLoader(FOLDER), undefined=StrictUndefined, autoescape=False,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip

    def require(condition: Any, sentence: str) -> str:
        if not condition:
            raise UserError(
                f"reports/findings/{name}: no longer true of the results: {sentence}. "
                "Write the sentence anew, with its condition."
            )
        return ""

    environment.globals.update(
        {key: Rows(key, frame) for key, frame in results.frames.items()},
        require=require, facts=results.facts, span=span, label=results.label, min=min, max=max,
    )  # fmt: skip
    environment.filters.update(
        db=lambda value: number(float(value), 2, sign=True),
        plain=lambda value, digits=2: number(float(value), digits),
        ordinal=ordinal,
        listed=joined,
    )
    template = environment.get_template(name)
    try:
        context = template.new_context()
        parts = {name: "".join(render(context)) for name, render in template.blocks.items()}
        told = {name: " ".join(parts[name].split()) for name in ("headline", "told")}
        return {
            **told,
            "validity": parts["validity"].strip(),
            "document": template.render(),
            "summary": environment.get_template(name.replace(".", ".summary.", 1)).render(),
        }
    except TemplateRuntimeError as error:
        raise UserError(f"reports/findings/{name}: {error}") from error


def span(values: Sequence[float], digits: int = 2, *, sign: bool = False) -> str:
    """Return the smallest and the largest of some values: "0.25 to 0.50"."""
    ends = (number(value, digits, sign=sign) for value in (min(values), max(values)))
    return " to ".join(dict.fromkeys(ends))


def wrapped(text: str) -> str:
    """Break the lines of Markdown; tables, headings, quotations and comments stay as they are."""
    blocks = re.split(r"\n\s*\n", text.strip())
    return "\n\n".join(map(wrapped_block, blocks)) + "\n"


def wrapped_block(block: str) -> str:
    """Break the lines of a paragraph, or of each item of a list."""
    if block.startswith(("|", "#", "<", ">")):
        return block
    fill = partial(textwrap.fill, width=105, break_on_hyphens=False, break_long_words=False)
    items = re.split(r"\n(?=- )", block)
    return "\n".join(fill(item, subsequent_indent="  " * item.startswith("- ")) for item in items)


def block(found: Mapping[str, str], source: Path) -> str:
    """Return what README.md says, with the marks around it."""
    where = f"[{source.as_posix()}]({source.as_posix()})"
    text = (
        f"**{found['headline']}** {found['told']}\n\n{found['validity']}\n\n({where}; not the "
        "paper's setting: these numbers must not be quoted as the paper's results.)"
    )
    return f"{BEGIN.format(source.as_posix())}\n{wrapped(text)}{END}"


def main(argv: Sequence[str] | None = None) -> None:
    """Write docs/findings.md, docs/summary.md and the block in README.md."""
    parser = argparse.ArgumentParser(prog="python -m reports.findings", description=main.__doc__)
    parser.add_argument("results", type=Path, help="folder with the result files of a study")
    source = parser.parse_args(argv).results
    results = read_all(source)
    found = findings(results)
    if not found:
        raise UserError(
            f"no findings are written about profile {results.facts['profile']}: {FOLDER}"
        )
    readme = README.read_text(encoding="utf-8")
    if len(MARKED.findall(readme)) != 1:
        raise UserError(
            f"{README}: expected one pair of the marks {BEGIN.format('FOLDER')!r} and {END!r}. Put "
            "them where the finding is to stand."
        )
    texts = {path: wrapped(found[name]) for name, path in DOCUMENTS.items()}
    texts[README] = MARKED.sub(lambda _: block(found, source), readme)
    for path, text in texts.items():
        with atomic_path(path) as temporary:
            temporary.write_text(text, encoding="utf-8")
        print(f"wrote {path}")


if __name__ == "__main__":
    sys.exit(run(main))
