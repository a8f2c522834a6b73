"""`mesr verify`: whether the study of this folder equals the recorded one."""

from typing import Annotated

import typer

from pipeline.scheduling.repro import repro
from pipeline.study.verification import Verdict, tell_report
from pipeline.study.verification import verify as compare


def verify(
    targets: Annotated[
        list[str] | None,
        typer.Argument(help="stages to bring up to date first, and to compare alone; none: all"),
    ] = None,
    revision: Annotated[
        str, typer.Option(help="commit whose dvc.lock and results are compared with")
    ] = "HEAD",
    optional: Annotated[
        bool,
        typer.Option(
            "--optional", help="exit status 0, and nothing said where there is nothing to compare"
        ),
    ] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="list the paths")] = False,
) -> None:
    """Say whether the study of this folder was computed here and equals the recorded one.

    The exit status tells what is said: docs/reproducibility.md lists them.
    """
    if targets:
        repro(targets)
    found = compare(revision=revision, targets=targets or ())
    if optional and found.verdict is Verdict.INCOMPARABLE:
        return
    if verbose:
        for told, path in found.paths:
            print(f"{told}: {path}")
    more = bool(found.paths) and not verbose
    print(found.sentence() + (" `mesr verify -v` lists them." if more else ""))
    if not targets:
        tell_report(found)
    if not optional:
        raise typer.Exit(found.verdict.status)
