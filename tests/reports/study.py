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
from pipeline.tables.tables import FILES

ROOT = Path(__file__).parents[2]
TRAINED = ("srcnn", "vdsr", "msrn", "mesr")
# Gain of a network or a variant over bicubic interpolation in dB.
GAINS = {"bicubic": 0.0, "srcnn": 0.8, "vdsr": 1.2, "msrn": 1.6, "mesr": 2.0}
GAINS |= {"mesr-no_rb": 1.9, "mesr-steps500": 1.4, "mesr-wide": 2.2}
LABELS = {"bicubic": "Bicubic", "srcnn": "SRCNN", "vdsr": "VDSR", "msrn": "MSRN", "mesr": "MESR"}
VARIANTS = {"mesr-no_rb": "without RB", "mesr-steps500": "500 steps", "mesr-wide": "wide"}
SCALES, DATASETS, SEEDS = (2, 4), ("Set5", "photos_test"), (0, 1)
# Images of each test set; those with a photograph keep pictures at x4.
IMAGES = [("Set5", "baby"), ("Set5", "bird")]
IMAGES += [("photos_test", name) for name in ("astronaut", "cat", "coffee", "camera")]
PHOTOGRAPHS = {"astronaut": data.astronaut, "cat": data.chelsea, "coffee": data.coffee}
TRIED = ((0.001, 26.0, "yes"), (0.002, 25.9, ""))  # learning rates
HOSTILE = (
    "<script>alert(1)</script>",
    "R&D 100% a_b #1 $x^2$ ~{brace}",
    r"\input{/etc/passwd}",
    "\u202eעברית שלום العربية",
    "--flag 'quote' \"double\" `tick` ?` <<x>>",
    "x" * 60,
    "[red]zz[/red] ,,low,,",
)


def table(columns: str, *rows: Sequence[Any]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=columns.split())


def runs_of(methods: Sequence[str]) -> pd.DataFrame:
    """runs.csv: bicubic interpolation and every method with each seed, variants at x4 alone."""
    keys = [(f"bicubic_x{s}", "bicubic", s, None) for s in SCALES]
    keys += [
        (f"{m}_x{s}_s{seed}", m, s, seed)
        for m in methods
        for s in SCALES
        for seed in SEEDS
        if s == 4 or "-" not in m
    ]
    runs = table("key method scale seed", *keys)
    runs[["network", "variant"]] = [(*m.split("-"), "")[:2] for m in runs["method"]]
    shorter = runs["variant"] == "steps500"
    return runs.assign(
        kind=np.where(runs["network"] == "bicubic", "interpolation", "trained"),
        label=runs["method"].map(LABELS | VARIANTS),
        params=50_000,
        steps=np.where(shorter, 500, 600),
        train=np.where(shorter, "steps=500", ""),
        lr=0.001,
        code_digest="c0de" * 16,
        machine="x86_64",
        device="cpu",
    )


def quality_of(runs: pd.DataFrame) -> pd.DataFrame:
    """quality.csv, whose networks gain more on some images than on others."""
    scores = runs.merge(table("dataset image", *IMAGES), how="cross").assign(protocol="rgb")
    gain = scores["method"].map(GAINS)
    place = scores["image"].map(lambda name: sum(map(ord, name)))
    seeds = 0.02 * scores["seed"].fillna(0)
    mean = 34 - 2 * scores["scale"] + 5 * np.sin(place) + gain * (1 + 0.3 * np.cos(place))
    return scores.assign(psnr_db=mean + seeds, ssim=0.8 + gain / 20)


def history_of(runs: pd.DataFrame) -> pd.DataFrame:
    """history.csv, with a gate that closes in MESR."""
    steps = pd.DataFrame({"step": range(100, 601, 100)})
    rows = runs[runs["kind"] == "trained"].merge(steps, how="cross")
    rows = rows[rows["step"] <= rows["steps"]]
    psnr = 26 + rows["method"].map(GAINS) - 100 / rows["step"]
    gated = rows["method"] == "mesr"
    return rows.assign(
        psnr_db=psnr,
        loss=0.2 - rows["step"] / 4000,
        gate_mean=(5 / rows["step"]).where(gated),
        coarse_psnr_db=(psnr - 0.1).where(gated),
    )


def compared(rows: pd.DataFrame, base: str, minus: str) -> pd.DataFrame:
    """Add the difference to the rows of a method at the same scale, an interval and a verdict."""
    own = rows[rows["method"] == base].groupby("scale")["mean_db"].first()
    difference = rows["mean_db"] - rows["scale"].map(own)
    difference = difference.where(~rows["method"].isin([base, "bicubic"]))
    ends = {"low_db": -0.1, "high_db": 0.1, "bootstrap_low_db": -0.05, "bootstrap_high_db": 0.05}
    return rows.assign(
        **{minus: difference} | {name: difference + end for name, end in ends.items()},
        verdict=np.select([difference > 0.1, difference < -0.1], ["higher", "lower"], ""),
    )


