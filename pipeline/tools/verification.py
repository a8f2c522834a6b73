"""`mesr verify`: first what lies here, then how it compares with a recorded study.

`dvc.lock` names every output by the digest of its content. So the outputs on the disk are compared
with the lock, and code and parameters with it (DVC's own status), before two locks are compared:
otherwise a clone in which nothing was computed would equal its record. Where outputs differ, result
files tell by how many dB, and their provenance why that may be.
"""

import io
import json
import subprocess
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Annotated, Any

import pandas as pd
import typer
import yaml

from pipeline.study.paths import RESULTS, STUDIES
from pipeline.support.errors import UserError
from pipeline.support.finished import computed_here

LOCK, PARAMS = "dvc.lock", "params.yaml"
QUALITY, RUNS = f"{RESULTS}/quality.csv", f"{RESULTS}/runs.csv"
REPORT = Path("reports/build")
NEUTRAL = "running."  # parameters that change no result
CLOSE_DB = 0.1  # largest difference of a mean PSNR of a study that is called reproduced
CAUSES = {  # columns of runs.csv that may explain a difference
    "machine": "another processor",
    "device": "another kind of device",
    "torch": "another version of PyTorch",
    "threads": "another number of threads",
    "precision": "another precision",
    "data_digest": "other images",
}
Files = Mapping[str, bytes]
Stages = Mapping[str, Any]  # entries of a dvc.lock
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Verdict(Enum):
    """What is said of a study: its first words, and the exit status of ``mesr verify``."""

    REPRODUCED = "reproduced", 0
    RESTORED = "equal, but not computed here", 3
    CLOSE = "reproduced but for rounding", 4
    PARAMETERS = "other parameters", 5
    CODE = "other code", 6
    ABSENT = "not computed here", 7
    ALTERED = "altered since it was computed", 8
    INCOMPARABLE = "cannot be compared", 9
    DIFFERENT = "not reproduced", 10


@dataclass(frozen=True)
class Verification:
    """How the study of a folder compares with a recorded one.

    Attributes
    ----------
    verdict : Verdict
        The first thing that is to be said of it.
    explanation : str
        The rest of the sentence.
    paths : sequence of (str, str)
        What to say of a path, and the path, for a list.
    """

    verdict: Verdict
    explanation: str
    paths: Sequence[tuple[str, str]] = ()

    @property
    def sentence(self) -> str:
        """Say in one line whether the study reproduced."""
        return f"{self.verdict.value[0]}: {self.explanation}."


def inspect(root: Path, stages: Stages, targets: Sequence[str]) -> Mapping[str, set[str]]:
    """Compare outputs, code and parameters of a folder with the entries of its dvc.lock.

    Returns
    -------
    mapping
        ``altered`` and ``absent`` outputs; ``parameters``, ``code`` and ``inputs`` (outputs of
        other stages) that changed since; ``unknown`` stages, which the lock does not have.

    Raises
    ------
    UserError
        When DVC cannot read the project.
    """
    from dvc.exceptions import DvcException  # noqa: PLC0415
    from dvc.repo import Repo  # noqa: PLC0415

    found: dict[str, set[str]] = defaultdict(set)
    try:
        with Repo(str(root)) as repo:
            top = Path(repo.root_dir)
            made = {Path(out.fs_path) for stage in repo.index.stages for out in stage.outs}
            named = [stage for target in targets for stage in repo.stage.collect(target)]
            for stage in named or repo.index.stages:
                if stage.addressing not in stages:
                    found["unknown"].add(stage.addressing)
                    continue
                if stage.changed_stage():  # its command, or what it lists
                    found["code"].add(f"dvc.yaml ({stage.addressing})")
                for out in stage.outs:
                    for state in out.workspace_status().values():
                        kind = "absent" if state == "deleted" else "altered"
                        found[kind].add(Path(out.fs_path).relative_to(top).as_posix())
                for dep in stage.deps:
                    path = Path(dep.fs_path)
                    is_made = any(path.is_relative_to(m) or m.is_relative_to(path) for m in made)
                    for state in dep.status().values():
                        if isinstance(state, dict):
                            found["parameters"] |= set(state)
                        else:
                            kind = "inputs" if is_made else "code"
                            found[kind].add(path.relative_to(top).as_posix())
    except DvcException as error:
        raise UserError(f"{root.resolve()}: DVC cannot tell its state ({error})") from error
    return found


