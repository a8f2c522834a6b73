"""Stage `tables`: collate evaluations, runs and published figures into the result files.

Reads what `params.yaml` names and nothing else: an evaluation or a run that an earlier set of
parameters left behind is not in any table.
"""

import argparse
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.models.networks import NETWORKS, network_variants
from pipeline.study.keys import parse_scale, parse_seed
from pipeline.study.params import Params, load_params
from pipeline.study.published_figures import (
    CERTIFICATE_COLUMNS,
    PUBLISHED_FOLDER,
    PublishedQuality,
    mesr_claims,
    published_complexity,
    published_quality,
    published_variants,
)
from pipeline.study.statistics import Difference, Summary, over_seeds, paired_difference
from pipeline.support.console import run
from pipeline.support.errors import UserError
from pipeline.support.files import atomic_path
from pipeline.training.settings import Recipe

EVALUATIONS = Path("evaluations")
RUNS = Path("runs")
CERTIFICATES = Path("certificates")
RESULTS = Path("results")

QUALITY = (
    "model",
    "variant",
    "source",
    "scale",
    "dataset",
    "image",
    "protocol",
    "seed",
    "psnr_db",
    "ssim",
)
HISTORY = (
    "key",
    "model",
    "variant",
    "scale",
    "seed",
    "step",
    "epoch",
    "lr",
    "loss",
    "psnr_db",
    "steps_per_s",
)
# Settings of a training that runs.csv shows; run.json and params.yaml hold all of them.
TRAINING = ("lr", "schedule", "batch", "patch", "settings")
RUN = (
    "key",
    "model",
    "variant",
    "label",
    "scale",
    "seed",
    "stage",
    "params",
    "steps",
    "wall_seconds",
    "device",
    "machine",
    "precision",
    "torch",
    "git_revision",
    "dataset",
    "data_digest",
    *TRAINING,
)
TABLE1 = (
    "step",
    "variant",
    "label",
    "dataset",
    "scale",
    "seeds",
    "psnr_db",
    "psnr_sd_db",
    "diff_db",
    "diff_low_db",
    "diff_high_db",
    "published_psnr_db",
    "published_diff_db",
    "source",
    "note",
)
TABLE2 = (
    "variant",
    "label",
    "dataset",
    "scale",
    "seeds",
    "psnr_db",
    "psnr_sd_db",
    "ssim",
    "ssim_sd",
    "diff_db",
    "diff_low_db",
    "diff_high_db",
    "published_psnr_db",
    "published_ssim",
    "source",
    "note",
)
TABLE3 = (
    "model",
    "label",
    "variant",
    "provenance",
    "scale",
    "dataset",
    "seeds",
    "psnr_db",
    "psnr_sd_db",
    "ssim",
    "ssim_sd",
    "published_psnr_db",
    "published_ssim",
    "source",
    "rank_psnr",
    "rank_ssim",
    "note",
)
TABLE4 = (
    "model",
    "label",
    "variant",
    "params",
    "multi_adds",
    "published_params",
    "published_multi_adds",
    "complexity_source",
    "scale",
    "dataset",
    "provenance",
    "psnr_db",
    "published_psnr_db",
    "quality_source",
    "rank_psnr",
    "note",
)

# Table 1 adds the modules one by one; Table 2 compares with and without the refinement block.
TABLE1_STEPS = (
    ("single_scale", "Single-scale 3x3"),
    ("msfeb", "+ MSFEB"),
    ("no_rb", "+ RFFB"),
    ("full", "+ RB (MESR)"),
)
TABLE2_ROWS = (("no_rb", "MESR without RB"), ("rb_dagger", "RB†"), ("full", "MESR"))
ABLATION_SCALE = 4
PAPER_TRAINING = "DIV2K_train"
PAPER_DATASETS = ("Set5", "Set14", "BSD100", "Urban100")
PAPER = "MESR"

