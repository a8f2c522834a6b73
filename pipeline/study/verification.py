"""Did the study reproduce? First what lies here, then how it compares with a recorded study.

`dvc.lock` names every output by the digest of its content. So the outputs on the disk are compared
with the lock, and code and parameters with it (DVC's own status), before two locks are compared:
otherwise a clone in which nothing was computed would equal its record. Where outputs differ, result
files tell by how many dB, and their provenance why that may be.
"""

import io
import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from pipeline.study.paths import STUDIES
from pipeline.support.errors import UserError
from pipeline.support.finished import computed_here

LOCK = "dvc.lock"
REPORT = Path("reports/build")
PARAMS = "params.yaml"
QUALITY = "results/quality.csv"
RUNS = "results/runs.csv"
NEUTRAL = "running."  # parameters that change no result
# Largest difference of a mean PSNR, in dB, of a study that is called reproduced.
CLOSE_DB = 0.1
# What identifies a row of quality.csv, and what of runs.csv may explain a difference.
ROW = ["model", "variant", "source", "scale", "dataset", "image", "protocol", "seed"]
CAUSES = {
    "machine": "another processor",
    "device": "another kind of device",
    "torch": "another version of PyTorch",
    "threads": "another number of threads",
    "precision": "another precision",
    "data_digest": "other images",
    "settings": "other network settings",
}


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

    def __init__(self, words: str, status: int) -> None:
        self.words, self.status = words, status


@dataclass(frozen=True)
class Verification:
    """How the study of a folder compares with a recorded one.

    Attributes
    ----------
    verdict : Verdict
        The first thing that is to be said of it.
    explanation : str
        The rest of the sentence.
    paths : tuple of (str, str)
        What to say of a path, and the path, for a list.
    """

    verdict: Verdict
    explanation: str
    paths: tuple[tuple[str, str], ...] = ()

    @property
    def reproduced(self) -> bool:
        """Whether every recorded output was computed here and is equal bit by bit."""
        return self.verdict is Verdict.REPRODUCED

    def sentence(self) -> str:
        """Say in one line whether the study reproduced."""
        return f"{self.verdict.words}: {self.explanation}."


@dataclass
class Workspace:
    """What DVC says of the stages of a folder.

    Attributes
    ----------
    altered, absent : set of str
        Outputs whose content is not the lock's, and outputs that are not there.
    parameters, code, inputs : set of str
        What changed since the stages ran that depend on it; `inputs` are outputs of other stages.
    unknown : set of str
        Stages that the lock does not know.
    """

    altered: set[str] = field(default_factory=set)
    absent: set[str] = field(default_factory=set)
    parameters: set[str] = field(default_factory=set)
    code: set[str] = field(default_factory=set)
    inputs: set[str] = field(default_factory=set)
    unknown: set[str] = field(default_factory=set)


def inspect(root: Path, targets: Sequence[str] = ()) -> Workspace:
    """Compare outputs, code and parameters of a folder with its dvc.lock.

    Raises
    ------
    UserError
        When DVC cannot read the project.
    """
    from dvc.exceptions import DvcException  # noqa: PLC0415
    from dvc.repo import Repo  # noqa: PLC0415

    found = Workspace()
    lock = _yaml((root / LOCK).read_bytes()).get("stages") or {}
    try:
        with Repo(str(root)) as repo:
            top = Path(repo.root_dir)
            made = {Path(out.fs_path) for stage in repo.index.stages for out in stage.outs}
            named = [stage for target in targets for stage in repo.stage.collect(target)]
            for stage in named or repo.index.stages:
                if stage.addressing not in lock:
                    found.unknown.add(stage.addressing)
                    continue
                if stage.changed_stage():  # its command, or what it lists
                    found.code.add(f"dvc.yaml ({stage.addressing})")
                for out in stage.outs:
                    path = Path(out.fs_path).relative_to(top).as_posix()
                    for state in out.workspace_status().values():
                        (found.absent if state == "deleted" else found.altered).add(path)
                for dep in stage.deps:
                    source = Path(dep.fs_path)
                    is_made = any(
                        source == m or source in m.parents or m in source.parents for m in made
                    )
                    for state in dep.status().values():
                        if isinstance(state, dict):
                            found.parameters |= set(state)
                        else:
                            of = found.inputs if is_made else found.code
                            of.add(source.relative_to(top).as_posix())
    except DvcException as error:
        raise UserError(f"{root.resolve()}: DVC cannot tell its state ({error})") from error
    return found