def verify(
    root: Path = Path(), revision: str = "HEAD", targets: Sequence[str] = ()
) -> Verification:
    """Compare the workspace with the recorded study of its profile.

    That is the one kept in ``studies/<profile>`` or, where none is, the one that a commit recorded.

    Parameters
    ----------
    root : Path
        The checkout.
    revision : str
        Commit, tag or branch.
    targets : sequence of str
        Stages whose outputs are compared; none means all.

    Raises
    ------
    UserError
        When DVC cannot read the project, or the record has no such target.
    """
    here = _files(root)
    if LOCK not in here:
        return Verification(Verdict.ABSENT, f"there is no {LOCK}; `make repro` computes the study")
    try:
        reference, recorded = _recorded(root, revision, here)
    except _NothingToCompareError as error:
        return Verification(Verdict.INCOMPARABLE, str(error))
    ours, theirs = (_yaml(files[LOCK]).get("stages") or {} for files in (here, recorded))
    if odd := [name for name in targets if name not in theirs]:
        raise UserError(
            f"{odd[0]}: {reference} recorded no such stage. `dvc stage list` lists the stages of "
            "params.yaml as it is here"
        )
    state = inspect(root, ours, targets)
    compared = targets or list(theirs)
    before, after = _outputs(theirs, compared), _outputs(ours, targets or list(ours))
    total = len(before)

    if state["altered"]:
        paths = sorted(state["altered"])
        return Verification(
            Verdict.ALTERED,
            f"{len(paths)} of {total} outputs do not hold what {LOCK} says, {paths[0]} first; "
            "`make repro` computes them again",
            [("altered", path) for path in paths],
        )
    absent = sorted((before.keys() - after.keys()) | state["absent"])
    stale = [("changed", path) for path in sorted(state["code"] | state["inputs"])]
    listed = [*(("not here", path) for path in absent), *stale]
    parameters = _other_parameters(recorded, here) or ", ".join(sorted(state["parameters"]))
    if parameters:
        rest = f"; {len(absent)} of {total} outputs are not here" if absent else ""
        if not absent and (state["parameters"] or state["inputs"]):
            rest = "; not computed with them yet"
        explanation = f"{parameters} differ from those of {reference}{rest}"
        return Verification(Verdict.PARAMETERS, explanation, listed)
    if absent or state["unknown"]:
        count = f"{len(absent)} of {total} outputs are" if absent else "stages are"
        explanation = f"{count} not here; `make repro` computes the study, `dvc pull` fetches it"
        return Verification(Verdict.ABSENT, explanation, listed)
    differing = [path for path in before if before[path] != after[path]]
    equal = f"{total - len(differing)} of {total} outputs equal those of {reference}"
    listed = [*(("differs", path) for path in differing), *stale]
    db = None if targets else _psnr_differences(recorded, here)
    other_code = _other_code(theirs, ours, compared) - state["code"] if differing else set()
    if code := sorted(state["code"] | other_code):
        differ = "differs" if len(code) == 1 else "differ"
        whose = "here" if state["code"] else f"of {reference}"
        by = f", mean PSNR differs by {db[1]:.4f} dB at most" if db else ""
        return Verification(
            Verdict.CODE,
            f"{_few(code)} {differ} from the code that the outputs {whose} were computed with; "
            f"{equal}{by}",
            [*listed, *(("other code", path) for path in sorted(other_code))],
        )
    if state["inputs"]:
        names = _few(sorted(state["inputs"]))
        explanation = f"stages are not up to date with {names}; `make repro` runs them"
        return Verification(Verdict.ABSENT, explanation, listed)
    if differing:
        why = "; ".join(_causes(recorded, here, differing if targets else (), root))
        counted = f"{equal} bit by bit"
        why = f"; {why or 'provenance names no cause'}"
        if db is None:
            explanation = f"{counted}, and no scores tell by how much{why}"
            return Verification(Verdict.INCOMPARABLE, explanation, listed)
        image_db, mean_db, worst = db
        return Verification(
            Verdict.CLOSE if mean_db <= CLOSE_DB else Verdict.DIFFERENT,
            f"mean PSNR to within {mean_db:.4f} dB ({worst}), that of one image {image_db:.4f} dB; "
            f"{counted}{why}",
            listed,
        )
    restored = [
        name
        for name in compared
        if not computed_here(ours[name]["cmd"], [*_outputs(ours, [name])], root)
    ]
    if restored:
        return Verification(
            Verdict.RESTORED,
            f"all {total} outputs equal those of {reference} bit by bit, but {len(restored)} of "
            f"{len(compared)} stages did not run here",
            [("restored", name) for name in restored],
        )
    return Verification(
        Verdict.REPRODUCED,
        f"all {total} outputs were computed here and equal those of {reference} bit by bit",
    )