# Names as the paper prints them, where class and variant do not give them.
LABELS = {
    ("lapar", ""): "LAPAR-A",
    ("drsan", ""): "DRSAN-48m",
    ("srcnn", "9-5-5"): "SRCNN",
    ("srcnn", "9-1-5"): "SRCNN (9-1-5)",
    ("msrn", "rgb"): "MSRN",
    ("msrn", "eccv"): "MSRN (ECCV)",
    ("vdsr", "pytorch"): "VDSR (pytorch-vdsr)",
    ("mesr", "full"): "MESR",
    ("mesr", ""): "MESR",
}
PROVENANCES = ("interpolation", "trained", "published", "quoted")
SOURCES = {"interpolation": "none", "trained": "trained", "published": "published"}
EVALUATE_STAGES = {"interpolation": "bicubic", "published": "published"}
PUBLISHED_SIZE = "as published"  # constructor settings of a network without any


@dataclass(frozen=True)
class Key:
    """One evaluated network: what the folder `evaluations/<name>` holds."""

    name: str
    model: str
    variant: str
    scale: int
    provenance: str
    seed: int | None = None
    stage: str = ""


def label(model: str, variant: str) -> str:
    """Name of a network as the tables print it."""
    if (model, variant) in LABELS:
        return LABELS[model, variant]
    name = NETWORKS[model].partition(":")[2]
    return f"{name}-{variant}" if variant else name


def labels() -> dict[str, str]:
    """Names of all networks and variants, keyed ``"<model> <variant>"``."""
    known = [(m, v) for m in NETWORKS for v in network_variants(m)] + list(LABELS)
    return {f"{model} {variant}".strip(): label(model, variant) for model, variant in known}


def main_variant(model: str) -> str:
    """Variant that the paper's tables mean."""
    return "full" if model == "mesr" else next(iter(network_variants(model)))


def trained_variant(model: str, settings: dict[str, Any]) -> str:
    """Variant that a trained network belongs to: the published size its settings start from."""
    for variant, required in network_variants(model).items():
        if required and all(settings.get(k) == v for k, v in required.items()):
            return variant
    return main_variant(model)


def narrowing(model: str, settings: dict[str, Any]) -> str:
    """Say which settings depart from the published size; "" when none does."""
    named = {k for required in network_variants(model).values() for k in required}
    changed = {k: v for k, v in sorted(settings.items()) if k not in named}
    if not changed:
        return ""
    return "narrowed here: " + ", ".join(f"{k}={v}" for k, v in changed.items())


def study_keys(params: Params) -> list[Key]:
    """Every evaluation that params.yaml names, in the order of the tables."""
    keys = []
    for scale in map(parse_scale, params.scales):
        keys.append(Key(f"bicubic_x{scale}", "bicubic", "", scale, "interpolation"))
        for model in (*params.baselines, *params.models):
            variant = trained_variant(model, params.networks[model])
            keys += [
                Key(
                    f"{model}_x{scale}_{seed}",
                    model,
                    variant,
                    scale,
                    "trained",
                    parse_seed(seed),
                    "train",
                )
                for seed in params.seeds
            ]
    keys += [
        Key(f"ablation_{v}_{s}", "mesr", v, ABLATION_SCALE, "trained", parse_seed(s), "ablate")
        for v in params.variants
        for s in params.seeds
    ]
    return keys


def published_keys(params: Params) -> list[Key]:
    """List the evaluations of published weights, ``evaluate.published`` ("a2f_SD_x4")."""
    keys = []
    for name in params.evaluate.published:
        words, _, scale = name.rpartition("_x")
        model = next((m for m in NETWORKS if words == m or words.startswith(f"{m}_")), None)
        if model is None:
            raise UserError(
                f"evaluate.published: {name!r} names no network. Expected a network, its variant "
                f"if it has several, and the scale, e.g. pan_x4 or a2f_SD_x4."
            )
        word = words.removeprefix(model).removeprefix("_")
        # Names of stages and folders hold no punctuation: variant 9-1-5 is 9_1_5 there.
        variants = {re.sub(r"\W", "_", variant): variant for variant in network_variants(model)}
        variant = variants.get(word, word)
        keys.append(Key(f"published_{name}", model, variant, parse_scale(scale), "published"))
    return keys