def outputs_of(lock: Mapping[str, Any], targets: Sequence[str] = ()) -> dict[str, str]:
    """Paths and digests of the outputs in the contents of a dvc.lock: all, or those of stages."""
    stages = lock.get("stages") or {}
    return {
        out["path"]: str(out.get("md5", ""))
        for name, stage in stages.items()
        if not targets or name in targets
        for out in stage.get("outs", ())
    }


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
        When DVC cannot read the project, or a target is in neither study.
    """
    names = (LOCK, PARAMS, QUALITY, RUNS)
    here = _files(root, names)
    if LOCK not in here:
        return Verification(Verdict.ABSENT, f"there is no {LOCK}; `make repro` computes the study")
    try:
        reference, recorded = _recorded(root, revision, here)
    except _NothingToCompareError as error:
        return Verification(Verdict.INCOMPARABLE, str(error))
    lock, lock_there = (_yaml(files[LOCK]).get("stages") or {} for files in (here, recorded))
    if odd := [name for name in targets if name not in lock_there]:
        raise UserError(
            f"{odd[0]}: {reference} recorded no such stage. `dvc stage list` lists the stages of "
            "params.yaml as it is here"
        )
    state = inspect(root, targets)
    before, after = (outputs_of({"stages": stages}, targets) for stages in (lock_there, lock))
    total = len(before)

    if state.altered:
        paths = sorted(state.altered)
        return Verification(
            Verdict.ALTERED,
            f"{len(paths)} of {total} outputs do not hold what {LOCK} says, {paths[0]} first; "
            "`make repro` computes them again",
            tuple(("altered", path) for path in paths),
        )
    absent = sorted((before.keys() - after.keys()) | state.absent)
    stale = [("changed", path) for path in sorted(state.code | state.inputs)]
    listed = (*(("not here", path) for path in absent), *stale)
    parameters = _other_parameters(recorded, here)
    if parameters or state.parameters:
        told = parameters or ", ".join(sorted(state.parameters))
        rest = f"; {len(absent)} of {total} outputs are not here" if absent else ""
        if not absent and (state.parameters or state.inputs):
            rest = "; not computed with them yet"
        return Verification(
            Verdict.PARAMETERS, f"{told} differ from those of {reference}{rest}", listed
        )
    if absent or state.unknown:
        count = f"{len(absent)} of {total} outputs are" if absent else "stages are"
        return Verification(
            Verdict.ABSENT,
            f"{count} not here; `make repro` computes the study, `dvc pull` fetches it",
            listed,
        )
    differing = [path for path in before if before[path] != after[path]]
    listed = (*(("differs", path) for path in differing), *stale)
    code = sorted(state.code | (_other_code(lock_there, lock, targets) if differing else set()))
    if code:
        equal = f"{total - len(differing)} of {total} outputs equal those of {reference}"
        return Verification(
            Verdict.CODE,
            f"{_few(code)} {'differs' if len(code) == 1 else 'differ'} from the code that the "
            f"outputs {'here' if state.code else f'of {reference}'} were computed with; {equal}"
            f"{_in_db(recorded, here, targets)}",
            (*listed, *(("other code", path) for path in code if path not in state.code)),
        )
    if state.inputs:
        return Verification(
            Verdict.ABSENT,
            f"stages are not up to date with {_few(sorted(state.inputs))}; `make repro` runs them",
            listed,
        )
    if not differing:
        stages = [name for name in lock_there if not targets or name in targets]
        restored = [
            name
            for name in stages
            if not computed_here(
                str(lock[name]["cmd"]), [out["path"] for out in lock[name].get("outs", ())], root
            )
        ]
        if restored:
            return Verification(
                Verdict.RESTORED,
                f"all {total} outputs equal those of {reference} bit by bit, but "
                f"{len(restored)} of {len(stages)} stages were restored, not run",
                tuple(("restored", name) for name in restored),
            )
        return Verification(
            Verdict.REPRODUCED,
            f"all {total} outputs were computed here and equal those of {reference} bit by bit",
        )
    return _compared(reference, recorded, here, targets, differing, total, root)


def _compared(
    reference: str,
    recorded: Mapping[str, bytes],
    here: Mapping[str, bytes],
    targets: Sequence[str],
    differing: Sequence[str],
    total: int,
    root: Path,
) -> Verification:
    """Say what differing outputs of equal code and parameters are worth."""
    listed = tuple(("differs", path) for path in differing)
    counted = f"{total - len(differing)} of {total} outputs equal those of {reference} bit by bit"
    causes = _run_causes(differing, recorded.get(RUNS), root) if targets else ()
    causes = causes or _causes(recorded.get(RUNS), here.get(RUNS))
    why = f"; {'; '.join(causes)}" if causes else "; provenance names no cause"
    found = None if targets else _psnr_differences(recorded.get(QUALITY), here.get(QUALITY))
    if found is None:
        return Verification(
            Verdict.INCOMPARABLE, f"{counted}, and no scores tell by how much{why}", listed
        )
    image_db, mean_db, worst = found
    verdict = Verdict.CLOSE if mean_db <= CLOSE_DB else Verdict.DIFFERENT
    text = f"mean PSNR to within {mean_db:.4f} dB{f' ({worst})' if worst else ''}"
    text += f", that of one image {image_db:.4f} dB; {counted}{why}"
    return Verification(verdict, text, listed)


class _NothingToCompareError(Exception):
    """There is no recorded study."""


def _recorded(root: Path, revision: str, here: Mapping[str, bytes]) -> tuple[str, dict[str, bytes]]:
    """Return name and files of the study to compare with."""
    names = (LOCK, PARAMS, QUALITY, RUNS)
    profile = _parameters(here).get("profile")
    # Names of folders that are there: nothing of params.yaml becomes part of a path.
    studies = {folder.name: folder for folder in (root / STUDIES).glob("*/")}
    kept = _files(studies[profile], names) if profile in studies else {}
    if LOCK in kept:
        return f"{STUDIES}/{profile}", kept
    recorded = committed_files(revision, names, root)
    if LOCK not in recorded:
        raise _NothingToCompareError(f"revision {revision} has no {LOCK}: name one with a study")
    if (other := _parameters(recorded).get("profile")) != profile:
        raise _NothingToCompareError(
            f"the study of commit {revision} is of profile {other}, params.yaml here of profile "
            f"{profile}; name a revision with that profile"
        )
    return f"commit {revision}", recorded


def committed_files(revision: str, names: Sequence[str], root: Path) -> dict[str, bytes]:
    """Contents of files as `revision` has them; those that it does not have are left out."""
    probe = _git(
        root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}"
    )
    if probe.returncode:
        said = probe.stderr.decode(errors="replace").strip().partition("\n")[0]
        raise _NothingToCompareError(
            f"{root.resolve()} is no git checkout with revision {revision!r}"
            f"{f' (git: {said})' if said else ''}; clone the repository, or name another revision"
        )
    commit = probe.stdout.decode().strip()
    shown = {name: _git(root, "show", f"{commit}:./{name}") for name in names}
    return {name: found.stdout for name, found in shown.items() if found.returncode == 0}


def _git(root: Path, *words: str) -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run(["git", *words], cwd=root, capture_output=True, check=False)


def _few(names: Sequence[str]) -> str:
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return f"{', '.join(names[:3])}{more}"


def _other_code(
    recorded: Mapping[str, Any], here: Mapping[str, Any], targets: Sequence[str]
) -> set[str]:
    """Return what stages depend on, outputs apart, whose digests differ between two locks."""
    made = set(outputs_of({"stages": recorded}))
    return {
        dep["path"]
        for name, stage in recorded.items()
        if name in here and (not targets or name in targets)
        for dep in stage.get("deps", ())
        for ours in here[name].get("deps", ())
        if ours["path"] == dep["path"] and ours.get("md5") != dep.get("md5")
        if not any(path == dep["path"] or path.startswith(f"{dep['path']}/") for path in made)
    }


def _in_db(recorded: Mapping[str, bytes], here: Mapping[str, bytes], targets: Sequence[str]) -> str:
    found = None if targets else _psnr_differences(recorded.get(QUALITY), here.get(QUALITY))
    return "" if found is None else f", mean PSNR differs by {found[1]:.4f} dB at most"


def _run_causes(differing: Sequence[str], recorded: bytes | None, root: Path) -> tuple[str, ...]:
    """Name what differs between the trainings here and those in a recorded runs.csv."""
    if recorded is None:
        return ()
    runs = _read(recorded).drop_duplicates("key").set_index("key")
    causes: list[str] = []
    for path in differing:
        record, key = root / path / "run.json", Path(path).name
        if not record.is_file() or key not in runs.index:
            continue
        before, after = runs.loc[key], json.loads(record.read_text(encoding="utf-8"))
        for column, meaning in CAUSES.items():
            if column in before and column in after and column != "settings":
                values = str(before[column]), str(after[column])
                cause = meaning + _shown(column, *values)
                if values[0] != values[1] and cause not in causes:
                    causes.append(cause)
    return tuple(causes)


def _shown(column: str, before: str, here: str) -> str:
    """Two values of a provenance column in brackets; digests say nothing to people."""
    return "" if column.endswith("digest") else f" ({before}, here {here})"


def _files(folder: Path, names: Sequence[str]) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in names if (folder / name).is_file()}


_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _yaml(content: bytes) -> dict[str, Any]:
    return yaml.load(content, _Loader) or {}


def _read(content: bytes) -> pd.DataFrame:
    return pd.read_csv(io.BytesIO(content), dtype=str, keep_default_na=False)


def _psnr_differences(
    recorded: bytes | None, here: bytes | None
) -> tuple[float, float, str] | None:
    """Largest difference of an image, and of a mean with its name; None without common rows."""
    if recorded is None or here is None:
        return None
    both = _read(recorded).merge(_read(here), on=ROW, suffixes=("", "_here"))
    if both.empty:
        return None
    psnr, ours = (pd.to_numeric(both[c]) for c in ("psnr_db", "psnr_db_here"))
    both["difference"] = (ours - psnr).where(ours != psnr, 0.0)  # two infinite values are equal
    row = [c for c in ROW if c != "image"]
    groups = both.groupby(row)["difference"].mean().abs()
    largest: Any = groups.idxmax()
    model, variant, _, scale, dataset, _, seed = map(str, largest)
    name = " ".join(filter(None, (model, variant, f"x{scale}", seed and f"seed {seed}")))
    worst = f"{name} on {dataset}" if groups.max() else ""
    return float(both["difference"].abs().max()), float(groups.max()), worst


def _parameters(files: Mapping[str, bytes]) -> dict[str, Any]:
    return _yaml(files.get(PARAMS, b""))


def _flattened(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in values.items():
        inner = isinstance(value, dict) and value
        flat |= _flattened(value, f"{prefix}{name}.") if inner else {f"{prefix}{name}": value}
    return flat


def _other_parameters(recorded: Mapping[str, bytes], here: Mapping[str, bytes]) -> str:
    before, after = (_flattened(_parameters(files)) for files in (recorded, here))
    names = [n for n in before | after if before.get(n, ...) != after.get(n, ...)]
    names = [name for name in names if not name.startswith(NEUTRAL)]
    if len(names) == 1:
        values = (values.get(names[0], "absent") for values in (before, after))
        return f"{names[0]} ({', here '.join(map(str, values))})"
    return _few(names)


def _causes(recorded: bytes | None, here: bytes | None) -> tuple[str, ...]:
    if recorded is None or here is None:
        return ()
    both = _read(recorded).merge(_read(here), on=["key", "dataset"], suffixes=("", "_here"))
    found = []
    for column, meaning in CAUSES.items():
        if column not in both or f"{column}_here" not in both:
            continue
        changed = both[both[column] != both[f"{column}_here"]]
        if not changed.empty:
            first = changed.iloc[0]
            values = _shown(column, first[column], first[f"{column}_here"])
            found.append(f"{meaning}{values} in {len(changed)} of {len(both)} runs")
    return tuple(found)


def tell_report(verification: Verification, report: Path = REPORT) -> None:
    """Write into the report whether the study reproduced; the page shows it on its first screen.

    Parameters
    ----------
    report : Path
        The report's folder; nothing is written where there is none. DVC does not track the file.
    """
    if report.is_dir():
        facts = {"reproduced": verification.reproduced, "sentence": verification.sentence()}
        text = f"window.reportVerified = {json.dumps(facts)};\n"
        (report / "verified.js").write_text(text, encoding="utf-8")
