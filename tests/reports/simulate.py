"""Simulated result files in the format of docs/report.md: the report's input without the study.

`python -m tests.reports.simulate FOLDER [quick|full]` writes `FOLDER/results`,
`FOLDER/evaluations` and `FOLDER/docs`. Numbers are drawn at random around what such networks
reach; pictures are photographs of scikit-image, degraded and partly restored.
"""

import csv
import json
import shutil
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from skimage import data

HOSTILE = (
    "<script>alert(1)</script>",
    "R&D 100% a_b #1 $x^2$ ~{brace}",
    r"\input{/etc/passwd}",
    "\u202eעברית שלום العربية",
    "--flag 'quote' \"double\" `tick` ?` <<x>>",
    "x" * 90,
)

# name, variant, label, parameters, multiply-adds at x2, gain over bicubic in dB, published weights
NETWORKS = (
    ("srcnn", "9-1-5", "SRCNN", 57_281, 52.5e9, 1.7, True),
    ("vdsr", "", "VDSR", 664_704, 612.6e9, 2.6, True),
    ("lapsrn", "", "LapSRN", 812_992, 29.9e9, 2.8, True),
    ("drcn", "", "DRCN", 1_774_000, 9788.7e9, 2.7, False),
    ("idn", "", "IDN", 552_769, 124.6e9, 3.1, True),
    ("dasr", "", "DASR", 5_836_000, 1290.4e9, 3.5, True),
    ("dpsr", "", "DPSR", 1_475_000, 340.1e9, 3.2, False),
    ("pan", "", "PAN", 261_403, 70.5e9, 3.4, True),
    ("lapar", "", "LAPAR-A", 548_117, 171.0e9, 3.5, False),
    ("defian", "L", "DeFiAN-L", 15_188_000, 3400.2e9, 3.8, False),
    ("msrn", "rgb", "MSRN", 5_930_000, 1365.4e9, 3.5, True),
    ("drsan", "", "DRSAN-48m", 1_190_000, 274.5e9, 3.6, True),
    ("a2f", "L", "A2F-L", 1_363_000, 306.1e9, 3.5, True),
    ("mesr", "full", "MESR", 4_603_121, 1058.8e9, 3.8, False),
)
VARIANTS = (
    ("single_scale", "Single scale 3x3 (baseline)", -0.35),
    ("msfeb", "+ MSFEB", -0.18),
    ("no_rb", "+ RFFB (MESR without RB)", -0.05),
    ("full", "+ RB (MESR)", 0.0),
    ("rb_dagger", "RB† (omega1 = 0)", -0.09),
)
QUICK = {"Photographs": ["astronaut", "cat", "coffee", "camera", "rocket"]}
FULL = {
    "Set5": ["baby", "bird", "butterfly", "head", "woman"],
    "Set14": ["barbara", "zebra", *(f"image_{i:02}" for i in range(12))],
    "BSD100": ["210088", *(f"{i:06}" for i in range(99))],
    "Urban100": ["img_012", *(f"img_{i:03}" for i in range(100) if i != 12)],
}
PHOTOGRAPHS = {
    **dict.fromkeys(["astronaut", "barbara"], data.astronaut),
    **dict.fromkeys(["cat", "zebra"], data.chelsea),
    **dict.fromkeys(["coffee", "img_012"], data.coffee),
    **dict.fromkeys(["colorwheel", "210088"], data.colorwheel),
    "rocket": data.rocket,
}
BICUBIC_DB = {2: 30.2, 3: 27.5, 4: 26.0}
BICUBIC_SSIM = {2: 0.869, 3: 0.774, 4: 0.702}