def read_csv(path: Path, columns: Sequence[str], remedy: str) -> pd.DataFrame:
    """Read a result file as text.

    Raises
    ------
    UserError
        When it is missing or lacks a column; `remedy` says what makes it.
    """
    try:
        frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    except FileNotFoundError as error:
        raise UserError(f"{path}: missing, though params.yaml names it. Run: {remedy}") from error
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise UserError(
            f"{path}: not readable as CSV ({error}). Write it again: {remedy}"
        ) from error
    if absent := [column for column in columns if column not in frame.columns]:
        raise UserError(
            f"{path}: column {absent[0]!r} is missing among {', '.join(frame.columns)}. "
            f"Write it again: {remedy}"
        )
    return frame


def read_evaluation(key: Key, datasets: Sequence[str], protocol: str) -> pd.DataFrame:
    """Read the rows of one evaluated network, by dataset and image.

    Raises
    ------
    UserError
        When a file is missing, is of another protocol or holds an image twice.
    """
    remedy = "dvc repro (stages evaluate*)"
    frames = []
    for dataset in datasets:
        path = EVALUATIONS / key.name / "quality" / f"{dataset}.csv"
        frame = read_csv(path, QUALITY, remedy)
        if frame.empty and key.provenance != "published":
            raise UserError(f"{path}: holds no image. Write it again: {remedy}")
        if other := set(frame["protocol"]) - {protocol}:
            raise UserError(
                f"{path}: protocol {sorted(other)[0]!r}, but evaluate.protocol is {protocol!r}. "
                f"Write it again: {remedy}"
            )
        if frame["image"].duplicated().any():
            twice = frame["image"][frame["image"].duplicated()].iloc[0]
            raise UserError(f"{path}: image {twice} stands twice. Write it again: {remedy}")
        frames.append(frame.assign(dataset=dataset).sort_values("image"))
    return pd.concat(frames, ignore_index=True).assign(
        model=key.model,
        variant=key.variant,
        source=SOURCES[key.provenance],
        scale=key.scale,
        seed="" if key.seed is None else str(key.seed),
        psnr_db=lambda f: pd.to_numeric(f["psnr_db"]),
        ssim=lambda f: pd.to_numeric(f["ssim"]),
    )[list(QUALITY)]


class Quality:
    """Per-image values of every evaluated network, as matrices of seeds by images."""

    def __init__(self, frames: dict[Key, pd.DataFrame]) -> None:
        self._frames = frames
        self._cells = {
            (key, str(dataset)): rows.set_index("image")
            for key, frame in frames.items()
            for dataset, rows in frame.groupby("dataset")
        }

    @property
    def keys(self) -> list[Key]:
        """Evaluated networks, in the order of params.yaml."""
        return list(self._frames)

    def cells(self) -> dict[tuple[str, str], pd.DataFrame]:
        """Rows of each dataset and evaluated network."""
        return {(dataset, key.name): rows for (key, dataset), rows in self._cells.items()}

    def collated(self) -> pd.DataFrame:
        """All rows: results/quality.csv."""
        return pd.concat(self._frames.values(), ignore_index=True)

    def matrix(self, keys: Sequence[Key], dataset: str, metric: str) -> NDArray[np.float64]:
        """Values of shape (keys, images of `dataset`), images in alphabetical order.

        Raises
        ------
        UserError
            When the networks were evaluated on different images.
        """
        cells = [self._cells[key, dataset] for key in keys]
        for key, cell in zip(keys, cells, strict=True):
            if not cell.index.equals(cells[0].index):
                raise UserError(
                    f"evaluations/{key.name} and evaluations/{keys[0].name} hold different images "
                    f"of {dataset}. Run: dvc repro (stages evaluate*)"
                )
        return np.array([cell[metric] for cell in cells])

    def summary(self, keys: Sequence[Key], dataset: str, metric: str) -> Summary:
        """Mean and spread over seeds of one network on one dataset."""
        return over_seeds(self.matrix(keys, dataset, metric))


def number(value: float | None, digits: int = 6) -> str:
    """Format a number for a result file: an unknown one is an empty cell."""
    return "" if value is None or pd.isna(value) else f"{value:.{digits}f}"


def joined(*notes: str) -> str:
    """Join the notes that say something."""
    return "; ".join(note for note in notes if note)