class _NothingToCompareError(Exception):
    """There is no recorded study."""


def _recorded(root: Path, revision: str, here: Files) -> tuple[str, Files]:
    """Return name and files of the study to compare with."""
    profile = _yaml(here.get(PARAMS, b"")).get("profile")
    # Names of folders that are there: nothing of params.yaml becomes part of a path.
    studies = {folder.name: folder for folder in (root / STUDIES).glob("*/")}
    kept = _files(studies[profile]) if profile in studies else {}
    if LOCK in kept:
        return f"{STUDIES}/{profile}", kept
    probe = _git(root, "rev-parse", "-q", "--verify", "--end-of-options", f"{revision}^{{commit}}")
    if probe.returncode:
        raise _NothingToCompareError(
            f"{root.resolve()} is no git checkout with revision {revision!r}; clone the "
            "repository, or name another revision"
        )
    commit = probe.stdout.decode().strip()
    shown = {
        name: _git(root, "show", f"{commit}:./{name}") for name in (LOCK, PARAMS, QUALITY, RUNS)
    }
    recorded = {name: found.stdout for name, found in shown.items() if found.returncode == 0}
    if LOCK not in recorded:
        raise _NothingToCompareError(f"revision {revision} has no {LOCK}: name one with a study")
    if (other := _yaml(recorded.get(PARAMS, b"")).get("profile")) != profile:
        raise _NothingToCompareError(
            f"the study of commit {revision} is of profile {other}, params.yaml here of profile "
            f"{profile}; name a revision with that profile"
        )
    return f"commit {revision}", recorded


def _git(root: Path, *words: str) -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run(["git", *words], cwd=root, capture_output=True, check=False)


def _files(folder: Path) -> Files:
    paths = {name: folder / name for name in (LOCK, PARAMS, QUALITY, RUNS)}
    return {name: path.read_bytes() for name, path in paths.items() if path.is_file()}


def _yaml(content: bytes) -> dict[str, Any]:
    return yaml.load(content, _Loader) or {}


def _table(files: Files, name: str) -> pd.DataFrame:
    return pd.read_csv(io.BytesIO(files[name]), dtype=str, keep_default_na=False)


def _outputs(stages: Stages, names: Collection[str]) -> dict[str, str]:
    """Paths and digests of the outputs of stages; those that are not there have none."""
    outs = (out for name in names for out in stages.get(name, {}).get("outs", ()))
    return {out["path"]: str(out.get("md5", "")) for out in outs}


def _few(names: Sequence[str]) -> str:
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return f"{', '.join(names[:3])}{more}"


def _other_code(theirs: Stages, ours: Stages, names: Collection[str]) -> set[str]:
    """Return what stages depend on, outputs apart, whose digests differ between two locks."""
    made = [Path(path) for path in _outputs(theirs, list(theirs))]
    pairs = ((theirs[name].get("deps", ()), ours[name].get("deps", ())) for name in names)
    return {
        dep["path"]
        for before, after in pairs
        for dep in before
        if dep["path"] in {d["path"] for d in after if d.get("md5") != dep.get("md5")}
        if not any(path.is_relative_to(dep["path"]) for path in made)
    }


