"""A small study in the format of results/, invented: networks gain more the later they stand."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image
from skimage import data

from pipeline.tables.files import write_frame
from pipeline.tables.results import FORMAT
from pipeline.tables.tables import FILES

LABELS = {"bicubic": "Bicubic", "srcnn": "SRCNN", "vdsr": "VDSR", "msrn": "MSRN", "mesr": "MESR"}
TRAINED = ("srcnn", "vdsr", "msrn", "mesr")
SCALES, DATASETS, SEEDS = (2, 4), ("Set5", "photos_test"), (0, 1)
# Images of each test set; those with a photograph keep pictures at x4.
IMAGES = {"Set5": ("baby", "bird"), "photos_test": ("astronaut", "cat", "coffee", "camera")}
PHOTOGRAPHS = {"astronaut": data.astronaut, "cat": data.chelsea, "coffee": data.coffee}
VARIANTS = {
    "mesr-no_rb": "MESR, without RB",
    "mesr-steps500": "MESR, 500 steps",
    "mesr-wide": "MESR, wide",
}
HOSTILE = (
    "<script>alert(1)</script>",
    "R&D 100% a_b #1 $x^2$ ~{brace}",
    r"\input{/etc/passwd}",
    "\u202eעברית שלום العربية",
    "--flag 'quote' \"double\" `tick` ?` <<x>>",
    "x" * 60,
    "[red]zz[/red] ,,low,,",
)
READING = """# Reading the paper

The paper leaves several details open; each point names the words, the readings and the choice.

## Channel widths

The widths are never given. *Switch.* `features`.

| Reading | Parameters |
|---|---:|
| 24-channel branches | 4.60 M |