def history_rows(keys: Iterable[Key]) -> pd.DataFrame:
    """Collate the training curves of `keys`."""
    frames = []
    for key in keys:
        path = RUNS / key.name / "history.csv"
        frame = read_csv(path, HISTORY[5:], f"dvc repro (stage {key.stage})")
        frame = frame.assign(
            key=key.name, model=key.model, variant=key.variant, scale=key.scale, seed=key.seed
        )
        frames.append(frame[list(HISTORY)])
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=list(HISTORY))


def read_record(path: Path, columns: Iterable[str], remedy: str) -> dict[str, Any]:
    """Read the facts that a stage recorded about a run.

    Raises
    ------
    UserError
        When the record or one of `columns` is missing; `remedy` says what makes it.
    """
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise UserError(
            f"{path}: missing, though params.yaml names the run. Run: {remedy}"
        ) from error
    except ValueError as error:
        raise UserError(f"{path}: not valid JSON ({error}). Write it again: {remedy}") from error
    known = facts if isinstance(facts, dict) else {}
    if absent := [name for name in columns if name not in known]:
        raise UserError(f"{path}: {absent[0]!r} is missing. Write it again: {remedy}")
    return known


def run_identity(key: Key) -> dict[str, Any]:
    """Return the columns of runs.csv that the name of an evaluated network decides."""
    return {
        "key": key.name,
        "model": key.model,
        "variant": key.variant,
        "label": run_label(key),
        "scale": key.scale,
        "seed": "" if key.seed is None else key.seed,
        "stage": key.stage or f"evaluate_{EVALUATE_STAGES[key.provenance]}",
    }


def training_rows(params: Params, keys: Iterable[Key]) -> list[dict[str, Any]]:
    """Provenance of each training."""
    rows = []
    for key in keys:
        identity = {**run_identity(key), "dataset": params.data.train}
        recorded = [name for name in RUN if name not in (*identity, *TRAINING[:-1])]
        path, remedy = RUNS / key.name / "run.json", f"dvc repro (stage {key.stage})"
        facts = read_record(path, (*recorded, "train"), remedy)
        if absent := [name for name in TRAINING[:-1] if name not in facts["train"]]:
            raise UserError(f"{path}: train.{absent[0]} is missing. Write it again: {remedy}")
        settings = ", ".join(f"{name}={value}" for name, value in facts["settings"].items())
        rows.append(
            {name: facts[name] for name in recorded}
            | {name: str(facts["train"][name]) for name in TRAINING[:-1]}
            | {**identity, "settings": settings or PUBLISHED_SIZE}
        )
    return rows


def evaluation_rows(keys: Iterable[Key], datasets: Sequence[str]) -> list[dict[str, Any]]:
    """Provenance of each evaluation that has no training behind it: one row per dataset."""
    rows = []
    for key in keys:
        identity = run_identity(key)
        absent = dict.fromkeys(("steps", "precision", *TRAINING), "")
        recorded = [name for name in RUN if name not in (*identity, *absent)]
        for dataset in datasets:
            path = EVALUATIONS / key.name / "record" / f"{dataset}.json"
            facts = read_record(path, recorded, f"dvc repro (stage {identity['stage']})")
            rows.append({**identity, **absent, **{name: facts[name] for name in recorded}})
    return rows


def run_label(key: Key) -> str:
    """Label of a run: that of the network, or of the ablation variant."""
    if key.stage == "ablate":
        return dict((*TABLE1_STEPS, *TABLE2_ROWS))[key.variant]
    return label(key.model, key.variant)


def measured_cells(quality: Quality, keys: Sequence[Key], dataset: str) -> dict[str, str]:
    """Mean and spread of PSNR and SSIM over the seeds `keys`; empty cells without any."""
    if not keys:
        return dict.fromkeys(("psnr_db", "psnr_sd_db", "ssim", "ssim_sd"), "")
    psnr, ssim = (quality.summary(keys, dataset, metric) for metric in ("psnr_db", "ssim"))
    return {
        "psnr_db": number(psnr.mean),
        "psnr_sd_db": number(psnr.sd),
        "ssim": number(ssim.mean),
        "ssim_sd": number(ssim.sd),
    }


