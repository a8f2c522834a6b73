"""Did the study reproduce? Outputs of the workspace against those that a commit recorded.

`dvc.lock` names every output of the study by the digest of its content, so that two locks tell
which outputs are equal bit by bit without the outputs themselves. Where they differ, result files
tell by how many dB, and their provenance why that may be.
"""

import io
import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from pipeline.study.paths import STUDIES
from pipeline.support.errors import UserError

LOCK = "dvc.lock"
REPORT = Path("reports/build")
PARAMS = "params.yaml"
QUALITY = "results/quality.csv"
RUNS = "results/runs.csv"
# What identifies a row of quality.csv, and what of runs.csv may explain a difference.
ROW = ["model", "variant", "source", "scale", "dataset", "image", "protocol", "seed"]
CAUSES = {
    "machine": "another processor",
    "device": "another kind of device",
    "torch": "another version of PyTorch",
    "threads": "another number of threads",
    "precision": "another precision",
    "code_digest": "other code",
    "data_digest": "other images",
    "settings": "other network settings",
}


@dataclass(frozen=True)
class Verification:
    """How the outputs of a study compare with recorded ones.

    Attributes
    ----------
    reference : str
        What they were compared with, for people.
    outputs : int
        How many outputs both have.
    differing : tuple of str
        Paths of those that are not equal bit by bit.
    missing : tuple of str
        Paths of recorded outputs that were not computed here.
    worst_image_db, worst_mean_db : float or None
        Largest difference of a PSNR of one image and of a dataset's mean; None where the result
        files are equal or cannot be compared.
    worst : str
        Which mean that is.
    causes : tuple of str
        What in the provenance differs, and may explain it.
    provenance : bool
        Whether provenance of everything that differs is recorded: trainings have it, a choice of a
        learning rate has not.
    """

    reference: str
    outputs: int
    differing: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    worst_image_db: float | None = None
    worst_mean_db: float | None = None
    worst: str = ""
    causes: tuple[str, ...] = field(default=())
    provenance: bool = True

    @property
    def reproduced(self) -> bool:
        """Whether every recorded output was computed here and is equal bit by bit."""
        return not (self.differing or self.missing) and self.outputs > 0

    def sentence(self) -> str:
        """Say in one line whether the study reproduced."""
        if self.reproduced:
            return (
                f"reproduced: all {self.outputs} outputs equal those of {self.reference} "
                "bit by bit."
            )
        equal = self.outputs - len(self.differing)
        parts = [f"{equal} of {self.outputs} outputs equal those of {self.reference} bit by bit"]
        if self.missing:
            parts.append(f"{len(self.missing)} were not computed here")
        if self.worst_mean_db is not None:
            parts.append(
                f"mean PSNR differs by {self.worst_mean_db:.4f} dB at most ({self.worst}), that "
                f"of one image by {self.worst_image_db:.4f} dB"
            )
        elif self.differing:
            parts.append("no PSNR differs")
        if self.causes:
            parts.append(f"possible causes: {'; '.join(self.causes)}")
        elif self.differing and not self.provenance:
            parts.append("no provenance is recorded of some that differ, so no cause can be named")
        elif self.differing:
            parts.append("provenance names no cause: the same code, data and versions, see above")
        return f"not bit by bit: {'; '.join(parts)}."


def outputs_of(lock: Mapping[str, Any], targets: Sequence[str] = ()) -> dict[str, str]:
    """Paths and digests of the outputs in the contents of a dvc.lock: all, or those of stages."""
    stages = lock.get("stages") or {}
    return {
        out["path"]: str(out.get("md5", ""))
        for name, stage in stages.items()
        if not targets or name in targets
        for out in stage.get("outs", ())
    }


def compare(
    reference: str,
    recorded: Mapping[str, bytes],
    here: Mapping[str, bytes],
    targets: Sequence[str] = (),
) -> Verification:
    """Compare the files of two studies.

    Parameters
    ----------
    reference : str
        What `recorded` is, for people.
    recorded, here : mapping of str to bytes
        Names of dvc.lock, params.yaml, results/quality.csv and results/runs.csv -> their contents.
        Only dvc.lock must be there.
    targets : sequence of str
        Stages whose outputs are compared; none means all.

    Returns
    -------
    Verification
    """
    before, after = (
        outputs_of(yaml.load(files[LOCK], _Loader), targets) for files in (recorded, here)
    )
    differing = [path for path in before if path in after and before[path] != after[path]]
    verification = Verification(
        reference=reference,
        outputs=sum(path in after for path in before),
        differing=tuple(differing),
        missing=tuple(path for path in before if path not in after),
    )
    if not differing:
        return verification
    image_db = mean_db = None
    worst = ""
    if QUALITY in recorded and QUALITY in here and recorded[QUALITY] != here[QUALITY]:
        image_db, mean_db, worst = _psnr_differences(recorded[QUALITY], here[QUALITY])
    return Verification(
        verification.reference,
        verification.outputs,
        verification.differing,
        verification.missing,
        image_db,
        mean_db,
        worst,
        (*_other_parameters(recorded, here), *_causes(recorded.get(RUNS), here.get(RUNS))),
    )