def _psnr_differences(recorded: Files, here: Files) -> tuple[float, float, str] | None:
    """Largest difference of an image, and of a mean with its name; None without common rows."""
    if QUALITY not in recorded or QUALITY not in here:
        return None
    row = ["key", "dataset", "image", "protocol"]
    both = _table(recorded, QUALITY).merge(_table(here, QUALITY), on=row, suffixes=("", "_here"))
    if both.empty:
        return None
    psnr, ours = (pd.to_numeric(both[c]) for c in ("psnr_db", "psnr_db_here"))
    both["difference"] = (ours - psnr).where(ours != psnr, 0.0)  # two infinite values are equal
    means = both.groupby(["key", "dataset"])["difference"].mean().abs()
    worst: Any = means.idxmax()
    key, dataset = worst
    return float(both["difference"].abs().max()), float(means.max()), f"{key} on {dataset}"


def _flattened(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in values.items():
        inner = isinstance(value, dict) and value
        flat |= _flattened(value, f"{prefix}{name}.") if inner else {f"{prefix}{name}": value}
    return flat


def _other_parameters(recorded: Files, here: Files) -> str:
    before, after = (_flattened(_yaml(files.get(PARAMS, b""))) for files in (recorded, here))
    names = [n for n in before | after if before.get(n, ...) != after.get(n, ...)]
    names = [name for name in names if not name.startswith(NEUTRAL)]
    if len(names) == 1:
        values = (values.get(names[0], "absent") for values in (before, after))
        return f"{names[0]} ({', here '.join(map(str, values))})"
    return _few(names)


def _causes(recorded: Files, here: Files, differing: Sequence[str], root: Path) -> list[str]:
    """Name what differs between recorded runs and those here: all, or those of some folders."""
    if RUNS not in recorded or (RUNS not in here and not differing):
        return []
    if differing:
        records = [path for p in differing if (path := root / p / "run.json").is_file()]
        rows = [{"key": path.parent.name} | json.loads(path.read_bytes()) for path in records]
        runs = pd.DataFrame(rows, columns=["key", *CAUSES]).dropna(axis=1).astype(str)
    else:
        runs = _table(here, RUNS)
    both = _table(recorded, RUNS).merge(runs, on="key", suffixes=("", "_here"))
    found = []
    for column, meaning in CAUSES.items():
        if {column, f"{column}_here"} <= {*both.columns}:
            changed = both[both[column] != both[f"{column}_here"]]
            if len(changed):
                before, after = changed[[column, f"{column}_here"]].iloc[0]
                values = "" if column.endswith("digest") else f" ({before}, here {after})"
                found.append(f"{meaning}{values} in {len(changed)} of {len(both)} runs")
    return found


def tell_report(verification: Verification, report: Path = REPORT) -> None:
    """Write into the report whether the study reproduced; the page shows it on its first screen.

    Parameters
    ----------
    report : Path
        The report's folder; nothing is written where there is none. DVC does not track the file.
    """
    if report.is_dir():
        reproduced = verification.verdict is Verdict.REPRODUCED
        facts = {"reproduced": reproduced, "sentence": verification.sentence}
        text = f"window.reportVerified = {json.dumps(facts)};\n"
        (report / "verified.js").write_text(text, encoding="utf-8")


def command(
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
        from pipeline.scheduling.repro import repro  # noqa: PLC0415 (slow, and rarely needed)

        repro(targets)
    found = verify(revision=revision, targets=targets or ())
    if optional and found.verdict is Verdict.INCOMPARABLE:
        return
    if verbose:
        for told, path in found.paths:
            print(f"{told}: {path}")
    more = bool(found.paths) and not verbose
    print(found.sentence + (" `mesr verify -v` lists them." if more else ""))
    if not targets:
        tell_report(found)
    if not optional:
        raise typer.Exit(found.verdict.value[1])