class Ablation:
    """The trained variants of MESR at x4 and their paired differences."""

    def __init__(self, params: Params, quality: Quality) -> None:
        self._params = params
        self._quality = quality
        self._keys: dict[str, list[Key]] = {}
        for key in quality.keys:
            if key.model == "mesr" and key.scale == ABLATION_SCALE and key.seed is not None:
                self._keys.setdefault(key.variant, []).append(key)

    def measured(self, variant: str, dataset: str) -> tuple[dict[str, Any], str]:
        """Cells of a variant (seeds, means, spreads), and why they are empty if they are."""
        keys = self._keys.get(variant, [])
        cells = {"seeds": len(keys) or "", **measured_cells(self._quality, keys, dataset)}
        return cells, "" if keys else f"not trained in profile {self._params.profile}"

    def difference(self, variant: str, reference: str, dataset: str) -> Difference | None:
        """PSNR of `variant` less that of `reference`; None unless both were trained."""
        if not (variant in self._keys and reference in self._keys):
            return None
        keys = [*self._keys[variant], *self._keys[reference]]
        values = self._quality.matrix(keys, dataset, "psnr_db")
        seeds = len(self._keys[variant])
        settings = self._params.statistics
        return paired_difference(
            values[:seeds],
            values[seeds:],
            confidence=settings.confidence,
            resamples=settings.resamples,
            seed=settings.seed,
        )


def _difference_cells(difference: Difference | None, reference: str) -> tuple[dict[str, str], str]:
    if difference is None:
        return {"diff_db": "", "diff_low_db": "", "diff_high_db": ""}, ""
    cells = {
        "diff_db": number(difference.mean),
        "diff_low_db": number(difference.low),
        "diff_high_db": number(difference.high),
    }
    return cells, joined(f"difference to {reference}", difference.note)


def table1(params: Params, ablation: Ablation) -> list[dict[str, Any]]:
    """Table 1: modules added one by one, each step with its paired difference to the one before."""
    dataset = params.tables.ablation_dataset
    claims = mesr_claims()
    baseline, gain = claims["baseline_psnr"], claims["msfeb_gain"]
    comparable = dataset == baseline.dataset
    labels = dict(TABLE1_STEPS)
    rows = []
    previous = ""
    for step, (variant, text) in enumerate(TABLE1_STEPS, start=1):
        cells, cells_note = ablation.measured(variant, dataset)
        difference = ablation.difference(variant, previous, dataset) if previous else None
        diff_cells, diff_note = _difference_cells(difference, labels.get(previous, ""))
        published = published_diff = None
        source, known = "", "published value not available as a number"
        if not comparable:
            known = f"the paper's Table 1 is on {baseline.dataset}"
        elif variant == baseline.variant:
            published, source, known = baseline.value, f"{PAPER}, {baseline.section}", ""
        elif variant == gain.variant and baseline.value is not None and gain.value is not None:
            published, published_diff = baseline.value + gain.value, gain.value
            source = f"{PAPER}, {gain.section}"
            known = f"published: {baseline.value:.2f} + {gain.value:.2f} dB"
        rows.append(
            {
                "step": step,
                "variant": variant,
                "label": text,
                "dataset": dataset,
                "scale": ABLATION_SCALE,
                **{name: cells[name] for name in ("seeds", "psnr_db", "psnr_sd_db")},
                **diff_cells,
                "published_psnr_db": number(published),
                "published_diff_db": number(published_diff),
                "source": source,
                "note": joined(cells_note, diff_note, known),
            }
        )
        previous = variant
    return rows


def table2(params: Params, ablation: Ablation) -> list[dict[str, Any]]:
    """Table 2: without RB, with RB supervised at its end alone, and MESR, on every test set."""
    labels = dict(TABLE2_ROWS)
    reference = TABLE2_ROWS[0][0]
    rows = []
    for variant, text in TABLE2_ROWS:
        for dataset in params.data.test:
            cells, cells_note = ablation.measured(variant, dataset)
            difference = (
                ablation.difference(variant, reference, dataset) if variant != reference else None
            )
            diff_cells, diff_note = _difference_cells(difference, labels[reference])
            rows.append(
                {
                    "variant": variant,
                    "label": text,
                    "dataset": dataset,
                    "scale": ABLATION_SCALE,
                    **cells,
                    **diff_cells,
                    "published_psnr_db": "",
                    "published_ssim": "",
                    "source": "",
                    "note": joined(
                        cells_note, diff_note, "the paper's Table 2 is not available as numbers"
                    ),
                }
            )
    return rows