def committed_files(revision: str, names: Sequence[str], root: Path) -> dict[str, bytes]:
    """Contents of files as `revision` has them; those that it does not have are left out.

    Raises
    ------
    UserError
        When `root` is no git checkout or the revision is unknown.
    """
    probe = subprocess.run(
        ["git", "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}"],
        cwd=root,
        capture_output=True,
        check=False,
    )
    if probe.returncode:
        raise UserError(
            f"{root}: no git checkout with revision {revision!r}, so there is no committed study "
            "to compare with. Clone the repository, or name another revision."
        )
    commit = probe.stdout.decode().strip()
    found = {}
    for name in names:
        shown = subprocess.run(
            ["git", "show", f"{commit}:./{name}"], cwd=root, capture_output=True, check=False
        )
        if shown.returncode == 0:
            found[name] = shown.stdout
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
        When there is no recorded study of this profile, no lock here, or a target is in neither.
    """
    names = (LOCK, PARAMS, QUALITY, RUNS)
    here = _files(root, names)
    if LOCK not in here:
        raise UserError(f"{root.resolve()} has no {LOCK}: run `make repro` first")
    profile = _parameters(here).get("profile")
    # Names of folders that are there: nothing of params.yaml becomes part of a path.
    studies = {folder.name: folder for folder in (root / STUDIES).glob("*/")}
    kept = _files(studies[profile], names) if profile in studies else {}
    if LOCK in kept:
        recorded, reference = kept, f"{STUDIES}/{profile}"
    else:
        recorded, reference = committed_files(revision, names, root), f"commit {revision}"
        if LOCK not in recorded:
            raise UserError(f"revision {revision} has no {LOCK}: name one with a study")
        if (other := _parameters(recorded).get("profile")) != profile:
            raise UserError(
                f"the committed study is of profile {other}, params.yaml here of profile "
                f"{profile}: there is nothing to compare. Name a revision with that profile."
            )
    known = yaml.load(recorded[LOCK], _Loader).get("stages") or {}
    if odd := [name for name in targets if name not in known]:
        raise UserError(
            f"{odd[0]}: {reference} recorded no such stage. `dvc stage list` lists the stages of "
            "params.yaml as it is here"
        )
    if targets:  # results/ here are those of the whole study, before its stages ran again
        here = {LOCK: here[LOCK], PARAMS: here[PARAMS]}
    found = compare(reference, recorded, here, targets)
    if targets:
        found = _with_run_causes(found, recorded.get(RUNS), root)
    return found


def _with_run_causes(found: Verification, recorded: bytes | None, root: Path) -> Verification:
    """Add what differs between the trainings here and those in a recorded runs.csv."""
    if recorded is None:
        return replace(found, provenance=False)
    runs = _read(recorded).drop_duplicates("key").set_index("key")
    records = {
        Path(path).name: root / path / "run.json"
        for path in found.differing
        if (root / path / "run.json").is_file() and Path(path).name in runs.index
    }
    causes = list(found.causes)
    for key, record in records.items():
        before, after = runs.loc[key], json.loads(record.read_text(encoding="utf-8"))
        for column, meaning in CAUSES.items():
            if column in before and column in after and column != "settings":
                values = str(before[column]), str(after[column])
                cause = meaning + _shown(column, *values)
                if values[0] != values[1] and cause not in causes:
                    causes.append(cause)
    # Where an output without provenance differs too, nothing can be said of it.
    known = len(records) == len(found.differing)
    return replace(found, causes=tuple(causes), provenance=known)


def _shown(column: str, before: str, here: str) -> str:
    """Two values of a provenance column in brackets; digests say nothing to people."""
    return "" if column.endswith("digest") else f" ({before}, here {here})"


def _files(folder: Path, names: Sequence[str]) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in names if (folder / name).is_file()}


_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _read(content: bytes) -> pd.DataFrame:
    return pd.read_csv(io.BytesIO(content), dtype=str, keep_default_na=False)


def _psnr_differences(recorded: bytes, here: bytes) -> tuple[float | None, float | None, str]:
    both = _read(recorded).merge(_read(here), on=ROW, suffixes=("", "_here"))
    if both.empty:
        return None, None, ""
    psnr, ours = (pd.to_numeric(both[c]) for c in ("psnr_db", "psnr_db_here"))
    both["difference"] = (ours - psnr).where(ours != psnr, 0.0)  # two infinite values are equal
    row = [c for c in ROW if c != "image"]
    groups = both.groupby(row)["difference"].mean().abs()
    largest: Any = groups.idxmax()
    model, variant, _, scale, dataset, _, seed = map(str, largest)
    name = " ".join(filter(None, (model, variant, f"x{scale}", seed and f"seed {seed}")))
    return float(both["difference"].abs().max()), float(groups.max()), f"{name} on {dataset}"


def _parameters(files: Mapping[str, bytes]) -> dict[str, Any]:
    return yaml.load(files.get(PARAMS, b""), _Loader) or {}


def _flattened(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in values.items():
        inner = isinstance(value, dict) and value
        flat |= _flattened(value, f"{prefix}{name}.") if inner else {f"{prefix}{name}": value}
    return flat


def _other_parameters(recorded: Mapping[str, bytes], here: Mapping[str, bytes]) -> list[str]:
    before, after = (_flattened(_parameters(files)) for files in (recorded, here))
    names = [n for n in before | after if before.get(n, ...) != after.get(n, ...)]
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return [f"other parameters ({', '.join(names[:3])}{more})"] if names else []


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