def simulate(folder: Path, size: str = "quick", *, hostile: bool = False) -> Path:
    """Write result files of a quick study (5 networks) or a full one (14 x 3 x 4)."""
    rng = np.random.default_rng(0)
    quick = size == "quick"
    datasets = QUICK if quick else FULL
    seeds = [0] if quick else [0, 1, 2]
    networks = [n for n in NETWORKS if not quick or n[0] in ("vdsr", "lapsrn", "msrn", "mesr")]
    quality: list[dict[str, Any]] = []
    runs: list[dict[str, Any]] = []
    history: list[dict[str, Any]] = []
    pictures: dict[str, tuple[int, float]] = {}

    def measure(
        model: str, variant: str, source: str, *, scale: int, seed: int | str, db: float
    ) -> None:
        for dataset, images in datasets.items():
            for index, image in enumerate(images):
                base = BICUBIC_DB[scale] + 6 * np.sin(index) - 1.5 * (dataset == "Urban100")
                gain = db * (1 + 0.4 * np.cos(index)) + 0.02 * rng.standard_normal() * (db > 0)
                quality.append(
                    {
                        "model": model,
                        "variant": variant,
                        "source": source,
                        "scale": scale,
                        "dataset": dataset,
                        "image": image,
                        "protocol": "rgb",
                        "seed": seed,
                        "psnr_db": f"{base + gain:.6f}",
                        "ssim": f"{min(0.99, BICUBIC_SSIM[scale] + 0.03 * gain):.6f}",
                    }
                )

    def trained(key: str, model: str, variant: str, label: str, *, scale: int, seed: int) -> None:
        stage = "ablate" if key.startswith("ablation") else "train"
        runs.append(
            {
                "key": key,
                "model": model,
                "variant": variant,
                "label": label,
                "scale": scale,
                "seed": seed,
                "stage": stage,
                "params": 109_363 if quick else 4_603_121,
                "steps": 600,
                "device": "cpu",
                "machine": "x86_64",
                "threads": 2,
                "precision": "bf16",
                "torch": "2.14.1",
                "code_digest": "4f1c2a9d" * 8,
                "dataset": "Photographs" if quick else "DIV2K_train",
                "data_digest": f"md5:{'0b1c' * 8}",
                "lr": "0.001",
                "schedule": "one_cycle",
                "batch": 8,
                "patch": 24,
                "settings": "features=16" if quick else "as published",
            }
        )
        for step in range(50, 601, 50):
            progress = 1 - np.exp(-step / 180)
            db = BICUBIC_DB[scale] - 3 + 6 * progress + 0.15 * rng.standard_normal()
            history.append(
                {
                    "key": key,
                    "model": model,
                    "variant": variant,
                    "scale": scale,
                    "seed": seed,
                    "step": step,
                    "epoch": step // 50,
                    "lr": 0.001,
                    "loss": f"{0.2 - 0.15 * progress:.6f}",
                    "psnr_db": f"{db:.6f}",
                }
            )

    def evaluated(key: str, model: str, variant: str, label: str, *, scale: int) -> None:
        for dataset in datasets:
            runs.append(
                dict.fromkeys(runs[0], "")
                | {
                    "key": key,
                    "model": model,
                    "variant": variant,
                    "label": label,
                    "scale": scale,
                    "stage": f"evaluate_{key.partition('_')[0]}",
                    "params": 0 if model == "bicubic" else 4_603_121,
                    "device": "cpu",
                    "machine": "x86_64",
                    "threads": 2,
                    "torch": "2.14.1",
                    "code_digest": "4f1c2a9d" * 8,
                    "dataset": dataset,
                    "data_digest": f"hr {'7e2d' * 16}",
                }
            )

    for scale in (2, 3, 4):
        measure("bicubic", "", "none", scale=scale, seed="", db=0.0)
        pictures[f"bicubic_x{scale}"] = (scale, 0.0)
        for model, own, label, _, _, gain, published in networks:
            for seed in seeds:
                key = f"{model}_x{scale}_s{seed}"
                measure(model, own, "trained", scale=scale, seed=seed, db=gain - 0.4)
                trained(key, model, own, label, scale=scale, seed=seed)
                pictures[key] = (scale, (gain - 0.4) / 6)
            if published and not quick:
                measure(model, own, "published", scale=scale, seed="", db=gain)
                name = f"{model}_{own.replace('-', '_')}" if own else model
                pictures[f"published_{name}_x{scale}"] = (scale, gain / 6)
                evaluated(f"published_{name}_x{scale}", model, own, label, scale=scale)
        evaluated(f"bicubic_x{scale}", "bicubic", "", "Bicubic", scale=scale)
    for variant, label, loss in VARIANTS:
        for seed in seeds if variant != "full" else []:
            key = f"ablation_{variant}_s{seed}"
            measure("mesr", variant, "trained", scale=4, seed=seed, db=3.4 + loss)
            trained(key, "mesr", variant, label, scale=4, seed=seed)
            pictures[key] = (4, (3.4 + loss) / 6)

    hosts = list(HOSTILE) if hostile else []
    results = folder / "results"
    (results / "tables").mkdir(parents=True, exist_ok=True)
    write(results / "quality.csv", quality)
    write(results / "history.csv", history)
    write(results / "runs.csv", runs)
    write(
        results / "complexity.csv",
        [
            {"model": m, "variant": v, "scale": s, "params": p, "multi_adds": int(a * 4 / s**2)}
            for m, v, _, p, a, _, _ in networks
            for s in (2, 3, 4)
        ],
    )
    write(
        results / "counts.csv",
        [
            {
                "model": m, "variant": v, "scale": s, "hr": "1280x720",
                "params": p, "counted_params": p - 97, "published_params": (p - 97) // 1000 * 1000,
                "params_verdict": "explained",
                "multi_adds": int(a), "counted_multi_adds": int(a),
                "published_multi_adds": int(a * 1.1), "multi_adds_verdict": "differs",
                "explanation": HOSTILE[0] if hostile else "parameters without biases",
                "source": HOSTILE[1] if hostile else "CARN@40d3514 table", "note": "",
            }
            for m, v, _, p, a, _, _ in networks
            for s in (2, 3, 4)
        ],
    )  # fmt: skip
    write(results / "certification.csv", list(certification(networks, datasets, quick)))
    table1, table2 = ablation_tables(datasets, len(seeds), quick)
    table3, table4 = method_tables(networks, datasets, len(seeds), quick)
    if hosts:
        for index, text in enumerate(hosts):
            for table in (table1, table2, table3, table4):
                row = table[index % len(table)]
                row["label"] = row["note"] = text
                row["source" if "source" in row else "quality_source"] = text
            runs[index]["machine"] = text
        write(results / "runs.csv", runs)
    for number, table in enumerate((table1, table2, table3, table4), start=1):
        write(results / "tables" / f"table{number}.csv", table)
    study = {
        "profile": hosts[0] if hosts else size if quick else "paper",
        "labels": {f"{n[0]} {n[1]}".strip(): n[2] for n in networks},
        "is_paper_setting": not quick,
        "protocol": "rgb",
        "datasets": [*datasets, *hosts[1:4]],
        "training": "Photographs" if quick else "DIV2K 1-800",
        "narrowed": {"mesr": "narrowed here: features=16"} if quick else {},
        "certificate": "recorded" if quick else "measured",
        "bootstrap": {"resamples": 2000, "confidence": 0.95, "seed": 0},
        "figures": {
            "crops": []
            if quick
            else [
                {"dataset": "Set14", "image": "barbara", "scale": 4, "region": [96, 40, 72, 54]},
                {"dataset": "Set14", "image": "zebra", "scale": 4, "region": None},
                {"dataset": "BSD100", "image": "210088", "scale": 4, "region": None},
                {"dataset": "Urban100", "image": "img_012", "scale": 4, "region": None},
            ],
            "refinement": None,
        },
    }
    (results / "study.json").write_text(json.dumps(study, indent=1), encoding="utf-8")
    write_pictures(folder / "evaluations", datasets, pictures)
    (folder / "docs").mkdir(exist_ok=True)
    reading = READING + (f"\n\n{' '.join(HOSTILE)}\n" if hostile else "")
    (folder / "docs" / "paper-reading.md").write_text(reading, encoding="utf-8")
    return folder