def _order(model: str, variant: str) -> tuple[int, int]:
    # The networks as the registry lists them, MESR last as in the paper.
    models = [*(name for name in NETWORKS if name != "mesr"), "mesr"]
    variants = list(network_variants(model))
    return models.index(model), variants.index(variant) if variant in variants else len(variants)


def _published_note(entry: PublishedQuality | None, protocol: str) -> str:
    if entry is None:
        return ""
    if entry.psnr_db is None and entry.ssim is None:
        return entry.note
    authors = joined(
        f"published under protocol {entry.protocol}" if entry.protocol != protocol else "",
        entry.details and f"authors' options {entry.details.replace('; ', ', ')}",
    )
    return joined(authors, entry.note)


def quotable() -> list[str]:
    """Networks that have rows of quoted figures: MESR and those whose figures were collected."""
    networks = (model for model in NETWORKS if model != "bicubic")
    return [model for model in networks if model == "mesr" or published_variants(model)]


def _methods(params: Params, quality: Quality) -> dict[tuple[int, str, str, str], list[Key]]:
    """Group evaluations by scale, model, variant and provenance, in the order of Table 3."""
    groups: dict[tuple[int, str, str, str], list[Key]] = {}
    for key in quality.keys:
        if key.stage != "ablate":
            groups.setdefault((key.scale, key.model, key.variant, key.provenance), []).append(key)
    for scale in map(parse_scale, params.scales):
        for model in quotable():
            variant = main_variant(model)
            # A figure is quoted where the weights behind it were not evaluated here.
            if (scale, model, variant, "published") not in groups:
                groups[scale, model, variant, "quoted"] = []
    order = sorted(groups, key=lambda g: (g[0], *_order(g[1], g[2]), PROVENANCES.index(g[3])))
    return {group: groups[group] for group in order}


def table3(params: Params, quality: Quality) -> list[dict[str, Any]]:
    """Table 3: every method at every scale on every test set, ranked among comparable rows."""
    published = published_quality()
    rows: list[dict[str, Any]] = []
    for (scale, model, variant, provenance), keys in _methods(params, quality).items():
        for dataset in params.data.test:
            if provenance == "quoted" and dataset not in PAPER_DATASETS:
                continue
            entry = published.get((model, variant, scale, dataset))
            rows.append(
                {
                    "model": model,
                    "label": label(model, variant),
                    "variant": variant,
                    "provenance": provenance,
                    "scale": scale,
                    "dataset": dataset,
                    "seeds": len(keys) if provenance == "trained" else "",
                    **measured_cells(quality, keys, dataset),
                    "published_psnr_db": number(entry.psnr_db) if entry else "",
                    "published_ssim": number(entry.ssim) if entry else "",
                    "source": entry.source if entry else "",
                    "rank_psnr": "",
                    "rank_ssim": "",
                    "note": _table3_note(params, model, provenance, entry),
                }
            )
    _rank(rows, "rank_psnr", "psnr_db", digits=2)
    _rank(rows, "rank_ssim", "ssim", digits=4)
    return rows


def _table3_note(
    params: Params, model: str, provenance: str, entry: PublishedQuality | None
) -> str:
    note = _published_note(entry, params.evaluate.protocol)
    if provenance == "trained":
        return joined(narrowing(model, params.networks[model]), note)
    if provenance == "quoted":
        if model == "mesr":
            return "the paper's Table 3 is not available as numbers"
        if entry is not None and entry.psnr_db is not None:
            return joined("no published weights evaluated here", note)
    return note


def _rank(rows: list[dict[str, Any]], rank: str, column: str, *, digits: int) -> None:
    """Mark best and second best among rows of the same provenance, scale and dataset.

    Values that print alike share a rank; a lone row has none to compare with. Quoted rows have no
    measured value and get no rank: each source has its own protocol.
    """
    frame = pd.DataFrame(rows)
    if frame.empty:
        return
    frame["value"] = pd.to_numeric(frame[column]).round(digits)
    for _, group in frame.groupby(["provenance", "scale", "dataset"]):
        if group["value"].notna().sum() < 2:
            continue
        for index, position in group["value"].rank(method="dense", ascending=False).items():
            if position in (1, 2):
                rows[int(str(index))][rank] = int(position)


