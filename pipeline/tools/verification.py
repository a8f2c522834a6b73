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
from collections.abc import Collection, Mapping
from enum import Enum
from pathlib import Path
from typing import Annotated, Any

import pandas as pd
import typer
import yaml
from dvc.exceptions import DvcException
from dvc.repo import Repo

from pipeline.scheduling.repro import repro
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


class Verdict(Enum):
    """What is said of a study: its first words, and the exit status of ``mesr verify``."""

    REPRODUCED = "reproduced", 0
    RESTORED = "equal, but not computed here", 3
    CLOSE = f"reproduced within {CLOSE_DB} dB", 4
    PARAMETERS = "other parameters", 5
    CODE = "other code", 6
    ABSENT = "not computed here", 7
    ALTERED = "altered since it was computed", 8
    INCOMPARABLE = "cannot be compared", 9
    DIFFERENT = "not reproduced", 10


def verify(
    targets: Annotated[list[str] | None, typer.Argument(help="stages to run and compare")] = None,
    optional: Annotated[bool, typer.Option("--optional", help="exit status 0")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="list the paths")] = False,
) -> None:
    """Say whether the study of this folder was computed here and equals the recorded one.

    The exit status tells what is said: docs/reproducibility.md lists them.
    """
    if targets:
        repro(targets)
    verdict, explanation, paths = compare(targets or ())
    if optional and verdict is Verdict.INCOMPARABLE:
        return
    words, status = verdict.value
    sentence = f"{words}: {explanation}."
    if verbose:
        print("\n".join([*paths, sentence]))
    else:
        print(sentence + (" `mesr verify -v` lists them." if paths else ""))
    if not targets and REPORT.is_dir():  # the page shows it on its first screen
        facts = {"reproduced": verdict is Verdict.REPRODUCED, "sentence": sentence}
        text = f"window.reportVerified = {json.dumps(facts)};\n"
        (REPORT / "verified.js").write_text(text, encoding="utf-8")
    if not optional:
        raise typer.Exit(status)


def compare(targets: Collection[str] = ()) -> tuple[Verdict, str, list[str]]:
    """Compare the working folder with the recorded study of its profile.

    That is the one kept in ``studies/<profile>`` or, where none is, the one that HEAD recorded.

    Parameters
    ----------
    targets : collection of str
        Stages whose outputs are compared; none means all.

    Returns
    -------
    verdict : Verdict
        The first thing that is to be said of it.
    explanation : str
        The rest of the sentence.
    paths : list of str
        What there is to say of single paths, one line each.

    Raises
    ------
    UserError
        When DVC cannot read the project, or the record has no such target.
    """
    here = _files(Path())
    if LOCK not in here:
        return Verdict.ABSENT, f"there is no {LOCK}; `make repro` computes the study", []
    reference, recorded = _recorded(here)
    if not recorded:
        return Verdict.INCOMPARABLE, reference, []
    ours, theirs = (_yaml(files[LOCK]).get("stages", {}) for files in (here, recorded))
    if odd := [name for name in targets if name not in theirs]:
        remedy = "`dvc stage list` lists those that are here"
        raise UserError(f"{odd[0]}: {reference} recorded no such stage; {remedy}")
    state = inspect(ours, targets)
    compared = targets or list(theirs)
    before, after = _outputs(theirs, compared), _outputs(ours, targets or ours)
    total = len(before)
    altered, parameters = state["altered"], state["parameters"]
    absent = (before.keys() - after.keys()) | state["absent"]
    differing = [path for path in before if before[path] != after.get(path, before[path])]
    other_code = _other_code(theirs, ours, compared) - state["code"] if differing else set()
    code = state["code"] | other_code
    unlike = altered or absent or differing
    restored = [] if unlike else [name for name in compared if not _computed(ours, name)]
    equal = f"{total - len(differing)} of {total} outputs equal those of {reference}"
    db = _psnr_differences(recorded, here) if differing and not targets else None
    if altered:
        verdict = Verdict.ALTERED
        said = f"{len(altered)} of {total} outputs do not hold what {LOCK} says, {min(altered)} "
        said += "first; `make repro` computes them again"
    elif changed := _other_parameters(recorded, here):
        verdict = Verdict.PARAMETERS
        said = f"{changed} differ from those of {reference}"
        if absent or parameters or state["inputs"]:
            said += "; not computed with them yet"
    elif absent:
        verdict = Verdict.ABSENT
        said = f"{len(absent)} of {total} outputs are not here; `make repro` computes the study"
    elif parameters:
        verdict = Verdict.ABSENT
        said = f"the outputs here are of another {_few(parameters)} than params.yaml has; "
        said += "`make repro` computes them anew"
    elif code:
        verdict, whose = Verdict.CODE, "here" if state["code"] else f"of {reference}"
        said = f"{_few(code)} {'differs' if len(code) == 1 else 'differ'} from the code that the "
        said += f"outputs {whose} were computed with; {equal}"
        said += f", mean PSNR differs by {db[1]:.4f} dB at most" if db else ""
    elif state["inputs"]:
        verdict = Verdict.ABSENT
        said = f"stages are not up to date with {_few(state['inputs'])}; `make repro` runs them"
    elif differing:
        verdict, said = Verdict.INCOMPARABLE, "no scores tell by how much outputs differ"
        if db:
            image_db, mean_db, worst = db
            verdict = Verdict.CLOSE if mean_db <= CLOSE_DB else Verdict.DIFFERENT
            said = f"mean PSNR to within {mean_db:.4f} dB ({worst}), that of one image "
            said += f"{image_db:.4f} dB"
        causes = _causes(recorded, here, differing if targets else ())
        said += f"; {equal} bit by bit; {'; '.join(causes) or 'provenance names no cause'}"
    elif restored:
        verdict = Verdict.RESTORED
        said = f"all {total} outputs equal those of {reference} bit by bit, but {len(restored)} of "
        said += f"{len(compared)} stages did not run here"
    else:
        verdict = Verdict.REPRODUCED
        several = f"all {total} outputs were computed here and equal those"
        said = several if total > 1 else "its one output was computed here and equals that"
        said += f" of {reference} bit by bit"
    told = {
        "altered": altered, "not here": absent, "differs": differing,
        "changed": state["code"] | state["inputs"], "other code": other_code, "restored": restored,
    }  # fmt: skip
    listed = [f"{what}: {path}" for what, paths in told.items() for path in sorted(paths)]
    return verdict, said, listed


