"""The result files that the report reads, checked and typed; see docs/report.md for the columns."""

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from pipeline.support.errors import UserError

TEXT: dict[str, tuple[str, ...]] = {
    "quality": ("model", "variant", "source", "dataset", "image", "protocol", "seed"),
    "complexity": ("model", "variant"),
    "certification": ("model", "dataset", "protocol", "source", "within_tolerance"),
    "counts": (
        *("model", "variant", "params_verdict", "multi_adds_verdict", "explanation"),
        *("source", "note"),
    ),
    "history": ("key", "model", "variant", "seed"),
    "runs": (
        *("key", "model", "variant", "label", "scale", "seed", "stage", "params", "steps"),
        *("device", "machine", "threads", "precision", "torch", "code_digest"),
        *("dataset", "data_digest", "lr", "schedule", "batch", "patch", "settings"),
    ),
    "tables/table1": ("step", "variant", "label", "dataset", "seeds", "source", "note"),
    "tables/table2": ("variant", "label", "dataset", "seeds", "source", "note"),
    "tables/table3": (
        *("model", "label", "variant", "provenance", "dataset", "seeds", "source"),
        *("rank_psnr", "rank_ssim", "note"),
    ),
    "tables/table4": (
        *("model", "label", "variant", "complexity_source", "dataset", "provenance"),
        *("quality_source", "rank_psnr", "note"),
    ),
}
TRAININGS = ("train", "ablate")  # stages in runs.csv that train; the others evaluate
INTERVAL = ("diff_db", "diff_low_db", "diff_high_db")
NUMBERS: dict[str, tuple[str, ...]] = {
    "quality": ("scale", "psnr_db", "ssim"),
    "complexity": ("scale", "params", "multi_adds"),
    "certification": ("scale", "published_psnr_db", "psnr_db", "published_ssim", "ssim"),
    "counts": (
        *("scale", "params", "counted_params", "published_params"),
        *("multi_adds", "counted_multi_adds", "published_multi_adds"),
    ),
    "history": ("scale", "step", "loss", "psnr_db"),
    "runs": (),
    "tables/table1": (
        *("scale", "psnr_db", "psnr_sd_db", *INTERVAL),
        *("published_psnr_db", "published_diff_db"),
    ),
    "tables/table2": (
        *("scale", "psnr_db", "psnr_sd_db", "ssim", "ssim_sd", *INTERVAL),
        *("published_psnr_db", "published_ssim"),
    ),
    "tables/table3": (
        *("scale", "psnr_db", "psnr_sd_db", "ssim", "ssim_sd"),
        *("published_psnr_db", "published_ssim"),
    ),
    "tables/table4": (
        *("params", "multi_adds", "published_params", "published_multi_adds", "scale"),
        *("psnr_db", "published_psnr_db"),
    ),
}
OPTIONAL_TEXT = {"certification": ("variant", "details", "note", "measured", "git_revision")}


@dataclass(frozen=True)
class Study:
    """What `results/study.json` says about the study as a whole."""

    profile: str
    is_paper_setting: bool
    protocol: str
    datasets: tuple[str, ...]
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def figures(self) -> dict[str, Any]:
        """The settings of the figures (params `figures`)."""
        figures = self.facts.get("figures") or {}
        if not isinstance(figures, dict):
            raise UserError(
                f"results/study.json: figures is {figures!r}, expected a mapping. Correct the "
                "`figures` section of params.yaml and run `dvc repro` again."
            )
        return figures

    def name(self, model: str, variant: str) -> str:
        """Return the name of a network as the tables print it."""
        key = f"{model} {variant}".strip()
        return str((self.facts.get("labels") or {}).get(key, key))

    @property
    def warning(self) -> str:
        """One sentence that tells this profile from the paper's setting; empty for the paper's."""
        if self.is_paper_setting:
            return ""
        return (
            f"Profile {self.profile} is not the paper's setting: its figures show the method at "
            "work and must not be quoted as the paper's results."
        )


@dataclass(frozen=True)
class Results:
    """Every result file of one study."""

    study: Study
    frames: dict[str, pd.DataFrame]

    def __getitem__(self, name: str) -> pd.DataFrame:
        return self.frames[name]


def read_results(folder: Path) -> Results:
    """Read and check all result files.

    Parameters
    ----------
    folder : Path
        The folder `results`.

    Returns
    -------
    Results
        Text columns as `str`, numeric columns as float64 with NaN for empty cells.

    Raises
    ------
    UserError
        When a file is missing, lacks a column or holds something else than a number.
    """
    study = read_study(folder / "study.json")
    return Results(study, {name: read_table(folder / f"{name}.csv", name) for name in TEXT})


def read_study(path: Path) -> Study:
    """Read `study.json`; unknown facts are kept and shown."""
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise missing(path) from None
    except ValueError as error:
        raise UserError(
            f"{path}: not valid JSON ({error}). Run `dvc repro tables` to write it again."
        ) from error
    required = {"profile": str, "is_paper_setting": bool, "protocol": str, "datasets": list}
    for name, kind in required.items():
        if not isinstance(facts, dict) or not isinstance(facts.get(name), kind):
            found = repr(facts.get(name)) if isinstance(facts, dict) else type(facts).__name__
            raise UserError(
                f"{path}: `{name}` is {found}, expected a {kind.__name__}. "
                "Run `dvc repro tables` to write the file again."
            )
    return Study(
        profile=facts["profile"],
        is_paper_setting=facts["is_paper_setting"],
        protocol=facts["protocol"],
        datasets=tuple(str(name) for name in facts["datasets"]),
        facts=facts,
    )


def read_table(path: Path, name: str) -> pd.DataFrame:
    """Read one CSV file and check its columns."""
    try:
        frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    except FileNotFoundError:
        raise missing(path) from None
    except (ValueError, OSError) as error:  # pandas' parser errors are ValueErrors
        raise UserError(
            f"{path}: cannot be read as CSV ({error}). Run `dvc repro tables` to write it again."
        ) from error
    absent = [c for c in (*TEXT[name], *NUMBERS[name]) if c not in frame.columns]
    if absent:
        raise UserError(
            f"{path}: column{'s' if len(absent) > 1 else ''} {', '.join(absent)} not found among "
            f"{', '.join(frame.columns)}. The file was written by another version; run "
            "`dvc repro tables`."
        )
    for column in OPTIONAL_TEXT.get(name, ()):
        if column not in frame.columns:
            frame[column] = ""
    for column in NUMBERS[name]:
        numbers = pd.to_numeric(frame[column].replace("", "nan"), errors="coerce")
        wrong = numbers.isna() & ~frame[column].str.lower().isin(["", "nan"])
        if wrong.any():
            row = int(wrong.to_numpy().argmax())
            raise UserError(
                f"{path}: line {row + 2}, column {column}: {frame[column].iloc[row]!r} is not a "
                "number. Run `dvc repro tables` to write the file again."
            )
        frame[column] = numbers.astype(float)
    return frame


def missing(path: Path) -> UserError:
    """Return the error for a result file that is not there."""
    return UserError(
        f"{path}: not found. The report is made from the result files of the stage `tables`; "
        "run `dvc repro` (or `dvc repro tables`) first."
    )


def ordered(values: Iterable[Any]) -> list[Any]:
    """Return the distinct values in the order of their first appearance."""
    return list(dict.fromkeys(values))


def known(number: float) -> bool:
    """Tell whether a cell holds a number."""
    return not math.isnan(number)