def table4(
    params: Params, rows3: Sequence[dict[str, Any]], complexity: pd.DataFrame
) -> list[dict[str, Any]]:
    """Table 4: parameters and Multi-Adds at the papers' sizes, and PSNR on one dataset."""
    scale, dataset = parse_scale(params.tables.complexity_scale), params.tables.complexity_dataset
    counted = {
        (r["model"], r["variant"], int(r["scale"])): r for r in complexity.to_dict("records")
    }
    published = published_complexity()
    chosen = [
        r
        for r in rows3
        if (r["scale"], r["dataset"]) == (scale, dataset) and r["model"] != "bicubic"
    ]
    present = {r["model"] for r in chosen}
    for model in quotable():
        if model not in present:
            variant = main_variant(model)
            chosen.append(
                {
                    "model": model,
                    "label": label(model, variant),
                    "variant": variant,
                    "provenance": "quoted",
                    "psnr_db": "",
                    "published_psnr_db": "",
                    "source": "",
                    "rank_psnr": "",
                    "note": f"not trained in profile {params.profile}",
                }
            )
    chosen.sort(
        key=lambda r: (*_order(r["model"], r["variant"]), PROVENANCES.index(r["provenance"]))
    )
    rows = []
    for row in chosen:
        model, variant = row["model"], row["variant"]
        # Third-party weights have no count of their own: the network is that of the first variant.
        own = variant if (model, variant, scale) in counted else main_variant(model)
        count = counted.get((model, own, scale))
        figure = published.get((model, own, scale))
        narrowed = model in params.networks and row["provenance"] == "trained"
        size = narrowing(model, params.networks[model]) if narrowed else ""
        rows.append(
            {
                "model": model,
                "label": row["label"],
                "variant": variant,
                "params": count["params"] if count else "",
                "multi_adds": count["multi_adds"] if count else "",
                "published_params": number(figure.params, 0) if figure else "",
                "published_multi_adds": number(figure.multi_adds, 0) if figure else "",
                "complexity_source": figure.source if figure else "",
                "scale": scale,
                "dataset": dataset,
                "provenance": row["provenance"],
                "psnr_db": row["psnr_db"],
                "published_psnr_db": row["published_psnr_db"],
                "quality_source": row["source"],
                "rank_psnr": row["rank_psnr"],
                "note": joined(
                    "counts are of the published size" if size else "",
                    row["note"],
                    "" if count else "not counted",
                    f"published counts: {joined(figure.convention, figure.note)}" if figure else "",
                ),
            }
        )
    return rows


def certification(params: Params) -> pd.DataFrame:
    """Collate the certificate, or take the record of the last full measurement.

    A profile that certifies nothing (no network, no assets) shows `published/certificate.csv`,
    whose rows say that they are recorded and at which revision they were measured.
    """
    if not params.certify.networks:
        return read_csv(
            PUBLISHED_FOLDER / "certificate.csv",
            CERTIFICATE_COLUMNS,
            "git checkout -- published/certificate.csv",
        )[list(CERTIFICATE_COLUMNS)]
    frames = [
        read_csv(
            CERTIFICATES / f"{network}_{dataset}.csv",
            CERTIFICATE_COLUMNS,
            f"dvc repro certify@{network}-{dataset}",
        )
        for network in params.certify.networks
        for dataset in params.certify.datasets
    ]
    return pd.concat(frames, ignore_index=True)[list(CERTIFICATE_COLUMNS)]


def narrowed_networks(params: Params) -> dict[str, str]:
    """Trained networks that depart from their published size, and how."""
    trained = (*params.models, *params.baselines)
    settings = {m: s for m, s in params.networks.items() if m in trained}
    return {m: text for m, s in settings.items() if (text := narrowing(m, s))}


def is_paper_setting(params: Params) -> bool:
    """Tell whether all that decides a figure is as in the paper, whatever the profile's name."""
    return (
        params.profile == "paper"
        and not narrowed_networks(params)
        and params.train == Recipe()  # whose defaults are the paper's Section IV-B
        and params.data.train == PAPER_TRAINING
        and set(PAPER_DATASETS) <= set(params.data.test)
    )