def inspect(stages: Stages, targets: Collection[str]) -> Mapping[str, set[str]]:
    """Compare outputs, code and parameters of the folder with the entries of its dvc.lock.

    Returns
    -------
    mapping
        ``altered`` and ``absent`` outputs (all of those of a stage that the lock does not have);
        ``parameters``, ``code`` and ``inputs`` (outputs of other stages) that changed since.

    Raises
    ------
    UserError
        When DVC cannot read the project.
    """
    found: dict[str, set[str]] = defaultdict(set)
    try:
        with Repo() as repo:
            top = Path(repo.root_dir)
            made = {Path(out.fs_path) for stage in repo.index.stages for out in stage.outs}
            named = [stage for target in targets for stage in repo.stage.collect(target)]
            for stage in named or repo.index.stages:
                outs = {Path(out.fs_path).relative_to(top).as_posix(): out for out in stage.outs}
                if stage.addressing not in stages:
                    found["absent"] |= outs.keys()
                    continue
                if stage.changed_stage():  # its command, or what it lists
                    found["code"].add(f"dvc.yaml ({stage.addressing})")
                for name, out in outs.items():
                    for state in out.workspace_status().values():
                        found["absent" if state == "deleted" else "altered"].add(name)
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
        raise UserError(f"{Path.cwd()}: DVC cannot tell its state ({error})") from error
    return found


def _recorded(here: Files) -> tuple[str, Files]:
    """Return name and files of the study to compare with; no files, and why there are none."""
    profile = _yaml(here.get(PARAMS, b"")).get("profile")
    for folder in STUDIES.glob("*/"):  # nothing of params.yaml becomes part of a path
        if folder.name == profile and LOCK in (kept := _files(folder)):
            return str(folder), kept
    shown = {
        name: subprocess.run(["git", "show", f"HEAD:./{name}"], capture_output=True, check=False)
        for name in (LOCK, PARAMS, QUALITY, RUNS)
    }
    if shown[LOCK].returncode:
        reason = " ".join(shown[LOCK].stderr.decode(errors="replace").split())
        return f"git shows no {LOCK} of commit HEAD (git: {reason}); clone the repository", {}
    recorded = {name: found.stdout for name, found in shown.items() if not found.returncode}
    if (other := _yaml(recorded.get(PARAMS, b"")).get("profile")) != profile:
        return f"commit HEAD is of profile {other}, params.yaml here of profile {profile}", {}
    return "commit HEAD", recorded