<script>alert("raw HTML is text here")</script>
"""


def gain(method: str) -> float:
    """PSNR over bicubic in dB."""
    if method == "bicubic":
        return 0.0
    network, _, variant = method.partition("-")
    return (
        0.8
        + 0.4 * TRAINED.index(network)
        - {"": 0.0, "no_rb": 0.1, "steps500": 0.6, "wide": -0.2}[variant]
    )


def psnr_of(method: str, scale: int, image: str, seed: int) -> float:
    """PSNR of one image in dB."""
    place = sum(map(ord, image))
    return (
        34 - 2 * scale + 5 * np.sin(place) + gain(method) * (1 + 0.3 * np.cos(place)) + 0.02 * seed
    )


def frames(trained: Sequence[str] = TRAINED, subject: str = "mesr") -> dict[str, pd.DataFrame]:
    """The result files by name, with those of their columns that the report reads."""
    methods = [*trained, *(VARIANTS if subject == "mesr" else ())]
    keys = [(f"bicubic_x{s}", "bicubic", s, None) for s in SCALES]
    keys += [
        (f"{m}_x{s}_s{d}", m, s, d)
        for m in methods
        for s in SCALES
        for d in SEEDS
        if s == 4 or "-" not in m
    ]
    runs, quality, history = [], [], []
    for key, method, scale, seed in keys:
        network, _, variant = method.partition("-")
        steps = 500 if variant == "steps500" else 600
        runs.append(
            {
                "key": key,
                "method": method,
                "network": network,
                "variant": variant,
                "scale": scale,
                "kind": "interpolation" if network == "bicubic" else "trained",
                "seed": seed,
                "label": {**LABELS, **VARIANTS}[method],
                "params": 50_000,
                "steps": steps,
                "lr": 0.001,
                "train": f"steps={steps}" if variant == "steps500" else "",
                "code_digest": "c0de" * 16,
                "machine": "x86_64",
                "device": "cpu",
                "weights_sha256": "ab12" * 16,
            }
        )
        for dataset in DATASETS:
            for image in IMAGES[dataset]:
                quality.append(
                    {
                        "key": key,
                        "method": method,
                        "kind": runs[-1]["kind"],
                        "scale": scale,
                        "seed": seed,
                        "dataset": dataset,
                        "image": image,
                        "protocol": "rgb",
                        "ssim": 0.8 + gain(method) / 20,
                        "psnr_db": psnr_of(method, scale, image, seed or 0),
                    }
                )
        for step in range(100, steps + 1, 100) if seed is not None else ():
            own = {"psnr_db": 26 + gain(method) - 100 / step, "loss": 0.2 - step / 4000}
            gate = (
                {"gate_mean": 5 / step, "coarse_psnr_db": own["psnr_db"] - 0.1}
                if method == "mesr"
                else {}
            )
            history.append(
                {
                    "key": key,
                    "method": method,
                    "scale": scale,
                    "seed": seed,
                    "step": step,
                    **own,
                    **gate,
                }
            )
    scores = pd.DataFrame(quality)
    rows, overall, variants = [], [], []
    for (method, scale), own in scores.groupby(["method", "scale"], sort=False):
        base = scores[(scores["method"] == subject) & (scores["scale"] == scale)]
        network, _, variant = str(method).partition("-")
        facts = {
            "method": method,
            "network": network,
            "variant": variant,
            "scale": scale,
            "label": {**LABELS, **VARIANTS}[str(method)],
            "kind": own["kind"].iloc[0],
            "seeds": len(SEEDS),
        }
        difference = own["psnr_db"].mean() - base["psnr_db"].mean()
        compared = {
            "minus_subject_db": difference,
            "low_db": difference - 0.1,
            "high_db": difference + 0.1,
            "bootstrap_low_db": difference - 0.05,
            "bootstrap_high_db": difference + 0.05,
            "verdict": "higher"
            if difference > 0.1
            else "lower"
            if difference < -0.1
            else "not significant",
        }
        compared = compared if method not in (subject, "bicubic") else {}
        if facts["kind"] == "trained" and not variant:
            overall.append(
                facts | compared | {"images": 6, "psnr_db": own["psnr_db"].mean(), "networks": 4}
            )
        for dataset, part in own.groupby("dataset", sort=False):
            mean = {
                "dataset": dataset,
                "psnr_db": part["psnr_db"].mean(),
                "ssim": part["ssim"].mean(),
                "psnr_sd_db": 0.02,
                "params": 10_000 * (1 + len(network)),
                "multi_adds": 2e9 * len(network),
            }
            if variant:
                minus = {
                    "minus_base_db": difference,
                    "low_db": difference - 0.1,
                    "high_db": difference + 0.1,
                }
                heading = "Training length" if "steps" in variant else "Ablation"
                variants.append(
                    facts
                    | mean
                    | minus
                    | {
                        "base": "mesr",
                        "heading": heading,
                        "changes": "features=9",
                        "verdict": "lower",
                    }
                )
            else:
                rows.append(
                    facts
                    | mean
                    | compared
                    | {"published_psnr_db": 30.125 if network == "vdsr" else None}
                )
    rows += [
        {
            "method": "a2f-quoted",
            "network": "a2f",
            "label": "A2F-L",
            "kind": "quoted",
            "scale": s,
            "dataset": d,
            "published_psnr_db": 33.5,
            "published_ssim": 0.91,
            "params": 1_374_000,
            "remark": "quoted by another",
            "source": "wxxxxxxh/A2F@1a2b3c4 README",
        }
        for s in SCALES
        for d in DATASETS
    ]
    tuning = [
        {
            "network": network,
            "scale": 4,
            "steps": 100,
            "seed": 0,
            "lr": lr,
            "psnr_db": 26 - place / 9,
            "chosen": "yes" if place == 0 else "",
        }
        for network in trained
        for place, lr in enumerate((0.001, 0.002))
    ]
    certification = [
        {
            "network": "vdsr",
            "variant": "",
            "scale": scale,
            "dataset": "Set5",
            "protocol": "vdsr",
            "psnr_digits": 2,
            "published_psnr_db": 37.53,
            "psnr_db": 37.53 + off,
            "published_ssim": 0.9587,
            "ssim": 0.9587 + off / 10,
            "ssim_digits": 4,
            "verdict": verdict,
            "source": "SRCNN, ECCV 2014",
        }
        for scale, off, verdict in ((2, 0.001, "equal"), (3, 0.015, "close"), (4, 0.2, "missed"))
    ]
    return {
        "methods": pd.DataFrame(rows),
        "overall": pd.DataFrame(overall),
        "variants": pd.DataFrame(variants),
        "runs": pd.DataFrame(runs),
        "quality": scores,
        "history": pd.DataFrame(history),
        "tuning": pd.DataFrame(tuning),
        "certification": pd.DataFrame(certification),
    }


def write_study(folder: Path, found: dict[str, pd.DataFrame], **facts: Any) -> Path:
    """Write results/ and docs/ of a study."""
    (folder / "results").mkdir(parents=True)
    for name, columns in FILES.items():
        frame = found.get(name, pd.DataFrame())
        write_frame(
            folder / "results" / f"{name}.csv", frame[[c for c in columns if c in frame]], columns
        )
    study = {
        "format": FORMAT,
        "profile": "toy",
        "subject": "mesr",
        "labels": {**LABELS, **VARIANTS},
        "paper_setting": False,
        "protocol": "rgb",
        "arithmetic": "portable",
        "datasets": list(DATASETS),
        "training": "photos_train",
        "excluded": [],
        "scales": list(SCALES),
        "steps": 600,
        "reduced": ["mesr"],
        "hr": "1280x720",
        "ablation_dataset": "Set5",
        "complexity_dataset": "Set5",
        "complexity_scale": 4,
        "certificate": "recorded",
        "confidence": 0.95,
        "resamples": 100,
        "figures": {"crops": [], "refinement": None},
    }
    (folder / "results" / "study.json").write_text(json.dumps(study | facts))
    (folder / "docs").mkdir()
    (folder / "docs" / "paper-reading.md").write_text(READING, encoding="utf-8")
    return folder


def draw(folder: Path, methods: Sequence[str] = TRAINED) -> None:
    """Keep pictures between bicubic and perfect at x4; thumbnails, for speed."""
    for image, photograph in PHOTOGRAPHS.items():
        hr = Image.fromarray(photograph()).convert("RGB")
        hr.thumbnail((160, 160))
        hr = hr.crop((0, 0, hr.width // 4 * 4, hr.height // 4 * 4))
        lr = hr.resize((hr.width // 4, hr.height // 4), Image.Resampling.BICUBIC)
        low = lr.resize(hr.size, Image.Resampling.BICUBIC)
        for method in ("bicubic", *methods):
            key = "bicubic_x4" if method == "bicubic" else f"{method}_x4_s0"
            kept = folder / "evaluations" / key / "photos_test" / "images" / image
            kept.mkdir(parents=True)
            Image.blend(low, hr, gain(method) / 5).save(kept / "sr.png", compress_level=1)
            if method == "bicubic":
                hr.save(kept / "hr.png", compress_level=1)
                lr.save(kept / "lr.png")
            if method == "mesr":
                Image.blend(low, hr, 0.8 * gain(method) / 5).save(kept / "coarse.png")


def write_log(folder: Path, key: str) -> None:
    """Write what was measured of a run on this machine."""
    path = folder / "logs" / "runs" / f"{key}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    log = {
        "git_revision": "4f1c2a9d" * 5,
        "started": "2026-03-04T05:06:07+00:00",
        "wall_seconds": 130.4,
        "steps_per_s": 7.46,
    }
    path.write_text(json.dumps(log))


def hostile(found: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Put hostile texts into the labels, remarks and sources of the result files."""
    changed = dict(found)
    for name, columns in (
        ("methods", ("label", "remark", "source")),
        ("overall", ("label",)),
        ("variants", ("label", "changes", "heading")),
        ("runs", ("label", "machine")),
    ):
        frame = found[name].copy()
        for column in columns:
            texts = [HOSTILE[index % len(HOSTILE)] for index in range(len(frame))]
            frame[column] = frame[column].where(frame[column] == "Ablation", texts)
        changed[name] = frame
    return changed