def certification(networks: Iterable[Any], datasets: dict[str, Any], quick: bool) -> Iterable[Any]:
    """Yield certificate rows of each verdict."""
    for model in ["bicubic"] + [n[0] for n in networks if n[6] and not quick]:
        for scale in (2, 3, 4):
            for index, dataset in enumerate(["Set5"] if quick else datasets):
                verdict = ("true", "true", "false", "")[index if model == "srcnn" else 0]
                published = BICUBIC_DB[scale] + 3
                measured = published + (0.004 if verdict == "true" else 0.051)
                yield (
                    {
                        "model": model,
                        "scale": scale,
                        "dataset": dataset,
                        "protocol": "y",
                        "published_psnr_db": f"{published:.2f}",
                        "psnr_db": f"{measured:.6f}" if verdict else "",
                        "published_ssim": "0.8681",
                        "ssim": "0.868204" if verdict else "",
                        "source": "RCAN@f722e5d results figure",
                        "within_tolerance": verdict,
                        "variant": "",
                        "details": "",
                        "measured": "recorded" if quick else "measured",
                        "git_revision": "4f1c2a9d",
                        "note": "" if verdict else "The test images are not downloaded.",
                    }
                )


def ablation_tables(datasets: dict[str, Any], seeds: int, quick: bool) -> tuple[list, list]:
    """Return the rows of Tables 1 and 2."""
    table1, table2 = [], []
    db = 28.37
    for step, (variant, label, loss) in enumerate(VARIANTS, start=1):
        for dataset in datasets:
            first = step in (1, 3)
            row = {
                "variant": variant,
                "label": label,
                "dataset": dataset,
                "scale": 4,
                "seeds": seeds,
                "psnr_db": f"{db + loss:.6f}",
                "psnr_sd_db": "" if quick else "0.041000",
                "diff_db": "" if first else "0.142000",
                "diff_low_db": "" if first else "0.101000",
                "diff_high_db": "" if first else "0.187000",
                "published_psnr_db": "",
                "source": "",
                "note": "The paper's table is not available as numbers.",
            }
            if step <= 4 and dataset == list(datasets)[-1 if quick else 1]:
                known = not quick and step <= 2
                row1 = dict(row, step=step, published_diff_db="0.19" if known and step == 2 else "")
                if known:
                    row1["published_psnr_db"] = "28.18" if step == 1 else "28.37"
                    row1 |= {"source": "Huang & Chen 2022, Section IV-C1", "note": ""}
                table1.append(row1)
            if step >= 3:
                table2.append(
                    row | {"ssim": "0.781200", "ssim_sd": "0.000700", "published_ssim": ""}
                )
    return table1, table2