def _files(folder: Path) -> Files:
    paths = {name: folder / name for name in (LOCK, PARAMS, QUALITY, RUNS)}
    return {name: path.read_bytes() for name, path in paths.items() if path.is_file()}


def _yaml(content: bytes) -> dict[str, Any]:
    return yaml.load(content, getattr(yaml, "CSafeLoader", yaml.SafeLoader)) or {}


def _table(files: Files, name: str) -> pd.DataFrame:
    content = io.BytesIO(files.get(name, b"key\n"))
    return pd.read_csv(content, dtype=str, keep_default_na=False)


def _outputs(stages: Stages, names: Collection[str]) -> dict[str, str]:
    """Paths and digests of the outputs of stages; those that are not there have none."""
    outs = (out for name in names for out in stages.get(name, {}).get("outs", ()))
    return {out["path"]: str(out.get("md5", "")) for out in outs}


def _computed(stages: Stages, name: str) -> bool:
    return computed_here(stages[name]["cmd"], list(_outputs(stages, [name])))


def _few(names: Collection[str]) -> str:
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return f"{', '.join(sorted(names)[:3])}{more}"


def _other_code(theirs: Stages, ours: Stages, names: Collection[str]) -> set[str]:
    """Return what stages depend on, outputs apart, whose digests differ between two locks."""
    made = [Path(path) for path in _outputs(theirs, list(theirs))]
    found = set()
    for name in names:
        after = {dep["path"]: dep.get("md5") for dep in ours.get(name, {}).get("deps", ())}
        for dep in theirs[name].get("deps", ()):
            path, digest = dep["path"], dep.get("md5")
            is_made = any(output.is_relative_to(path) for output in made)
            if after.get(path, digest) != digest and not is_made:
                found.add(path)
    return found


def _psnr_differences(recorded: Files, here: Files) -> tuple[float, float, str] | None:
    """Largest difference of an image, and of a mean with its name; None without common rows."""
    before, after = _table(recorded, QUALITY), _table(here, QUALITY)
    row = [name for name in ("key", "dataset", "image", "protocol") if name in before]
    both = before.merge(after, on=row, suffixes=("", "_here"))
    if "psnr_db_here" not in both or both.empty:
        return None
    psnr, ours = (pd.to_numeric(both[c]) for c in ("psnr_db", "psnr_db_here"))
    both["difference"] = (ours - psnr).where(ours != psnr, 0.0)  # two infinite values are equal
    means = both.groupby(["key", "dataset"])["difference"].mean().abs()
    worst: Any = means.idxmax()
    return float(both["difference"].abs().max()), float(means.max()), " on ".join(worst)


def _other_parameters(recorded: Files, here: Files) -> str:
    (before,), (after,) = (
        pd.json_normalize(_yaml(files.get(PARAMS, b""))).to_dict("records")
        for files in (recorded, here)
    )
    names = [str(n) for n in before | after if before.get(n, ...) != after.get(n, ...)]
    names = [name for name in names if not name.startswith(NEUTRAL)]
    if len(names) == 1:
        values = (values.get(names[0], "absent") for values in (before, after))
        return f"{names[0]} ({', here '.join(map(str, values))})"
    return _few(names)


def _causes(recorded: Files, here: Files, folders: Collection[str]) -> list[str]:
    """Name what differs between recorded runs and those here: all, or those of some folders."""
    records = [path for folder in folders if (path := Path(folder, "run.json")).is_file()]
    rows = [{"key": path.parent.name} | json.loads(path.read_bytes()) for path in records]
    runs = rows if folders else _table(here, RUNS).to_dict("records")
    before = {row["key"]: row for row in _table(recorded, RUNS).to_dict("records")}
    pairs = [(before[run["key"]], run) for run in runs if run["key"] in before]
    found = []
    for column, meaning in CAUSES.items():
        values = [
            (old[column], str(new[column])) for old, new in pairs if column in {*old} & {*new}
        ]
        if changed := [(old, new) for old, new in values if old != new]:
            old, new = changed[0]
            text = "" if column.endswith("digest") else f" ({old}, here {new})"
            found.append(f"{meaning}{text} in {len(changed)} of {len(pairs)} runs")
    return found