def frames(trained: Sequence[str] = TRAINED, subject: str = "mesr") -> dict[str, pd.DataFrame]:
    """The result files by name, with those of their columns that the report reads."""
    runs = runs_of([*trained, *(VARIANTS if subject == "mesr" else ())])
    quality = quality_of(runs)
    groups = quality.groupby(["method", "scale"])["psnr_db"]
    quality["mean_db"] = groups.transform("mean")
    same = ["method", "network", "variant", "scale", "label", "kind", "dataset", "mean_db"]
    means = quality.groupby(same, sort=False)[["psnr_db", "ssim"]].mean().reset_index()
    sizes = means["network"].str.len()
    means = means.assign(
        seeds=len(SEEDS), psnr_sd_db=0.02, params=10_000 * (1 + sizes), multi_adds=2e9 * sizes
    )
    methods = compared(means[means["variant"] == ""], subject, "minus_subject_db")
    methods["published_psnr_db"] = np.where(methods["network"] == "vdsr", 30.125, None)
    quoted = table("scale dataset", *((s, d) for s in SCALES for d in DATASETS)).assign(
        method="a2f-quoted", network="a2f", label="A2F-L", kind="quoted", params=1_374_000,
        published_psnr_db=33.5, published_ssim=0.91, remark="quoted by another",
        source="wxxxxxxh/A2F@1a2b3c4 README",
    )  # fmt: skip
    overall = methods[methods["kind"] == "trained"].drop_duplicates(["method", "scale"])
    variants = compared(means[means["network"] == "mesr"], "mesr", "minus_base_db")
    variants = variants[variants["variant"] != ""].assign(base="mesr", changes="features=9")
    variants["heading"] = np.where(variants["variant"] == "steps500", "Training length", "Ablation")
    certified = ((2, 0.001, "equal"), (3, 0.015, "close"), (4, 0.2, "missed"))
    return {
        "methods": pd.concat([methods, quoted]),
        "overall": overall.assign(images=len(IMAGES), psnr_db=overall["mean_db"], networks=4),
        "variants": variants,
        "runs": runs,
        "quality": quality,
        "history": history_of(runs),
        "tuning": table(
            "network lr psnr_db chosen",
            *((network, *tried) for network in trained for tried in TRIED),
        ).assign(scale=4, steps=100, seed=0),
        "parts": table(
            "network part share",
            *((network, part, 0.5) for network in trained for part in ("body", "upsample")),
        ).assign(kind="trained", variant="", scale=4),
        "certification": table(
            "scale psnr_db ssim verdict",
            *((s, 37.53 + off, 0.9587 + off / 10, verdict) for s, off, verdict in certified),
        ).assign(
            network="vdsr", variant="", dataset="Set5", protocol="vdsr", source="SRCNN, ECCV 2014",
            published_psnr_db=37.53, psnr_digits=2, published_ssim=0.9587, ssim_digits=4,
        ),
    }  # fmt: skip


def write_study(folder: Path, found: dict[str, pd.DataFrame], **facts: Any) -> Path:
    """Write results/ of a study."""
    (folder / "results").mkdir(parents=True)
    for name, columns in FILES.items():
        frame = found.get(name, pd.DataFrame())
        frame = frame[[c for c in columns if c in frame]]
        write_frame(folder / "results" / f"{name}.csv", frame, columns)
    study = json.loads((ROOT / "results/study.json").read_text(encoding="utf-8"))
    study |= {"profile": "toy", "labels": LABELS | VARIANTS, "datasets": DATASETS, "scales": SCALES}
    study |= {
        "training": "photos_train",
        "steps": 600,
        "figures": {"crops": [], "refinement": None},
    }
    study |= dict.fromkeys(("ablation_dataset", "complexity_dataset"), "Set5")
    (folder / "results" / "study.json").write_text(json.dumps(study | facts))
    return folder


def draw(folder: Path) -> None:
    """Keep pictures between bicubic and perfect at x4; thumbnails, for speed."""
    for image, photograph in PHOTOGRAPHS.items():
        hr = Image.fromarray(photograph()).convert("RGB")
        hr.thumbnail((160, 160))
        hr = hr.crop((0, 0, hr.width // 4 * 4, hr.height // 4 * 4))
        lr = hr.resize((hr.width // 4, hr.height // 4), Image.Resampling.BICUBIC)
        low = lr.resize(hr.size, Image.Resampling.BICUBIC)
        for method in ("bicubic", *TRAINED):
            key = "bicubic_x4" if method == "bicubic" else f"{method}_x4_s0"
            kept = folder / "evaluations" / key / "photos_test" / "images" / image
            kept.mkdir(parents=True)
            Image.blend(low, hr, GAINS[method] / 5).save(kept / "sr.png", compress_level=1)
            if method == "bicubic":
                hr.save(kept / "hr.png", compress_level=1)
                lr.save(kept / "lr.png")
            if method == "mesr":
                Image.blend(low, hr, 0.3).save(kept / "coarse.png")


def write_log(folder: Path, key: str) -> None:
    """Write what was measured of a run on this machine."""
    path = folder / "logs" / "runs" / f"{key}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    started = "2026-03-04T05:06:07+00:00"
    log = {"git_revision": "4f1c2a9d" * 5, "started": started, "wall_seconds": 130.4}
    path.write_text(json.dumps(log))


def hostile(found: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Put hostile texts into the labels, remarks and sources of the result files."""
    changed = dict(found)
    for name in ("methods", "overall", "variants", "runs"):
        texts = np.resize(HOSTILE, len(found[name]))
        columns = {"label", "remark", "source", "changes", "machine"} & set(found[name])
        changed[name] = found[name].assign(**dict.fromkeys(columns, texts))
    # Table 1 has the rows under the heading Ablation.
    heading = changed["variants"]["heading"]
    changed["variants"]["heading"] = heading.where(heading == "Ablation", HOSTILE[0])
    return changed