def method_tables(
    networks: Sequence[Any], datasets: dict[str, Any], seeds: int, quick: bool
) -> tuple[list, list]:
    """Return the rows of Tables 3 and 4."""
    table3, table4 = [], []
    bicubic = ("bicubic", "", "Bicubic", "", "", 0.0, False)
    for scale in (2, 3, 4):
        for model, own, label, params, adds, gain, published in [bicubic, *networks]:
            kinds = ["trained"] + (["published" if published else "quoted"] if not quick else [])
            for kind in kinds if model != "bicubic" else ["interpolation"]:
                for dataset in datasets:
                    value = BICUBIC_DB[scale] + gain - 0.4 * (kind == "trained")
                    ssim = BICUBIC_SSIM[scale] + 0.03 * gain - 0.01 * (kind == "trained")
                    measured = kind != "quoted"
                    told = not quick and model != "mesr"
                    row = {
                        "model": model,
                        "label": label,
                        "variant": own,
                        "provenance": kind,
                        "scale": scale,
                        "dataset": dataset,
                        "seeds": seeds if kind == "trained" else "",
                        "psnr_db": f"{value:.6f}" if measured else "",
                        "psnr_sd_db": "0.031000" if kind == "trained" and not quick else "",
                        "ssim": f"{ssim:.6f}" if measured else "",
                        "ssim_sd": "0.000500" if kind == "trained" and not quick else "",
                        "published_psnr_db": f"{value + 0.03:.2f}" if told else "",
                        "published_ssim": f"{ssim - 0.0004:.4f}" if told else "",
                        "source": f"{label}'s paper, Table 2" if told else "",
                        "rank_psnr": "1" if model == "mesr" and kind == "trained" else "",
                        "rank_ssim": "2" if model == "mesr" and kind == "trained" else "",
                        "note": (
                            "narrowed here: features=16" if quick and kind == "trained" else ""
                        )
                        if measured
                        else "No weights were published in a form that can be read."
                        if told
                        else "The paper's table is not available as numbers.",
                    }
                    table3.append(row)
                    if scale == 2 and dataset == list(datasets)[0 if quick else 1]:
                        table4.append(
                            {
                                **{k: row[k] for k in ("model", "label", "variant", "provenance")},
                                **{k: row[k] for k in ("scale", "dataset", "psnr_db", "note")},
                                "rank_psnr": row["rank_psnr"],
                                "params": params,
                                "multi_adds": f"{adds:.0f}" if adds else "",
                                "published_params": round(params, -3) if told and params else "",
                                "published_multi_adds": f"{adds * 1.01:.0f}"
                                if told and adds
                                else "",
                                "complexity_source": "CARN@40d3514 table" if told else "",
                                "published_psnr_db": row["published_psnr_db"],
                                "quality_source": row["source"],
                            }
                        )
    return table3, table4


