"""The result files: their columns and types, how they are read and written.

`docs/report.md` says what each column holds. The stages write through `ResultFile.write`, and the
stages and the report read through `ResultFile.read`, so that a column has one name and one type.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import pandas as pd
from pydantic import BaseModel, ConfigDict, ValidationError

from pipeline.study.paths import CERTIFICATES, LR_RECORD, RECORD, RESULTS, certificate_file
from pipeline.support.errors import UserError
from pipeline.support.files import atomic_path

Kind = Literal["text", "number"]


@dataclass(frozen=True)
class ResultFile:
    """The contract of one CSV file.

    Attributes
    ----------
    path : Path
        Where the study has it, relative to the project's root; other files of the same contract
        (one evaluation's part of quality.csv) are given when reading or writing.
    stage : str
        DVC stage that writes it.
    columns : mapping of str to {"text", "number"}
        Name and type of each column, in the order of the file. An empty cell of a number column
        means that there is no value.
    """

    path: Path
    stage: str
    columns: Mapping[str, Kind]

    @property
    def names(self) -> list[str]:
        """Names of the columns, in the order of the file."""
        return list(self.columns)

    def with_numbers(self, names: Sequence[str]) -> "ResultFile":
        """Return the contract with number columns `names` at the end."""
        return replace(self, columns={**self.columns, **_number(*names)})

    def read(
        self, path: Path | None = None, *, remedy: str = "", without: Sequence[str] = ()
    ) -> pd.DataFrame:
        """Read and check a file of this contract.

        Parameters
        ----------
        path : Path, optional
            The file; `self.path` by default.
        remedy : str, optional
            Command that makes the file; the stage by default.
        without : sequence of str
            Columns that this file does not have.

        Returns
        -------
        DataFrame
            The columns of the contract in its order; text as str, numbers as float64 with NaN for
            empty cells. Columns that the contract does not have are left out.

        Raises
        ------
        UserError
            When the file is missing or unreadable, lacks a column or holds text for a number.
        """
        path, remedy = path or self.path, remedy or f"dvc repro {self.stage}"
        columns = {name: kind for name, kind in self.columns.items() if name not in without}
        frame = read_text(path, list(columns), remedy)
        for name, kind in columns.items():
            if kind == "number":
                frame[name] = _numbers(path, name, frame[name], remedy)
        return frame

    def write(
        self, rows: Sequence[Mapping[str, Any]] | pd.DataFrame, path: Path | None = None
    ) -> None:
        """Write rows; dB and SSIM, like every float, with 6 digits after the point.

        Raises
        ------
        ValueError
            When a row has a column that the contract does not know, or lacks one.
        """
        frame = rows if isinstance(rows, pd.DataFrame) else pd.DataFrame(rows)
        if len(frame) and (wrong := set(frame.columns) ^ set(self.columns)):
            raise ValueError(f"{path or self.path}: unknown or missing columns {sorted(wrong)}")
        with atomic_path(path or self.path) as temporary:
            frame.reindex(columns=self.names).to_csv(
                temporary, index=False, float_format="%.6f", lineterminator="\n"
            )


def read_text(path: Path, columns: Sequence[str], remedy: str) -> pd.DataFrame:
    """Read the named columns of a CSV file as text, character by character as they are.

    Raises
    ------
    UserError
        When the file is missing, unreadable, lacks a column or has one twice; `remedy` is the
        command that makes it.
    """
    try:
        frame = pd.read_csv(path, dtype=str, keep_default_na=False, header=None)
    except FileNotFoundError as error:
        raise UserError(f"{path}: not found. Run: {remedy}") from error
    except (ValueError, OSError) as error:  # pandas' parser errors are ValueErrors
        raise UserError(
            f"{path}: not readable as CSV ({error}). Write it again: {remedy}"
        ) from error
    header = list(frame.iloc[0])
    if absent := [name for name in columns if header.count(name) != 1]:
        problem = "is missing among" if absent[0] not in header else "stands twice in"
        raise UserError(
            f"{path}: column {absent[0]!r} {problem} {', '.join(header)}. Write it again: {remedy}"
        )
    frame = frame.iloc[1:].reset_index(drop=True)
    frame.columns = pd.Index(header)
    return frame[list(columns)].fillna("")


def read_certificate(network: str, dataset: str) -> pd.DataFrame:
    """Read the certificate of a network on a dataset, numbers digit by digit as written.

    Raises
    ------
    UserError
        When it is missing or not of the contract `CERTIFICATE`.
    """
    path = certificate_file(network, dataset)
    return read_text(path, CERTIFICATE.names, f"dvc repro certify@{network}-{dataset}")


def _numbers(path: Path, name: str, cells: pd.Series, remedy: str) -> pd.Series:
    numbers = pd.to_numeric(cells.replace("", "nan"), errors="coerce")
    wrong = numbers.isna() & ~cells.str.lower().isin(["", "nan"])
    if wrong.any():
        row = int(wrong.to_numpy().argmax())
        raise UserError(
            f"{path}, line {row + 2}, column {name}: {cells.iloc[row]!r} is not a number. "
            f"Write the file again: {remedy}"
        )
    return numbers.astype(float)


def _text(*names: str) -> dict[str, Kind]:
    return dict.fromkeys(names, "text")


def _number(*names: str) -> dict[str, Kind]:
    return dict.fromkeys(names, "number")


# One row per evaluated network and image. Also the contract of evaluations/<key>/quality/*.csv.
# Where params.yaml lists further metrics, each has a column at the end.
QUALITY = ResultFile(
    RESULTS / "quality.csv",
    "tables",
    _text("model", "variant", "source")
    | _number("scale")
    | _text("dataset", "image", "protocol", "seed")
    | _number("psnr_db", "ssim"),
)
HISTORY = ResultFile(
    RESULTS / "history.csv",
    "tables",
    _text("key", "model", "variant")
    | _number("scale")
    | _text("seed")
    | _number("step", "epoch", "lr", "loss", "psnr_db"),
)
RUNS = ResultFile(
    RESULTS / "runs.csv",
    "tables",
    _text(
        *("key", "model", "variant", "label", "scale", "seed", "stage", "params", "steps"),
        *("device", "machine", "threads", "precision", "torch", "code_digest", "dataset"),
        *("data_digest", "lr", "schedule", "batch", "patch", "settings"),
    ),
)
# Learning rates that each network's was chosen from. Also the contract of tuning/<model>.csv.
TUNING = ResultFile(
    RESULTS / "tuning.csv",
    "tables",
    _text("model", "variant")
    | _number("scale", "steps")
    | _text("seed")
    | _number("lr", "psnr_db")
    | _text("chosen", "note"),
)
COMPLEXITY = ResultFile(
    RESULTS / "complexity.csv",
    "complexity",
    _text("model", "variant") | _number("scale", "params", "multi_adds"),
)
# Every trained network at the size it has in this study; Multi-Adds on one training patch.
SIZES = ResultFile(
    RESULTS / "sizes.csv",
    "complexity",
    _text("model", "variant") | _number("scale", "patch", "params", "multi_adds"),
)
# Trainings of several lengths; Multi-Adds on one patch, and of all forward passes of the training.
LADDER = ResultFile(
    RESULTS / "ladder.csv",
    "tables",
    _text("model", "variant")
    | _number("scale")
    | _text("dataset", "seeds")
    | _number("steps", "params", "multi_adds", "training_multi_adds")
    | _number("psnr_db", "psnr_sd_db", "ssim", "ssim_sd", "rank"),
)
COUNTS = ResultFile(
    RESULTS / "counts.csv",
    "complexity",
    _text("model", "variant")
    | _number("scale")
    | _text("hr")
    | _number("params", "counted_params", "published_params")
    | _text("params_verdict")
    | _number("multi_adds", "counted_multi_adds", "published_multi_adds")
    | _text("multi_adds_verdict", "explanation", "source", "note"),
)
CERTIFICATE = ResultFile(
    CERTIFICATES,  # one file for each network and dataset
    "certify",
    _text("model", "variant")
    | _number("scale")
    | _text("dataset", "protocol")
    | _number("psnr_db", "ssim")
    | _text("note"),
)
# published/certificate.csv, whose rows carry the commit that measured them.
RECORDED_CERTIFICATE = ResultFile(
    RECORD, "certify", {**CERTIFICATE.columns, **_text("git_revision")}
)
# Measured beside published; the digits are those that are printed after the point.
CERTIFICATION = ResultFile(
    RESULTS / "certification.csv",
    "tables",
    _text("model", "variant")
    | _number("scale")
    | _text("dataset", "protocol")
    | _number("published_psnr_db", "psnr_digits", "psnr_db")
    | _number("published_ssim", "ssim_digits", "ssim")
    | _text("verdict", "misprint", "source", "note", "measured", "git_revision"),
)
# Files in all and those equal in every pixel; 8-bit values in all and those that differ; the
# largest difference in grey levels and the image that has it (empty when all are equal).
LR_CERTIFICATE = ResultFile(
    CERTIFICATES / "lr",  # one file for each dataset
    "certify_lr",
    _text("dataset")
    | _number("scale")
    | _text("lr_border", "lr_pass_rounding")
    | _number("files", "equal_files", "values", "different_values", "worst_difference")
    | _text("worst_image"),
)
# published/lr_certificate.csv, whose rows carry the commit that measured them.
RECORDED_LR_CERTIFICATE = ResultFile(
    LR_RECORD, "certify_lr", {**LR_CERTIFICATE.columns, **_text("git_revision")}
)
# The certificates of this study, or their record.
LR_CERTIFICATION = ResultFile(
    RESULTS / "tables" / "lr_certificate.csv", "tables", RECORDED_LR_CERTIFICATE.columns
)
_DIFFERENCE = _number("diff_db", "diff_low_db", "diff_high_db")
TABLE1 = ResultFile(
    RESULTS / "tables" / "table1.csv",
    "tables",
    _text("step", "variant", "label", "dataset")
    | _number("scale")
    | _text("seeds")
    | _number("psnr_db", "psnr_sd_db")
    | _DIFFERENCE
    | _number("published_psnr_db", "published_diff_db")
    | _text("source", "note"),
)
TABLE2 = ResultFile(
    RESULTS / "tables" / "table2.csv",
    "tables",
    _text("variant", "label", "dataset")
    | _number("scale")
    | _text("seeds")
    | _number("psnr_db", "psnr_sd_db", "ssim", "ssim_sd")
    | _DIFFERENCE
    | _number("published_psnr_db", "published_ssim")
    | _text("source", "note"),
)
TABLE3 = ResultFile(
    RESULTS / "tables" / "table3.csv",
    "tables",
    _text("model", "label", "variant", "provenance")
    | _number("scale")
    | _text("dataset", "seeds")
    | _number("psnr_db", "psnr_sd_db", "ssim", "ssim_sd", "published_psnr_db", "published_ssim")
    | _text("source", "rank_psnr", "rank_ssim", "note"),
)
TABLE4 = ResultFile(
    RESULTS / "tables" / "table4.csv",
    "tables",
    _text("model", "label", "variant")
    | _number("params", "multi_adds", "published_params", "published_multi_adds")
    | _text("complexity_source")
    | _number("scale")
    | _text("dataset", "provenance")
    | _number("psnr_db", "published_psnr_db")
    | _text("quality_source", "rank_psnr", "note"),
)
# Other readings of the paper against the chosen one, the first row of each dataset.
READINGS = ResultFile(
    RESULTS / "tables" / "readings.csv",
    "tables",
    _text("reading", "change")
    | _number("scale")
    | _text("dataset", "seeds")
    | _number("psnr_db", "psnr_sd_db", "ssim", "ssim_sd")
    | _DIFFERENCE
    | _number("p", "p_holm")
    | _text("verdict", "note"),
)
# How far the order of the trained networks can be trusted: letters per network, all pairs, and the
# agreement of rankings with the number of seeds that a difference of RESOLVED_DB needs.
RESOLVED_DB, RESOLVED_POWER = 0.05, 0.8
RANKING = ResultFile(
    RESULTS / "tables" / "ranking.csv",
    "tables",
    _number("scale")
    | _text("dataset", "model", "variant", "label", "seeds", "images")
    | _number("psnr_db")
    | _text("psnr_letters")
    | _number("ssim")
    | _text("ssim_letters", "note"),
)
PAIRS = ResultFile(
    RESULTS / "tables" / "pairs.csv",
    "tables",
    _number("scale")
    | _text("dataset", "metric")
    | _text("first_model", "first_variant", "second_model", "second_variant")
    | _number("diff", "diff_low", "diff_high", "p", "p_holm")
    | _text("told_apart"),
)
AGREEMENT = ResultFile(
    RESULTS / "tables" / "agreement.csv",
    "tables",
    _number("scale")
    | _text("dataset")
    | _number("networks", "seeds", "tau_metrics", "tau_seeds", "tau_seeds_lowest")
    | _number("seed_sd_db", "one_pair_seeds", "all_pairs_seeds")
    | _text("note"),
)
# The paper's statements beside what this study measured; empty cells where nothing was.
CLAIMS = ResultFile(
    RESULTS / "claims.csv",
    "tables",
    _text("claim", "statement", "section", "variant", "reference_model", "reference_variant")
    | _number("scale")
    | _text("dataset")
    | _number("seeds", "images", "paper")
    | _text("unit")
    | _number("ours", "low", "high", "compared", "p_holm")
    | _text("verdict", "figure_within", "why"),
)
# One row per network, dataset and further metric.
FURTHER_TABLE = ResultFile(
    RESULTS / "tables" / "metrics.csv",
    "tables",
    _text("model", "label", "variant", "provenance")
    | _number("scale")
    | _text("dataset", "seeds", "metric", "metric_label", "better")
    | _number("digits", "value", "value_sd")
    | _text("rank", "note"),
)
# NTIRE's challenges on efficient SR, main track: weights of runtime, FLOPs and parameters in
# sum(weight * exp(2 * value / value of the reference network)). A lower score is better.
NTIRE_WEIGHTS = {"latency_ms": 0.7, "multi_adds": 0.15, "params": 0.15}
# Not of the study: one file a machine, see `pipeline.tools.measuring`.
MEASUREMENT = ResultFile(
    Path("benchmarks/machines"),
    "",
    _text("model", "variant", "size")
    | _number("scale")
    | _text("input")
    | _number(
        *("lr_height", "lr_width", "share", "params", "multi_adds", "convolutions"),
        *("activations", "latency_ms", "latency_q1_ms", "latency_q3_ms", "rounds"),
        "peak_memory_mib",
    )
    | _text("device", "machine", "threads", "precision", "torch", "load", "measured")
    | _number("ntire_score"),
)
FILES: dict[str, ResultFile] = {
    file.path.relative_to(RESULTS).with_suffix("").as_posix(): file
    for file in (
        *(CLAIMS, QUALITY, HISTORY, RUNS, TUNING, LADDER, COMPLEXITY, SIZES, COUNTS),
        CERTIFICATION,
        *(
            LR_CERTIFICATION,
            TABLE1,
            TABLE2,
            TABLE3,
            TABLE4,
            READINGS,
            RANKING,
            PAIRS,
            AGREEMENT,
            FURTHER_TABLE,
        ),
    )
}


class _Facts(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Crop(_Facts):
    """One visual comparison; `region` is x, y, width, height in HR pixels, None chooses it."""

    dataset: str
    image: str
    scale: int
    region: tuple[int, int, int, int] | None = None


class Figures(_Facts):
    """Visual comparisons (Figures 5-8) and coarse against refined (Figure 4)."""

    crops: list[Crop] = []
    refinement: Crop | None = None


class Bootstrap(_Facts):
    """Settings of the intervals of paired differences."""

    resamples: int
    confidence: float
    seed: int


class StudyFacts(_Facts):
    """study.json: what captions need to know of the study as a whole.

    Attributes
    ----------
    labels : dict
        Names of networks as the tables print them, keyed ``"<model> <variant>"``.
    is_paper_setting : bool
        Whether everything that decides a figure is as in the paper.
    narrowed : dict
        Trained networks that depart from their published size, and how.
    certificate : {"measured", "recorded"}
        Whether certification.csv was measured in this study or is the record that comes with it.
    complexity_hr : str
        Size of the HR output that Multi-Adds are counted for, e.g. ``"1280x720"``.
    """

    profile: str
    labels: dict[str, str]
    is_paper_setting: bool
    protocol: str
    datasets: list[str]
    training: str
    scales: list[int]
    seeds: list[int]
    narrowed: dict[str, str]
    ablation_dataset: str
    complexity_dataset: str
    complexity_scale: int
    complexity_hr: str
    certificate: Literal["measured", "recorded"]
    bootstrap: Bootstrap
    figures: Figures


STUDY = RESULTS / "study.json"
METRICS = RESULTS / "metrics.json"  # {dataset: {key: {"psnr_db": mean, "ssim": mean}}}


def read_study(path: Path = STUDY, *, remedy: str = "dvc repro tables") -> StudyFacts:
    """Read and check study.json.

    Raises
    ------
    UserError
        When the file is missing, is not JSON, or a fact is missing, unknown or of a wrong type.
    """
    facts = read_json(path, remedy)
    try:
        return StudyFacts.model_validate(facts)
    except ValidationError as error:
        raise UserError(f"{first_problem(path, error)}. Write the file again: {remedy}") from error


def first_problem(path: Path, error: ValidationError) -> str:
    """Say which fact of a JSON file does not fit, why, and what was found."""
    problem = error.errors()[0]
    where = ".".join(str(part) for part in problem["loc"])
    return f"{path}: {where}: {problem['msg']} (found {str(problem['input'])[:80]!r})"


def read_json(path: Path, remedy: str, names: Iterable[str] = ()) -> dict[str, Any]:
    """Read a JSON file that holds a mapping.

    Raises
    ------
    UserError
        When it is missing, is not JSON, holds something else or lacks one of `names`; `remedy` is
        the command that makes it.
    """
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise UserError(f"{path}: not found. Run: {remedy}") from error
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path}: not valid JSON ({error}). Write it again: {remedy}") from error
    if not isinstance(facts, dict):
        raise UserError(
            f"{path}: holds a {type(facts).__name__}, expected a mapping of names to values. "
            f"Write it again: {remedy}"
        )
    if absent := [name for name in names if name not in facts]:
        raise UserError(f"{path}: {absent[0]!r} is missing. Write it again: {remedy}")
    return facts


def write_json(path: Path, content: Mapping[str, Any] | BaseModel) -> None:
    """Write a mapping as JSON, indented by 2."""
    values = content.model_dump(mode="json") if isinstance(content, BaseModel) else content
    with atomic_path(path) as temporary:
        temporary.write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8")
