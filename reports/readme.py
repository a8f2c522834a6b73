"""The finding in README.md, from the result files of a study.

    python -m reports.readme studies/compact/results

replaces what stands between the marks in README.md.
"""

import argparse
import re
import sys
import textwrap
from collections.abc import Sequence
from pathlib import Path

from pipeline.support.console import run
from pipeline.support.errors import UserError
from pipeline.support.files import atomic_path
from reports.page.finding import corrected, evidence, finding, strips
from reports.results import read_results, warning

README = Path("README.md")
BEGIN = "<!-- finding of {}: written by python -m reports.readme -->"
END = "<!-- end of finding -->"
MARKED = re.compile(BEGIN.format("(.*?)") + ".*?" + END, re.DOTALL)
WIDTH = 99


def block(results: Path) -> str:
    """Return the finding of a study with the marks around it.

    Parameters
    ----------
    results : Path
        Folder with the result files.

    Raises
    ------
    UserError
        When a result file is missing or malformed.
    """
    data = read_results(results)
    ranked = strips(data)
    told = [f"**{finding(ranked)}.**", evidence(ranked, data.study.bootstrap.confidence)]
    told += [corrected(data)]
    told += [f"(Profile {data.study.profile}, [{results.as_posix()}]({results.as_posix()}).)"]
    told += [warning(data.study)]
    text = textwrap.fill(" ".join(filter(None, told)), WIDTH, break_on_hyphens=False)
    return f"{BEGIN.format(results.as_posix())}\n{text}\n{END}"


def study_of(readme: str) -> Path:
    """Return the folder whose finding a text has.

    Raises
    ------
    UserError
        When the text has not the marks of one finding.
    """
    found = MARKED.findall(readme)
    if len(found) != 1:
        raise UserError(
            f"README.md: expected one pair of the marks {BEGIN.format('FOLDER')!r} and {END!r}, "
            f"found {len(found)}. Put them where the finding is to stand."
        )
    return Path(found[0])


def main(argv: Sequence[str] | None = None) -> None:
    """Write the finding of a study into README.md."""
    parser = argparse.ArgumentParser(prog="python -m reports.readme", description=main.__doc__)
    parser.add_argument(
        "results", type=Path, nargs="?", help="folder with the result files; as before by default"
    )
    arguments = parser.parse_args(argv)
    text = README.read_text(encoding="utf-8")
    results = study_of(text) if arguments.results is None else arguments.results
    study_of(text)
    found = block(results)
    with atomic_path(README) as temporary:
        temporary.write_text(MARKED.sub(lambda _: found, text), encoding="utf-8")
    print(f"wrote the finding of {results} into {README}")


if __name__ == "__main__":
    sys.exit(run(main))
