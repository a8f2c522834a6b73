"""Findings: prose by hand, with numbers and conditions filled in from the result files.

    python -m reports.findings studies/compact/results

writes docs/findings.md, where several studies follow each other in the order given,
docs/summary.md, and what the summary says in short into README.md.
`reports/findings/NAME.md.j2` is about profile NAME alone; in `summary.md.j2`, which is about all
studies, each has the name of its profile. A sentence stands behind
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
from types import SimpleNamespace
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
DOCUMENT, SUMMARY = Path("docs/findings.md"), Path("docs/summary.md")
BEGIN = "<!-- findings of {}: written by python -m reports.findings -->"
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

    def by_dataset(self, column: str = "psnr_db") -> pd.Series:
        """Return a column of rows that have one test set each, by test set.

        Raises
        ------
        UserError
            When a test set has several rows.
        """
        found = self.frame.set_index("dataset")[column]
        if not found.index.is_unique:
            raise UserError(f"{self.name}.csv: several rows of a test set in the place of one")
        return found


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
    parts = rendered(name, vars(rows_of(results)))
    told = {name: " ".join(parts[name].split()) for name in ("headline", "told")}
    return {**told, "validity": parts["validity"].strip(), "document": parts["document"]}


def summary(studies: Sequence[Results]) -> dict[str, str]:
    """Return the summary of some studies in Markdown: `short`, and `document`, the whole page.

    Raises
    ------
    UserError
        When a sentence no longer holds.
    """
    return rendered(
        "summary.md.j2", {study.facts["profile"]: vars(rows_of(study)) for study in studies}
    )


def rendered(name: str, values: Mapping[str, Any]) -> dict[str, str]:
    """Return each block of a template by its name, and the whole as `document`."""
    template = templates(name).get_template(name, globals=dict(values))
    try:
        context = template.new_context()
        return {
            "document": "".join(template.root_render_func(context)),  # sets what the blocks share
            **{block: "".join(render(context)) for block, render in template.blocks.items()},
        }
    except TemplateRuntimeError as error:
        raise UserError(f"reports/findings/{name}: {error}") from error


def rows_of(results: Results) -> SimpleNamespace:
    """Return the result files of a study by name, its `facts`, and `label` of a method."""
    rows = {name: Rows(name, frame) for name, frame in results.frames.items()}
    return SimpleNamespace(**rows, facts=results.facts, label=results.label)


def templates(name: str) -> Environment:
    """Return the templates' environment, whose messages name one template."""
    environment = Environment(
        loader=FileSystemLoader(FOLDER), undefined=StrictUndefined, autoescape=False,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip

    def require(condition: Any, sentence: str) -> str:
        if not condition:
            raise UserError(
                f"reports/findings/{name}: no longer true of the results: {sentence}. "
                "Write the sentence anew, with its condition; or, where the study is another one "
                "than it is about, give it a name of its own ('profile' in conf/profile/)."
            )
        return ""

    environment.globals.update(require=require, span=span, moved=moved, min=min, max=max)
    environment.filters.update(
        db=lambda value: number(float(value), 2, sign=True),
        plain=lambda value, digits=2: number(float(value), digits),
        ordinal=ordinal,
        listed=joined,
    )
    return environment


def span(values: Sequence[float], digits: int = 2, *, sign: bool = False) -> str:
    """Return the smallest and the largest of some values: "0.25 to 0.50"."""
    ends = (number(value, digits, sign=sign) for value in (min(values), max(values)))
    return " to ".join(dict.fromkeys(ends))


def moved(rows: Rows, over: str = "dataset") -> float:
    """Return by how many dB refined and coarse PSNR differ at most, over rows of quality.csv.

    Each training counts by itself; `over` is a mean over the images of a `dataset`, or `image`.
    """
    change = rows.frame["psnr_db"] - rows.frame["coarse_psnr_db"]
    keys = [rows.frame[name] for name in dict.fromkeys(("key", "dataset", over))]
    return float(change.groupby(keys).mean().abs().max())


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


def block(short: str, sources: Sequence[Path]) -> str:
    """Return what README.md says of some studies, with the marks around it."""
    names = [source.as_posix() for source in sources]
    where = joined([f"[{name}]({name})" for name in names])
    limit = "not the paper's setting: these numbers must not be quoted as the paper's results"
    text = wrapped(f"{short}\n\n({where}; {limit}.)")
    return f"{BEGIN.format(' '.join(names))}\n{text}{END}"


def documents(readme: str, sources: Sequence[Path]) -> dict[Path, str]:
    """Return what is written about some studies, by the file that it is written to.

    Parameters
    ----------
    readme : str
        README.md, with one pair of marks.
    sources : sequence of Path
        Folders with result files.

    Raises
    ------
    UserError
        When a sentence no longer holds, nothing is written about a study, or the marks are missing.
    """
    studies = [read_all(source) for source in sources]
    found = [findings(study) for study in studies]
    for study, parts in zip(studies, found, strict=True):
        if not parts:
            profile = study.facts["profile"]
            raise UserError(f"no findings are written about profile {profile}: {FOLDER}")
    if len(MARKED.findall(readme)) != 1:
        raise UserError(
            f"{README}: expected one pair of the marks {BEGIN.format('FOLDER')!r} and {END!r}. Put "
            "them where the finding is to stand."
        )
    page = summary(studies)
    return {
        DOCUMENT: "\n".join(wrapped(parts["document"]) for parts in found),
        SUMMARY: wrapped(page["document"]),
        README: MARKED.sub(lambda _: block(page["short"], sources), readme),
    }


def main(argv: Sequence[str] | None = None) -> None:
    """Write docs/findings.md, docs/summary.md and the block in README.md."""
    parser = argparse.ArgumentParser(prog="python -m reports.findings", description=main.__doc__)
    parser.add_argument("results", type=Path, nargs="+", help="folder with a study's result files")
    sources = parser.parse_args(argv).results
    for path, text in documents(README.read_text(encoding="utf-8"), sources).items():
        with atomic_path(path) as temporary:
            temporary.write_text(text, encoding="utf-8")
        print(f"wrote {path}")


if __name__ == "__main__":
    sys.exit(run(main))