def study(params: Params) -> dict[str, Any]:
    """Facts that captions need, and the settings of the figures."""
    figures = params.figures.model_dump()
    for crop in filter(None, (*figures["crops"], figures["refinement"])):
        crop["scale"] = parse_scale(crop["scale"])
    return {
        "profile": params.profile,
        "labels": labels(),
        "is_paper_setting": is_paper_setting(params),
        "protocol": params.evaluate.protocol,
        "datasets": params.data.test,
        "training": params.data.train,
        "scales": [parse_scale(s) for s in params.scales],
        "seeds": [parse_seed(s) for s in params.seeds],
        "narrowed": narrowed_networks(params),
        "ablation_dataset": params.tables.ablation_dataset,
        "complexity_dataset": params.tables.complexity_dataset,
        "complexity_scale": parse_scale(params.tables.complexity_scale),
        "complexity_hr": params.complexity.hr,
        "certificate": "measured" if params.certify.networks else "recorded",
        "bootstrap": params.statistics.model_dump(),
        "figures": figures,
    }


def metrics(quality: Quality) -> dict[str, dict[str, dict[str, float]]]:
    """Mean PSNR and SSIM by dataset and evaluated network, for `dvc metrics`."""
    means: dict[str, dict[str, dict[str, float]]] = {}
    for (dataset, key), rows in quality.cells().items():
        means.setdefault(dataset, {})[key] = {
            "psnr_db": round(float(rows["psnr_db"].mean()), 4),
            "ssim": round(float(rows["ssim"].mean()), 6),
        }
    return means


def write_csv(
    path: Path, rows: Sequence[dict[str, Any]] | pd.DataFrame, columns: Sequence[str]
) -> None:
    """Write a result file: given columns, given order, numbers of dB and SSIM with 6 digits."""
    frame = pd.DataFrame(rows, columns=list(columns))
    with atomic_path(path) as temporary:
        frame.to_csv(temporary, index=False, float_format="%.6f", lineterminator="\n")


def main(argv: Sequence[str] | None = None) -> None:
    """Write results/*.csv, results/study.json and results/tables/*.csv."""
    argparse.ArgumentParser(description=main.__doc__).parse_args(argv)
    params = load_params()
    complexity = read_csv(
        RESULTS / "complexity.csv",
        ("model", "variant", "scale", "params", "multi_adds"),
        "dvc repro complexity",
    )
    keys = [*study_keys(params), *published_keys(params)]
    frames = {key: read_evaluation(key, params.data.test, params.evaluate.protocol) for key in keys}
    # Published weights that could not be downloaded were evaluated on nothing.
    quality = Quality({key: frame for key, frame in frames.items() if not frame.empty})
    trained = [key for key in keys if key.provenance == "trained"]
    untrained = [key for key in quality.keys if key.provenance != "trained"]
    history = history_rows(trained)
    runs = [*training_rows(params, trained), *evaluation_rows(untrained, params.data.test)]
    certificate = certification(params)
    ablation = Ablation(params, quality)
    rows3 = table3(params, quality)

    # Everything was read: nothing is written when an input is missing.
    write_csv(RESULTS / "quality.csv", quality.collated(), QUALITY)
    write_csv(RESULTS / "history.csv", history, HISTORY)
    write_csv(RESULTS / "runs.csv", runs, RUN)
    write_csv(RESULTS / "certification.csv", certificate, CERTIFICATE_COLUMNS)
    write_csv(RESULTS / "tables" / "table1.csv", table1(params, ablation), TABLE1)
    write_csv(RESULTS / "tables" / "table2.csv", table2(params, ablation), TABLE2)
    write_csv(RESULTS / "tables" / "table3.csv", rows3, TABLE3)
    write_csv(RESULTS / "tables" / "table4.csv", table4(params, rows3, complexity), TABLE4)
    for name, content in (("study", study(params)), ("metrics", metrics(quality))):
        with atomic_path(RESULTS / f"{name}.json") as temporary:
            temporary.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    print(f"collated {len(keys)} evaluations into {RESULTS}")


if __name__ == "__main__":
    raise SystemExit(run(main))
