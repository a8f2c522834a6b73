"""Stage `tables`: collate evaluations, runs and published figures into the result files.

Reads what `params.yaml` names and nothing else: an evaluation or a run that an earlier set of
parameters left behind is not in any table.
"""

import argparse
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from pipeline.console import run
from pipeline.errors import UserError
from pipeline.files import atomic_path
from pipeline.networks import NETWORKS, network_class, network_variants
from pipeline.published import (
    PUBLISHED_FOLDER,
    PublishedQuality,
    mesr_claims,
    published_complexity,
    published_quality,
)
from pipeline.schema import Params, load_params, parse_scale, parse_seed
from pipeline.statistics import Difference, Summary, over_seeds, paired_difference

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
    "data_digest",
)
CERTIFICATION = (
    "model",
    "scale",
    "dataset",
    "protocol",
    "published_psnr_db",
    "psnr_db",
    "published_ssim",
    "ssim",
    "source",
    "within_tolerance",
    "variant",
    "details",
    "note",
    "measured",
    "git_revision",
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
    name = network_class(model).__name__
    return f"{name}-{variant}" if variant else name


def trained_variant(model: str, settings: dict[str, Any]) -> str:
    """Variant that a trained network belongs to: the published size its settings start from."""
    if model == "mesr":
        return "full"
    variants = network_variants(model)
    for variant, required in variants.items():
        if required and all(settings.get(k) == v for k, v in required.items()):
            return variant
    return next(iter(variants))


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
                Key(f"{model}_x{scale}_{seed}", model, variant, scale, "trained", parse_seed(seed), "train")
                for seed in params.seeds
            ]
    keys += [
        Key(f"ablation_{v}_{s}", "mesr", v, ABLATION_SCALE, "trained", parse_seed(s), "ablate")
        for v in params.variants
        for s in params.seeds
    ]
    return keys