def write_pictures(folder: Path, datasets: dict[str, Any], keys: dict[str, Any]) -> None:
    """Write hr, lr, coarse and sr images of the photographs that a figure may show."""
    for dataset, images in datasets.items():
        for image in (i for i in images if i in PHOTOGRAPHS):
            photograph = Image.fromarray(PHOTOGRAPHS[image]()).convert("RGB")
            photograph.thumbnail((240, 240))
            for key, (scale, quality) in keys.items():
                if scale != 4 and image not in ("astronaut", "barbara"):
                    continue
                w, h = (n // scale * scale for n in photograph.size)
                hr = photograph.crop((0, 0, w, h))
                lr = hr.resize((w // scale, h // scale), Image.Resampling.BICUBIC)
                bicubic = lr.resize((w, h), Image.Resampling.BICUBIC)
                target = folder / key / "images" / dataset / image
                target.mkdir(parents=True, exist_ok=True)
                blend(bicubic, hr, quality).save(target / "sr.png", compress_level=1)
                if key.startswith("bicubic"):
                    hr.save(target / "hr.png", compress_level=1)
                    lr.save(target / "lr.png")
                if key.startswith("mesr"):
                    blend(bicubic, hr, 0.8 * quality).save(target / "coarse.png")


def blend(low: Image.Image, high: Image.Image, quality: float) -> Image.Image:
    """Return `low` moved towards `high`: a picture between bicubic and perfect."""
    a: NDArray[np.float64] = np.asarray(low, dtype=float)
    b: NDArray[np.float64] = np.asarray(high, dtype=float)
    return Image.fromarray((a + min(quality, 1.0) * (b - a)).round().astype(np.uint8))


def write(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    """Write a CSV file."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


READING = """# Reading the paper

The paper leaves several details open; each point names the words, the readings and the choice.

## Channel widths

The widths are never given. Section IV-E says *fewer parameters than MSRN by nearly 1/6*.

| Reading | Parameters | Parameter that switches it |
|---|---:|---|
| 24-channel branches | 4.60 M | `branch_features=24` |
| 32-channel branches | 6.21 M | `branch_features=32` |

<script>alert("raw HTML is text here")</script>

- Equations (12)-(16) re-use the same *w*; see [protocols](protocols.md).
- Figure: ![a picture](picture.png)
"""

if __name__ == "__main__":
    shutil.rmtree(sys.argv[1], ignore_errors=True)
    simulate(Path(sys.argv[1]), *sys.argv[2:3])
