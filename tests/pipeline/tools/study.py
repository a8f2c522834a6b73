"""A study of two toy networks at x4 as tools find it: params.yaml, run folders, results/."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from safetensors.torch import save_file

from pipeline.imaging.packed import PackedImages
from pipeline.models.networks import build_network, network_digest
from pipeline.models.runs import load_run
from pipeline.scoring.evaluation import evaluate_image
from pipeline.study.params import load_params
from pipeline.study.paths import hr_file, run_folder
from tests.pipeline.toy_study import write_images, write_params

DIGEST = "0" * 64


def write_run(key: str, **changes: Any) -> Path:
    """Write a run folder as a training does; returns its weights file."""
    run = load_params().run(key)
    torch.manual_seed(0)
    network = build_network(run.code, run.scale, **run.settings)
    folder = run_folder(key)
    folder.mkdir(parents=True, exist_ok=True)
    save_file(network.state_dict(), folder / "weights.safetensors")
    facts = run.identity | {
        "network_digest": network_digest(run.code),
        "train": load_params().train,
        "params": sum(p.numel() for p in network.parameters()),
        "steps": 4,
        "precision": "fp32",
        "machine": "a machine",
        "threads": 1,
        "torch": "2.0",
        "code_digest": "code",
        "data_digest": "data",
        "weights_sha256": DIGEST,
    }
    (folder / "run.json").write_text(json.dumps(facts | changes))
    return folder / "weights.safetensors"


def write_study(folder: Path) -> None:
    """Write a study into the working folder, with real scores of one run."""
    write_params(folder)
    write_images(folder)
    for key in ("mesr_x4_s0", "mesr-no_rb_x4_s0"):
        write_run(key)
    write_results("mesr_x4_s0")


def write_results(key: str) -> None:
    """Write results/ with the scores that the run has, and bicubic interpolation's."""
    images = PackedImages(hr_file("photos_test"))
    network = load_run(run_folder(key), load_params().run(key).identity)
    rows = []
    for name, model in ((key, network), ("bicubic_x4", build_network("bicubic", 4))):
        for image in images.names:
            found = evaluate_image(model, images[image])
            rows.append((name, "photos_test", image, found.psnr_db, found.ssim))
    columns = ["key", "dataset", "image", "psnr_db", "ssim"]
    Path("results").mkdir(exist_ok=True)
    pd.DataFrame(rows, columns=columns).to_csv("results/quality.csv", index=False)
    digest = json.loads((run_folder(key) / "run.json").read_text())["weights_sha256"]
    Path("results/runs.csv").write_text(f"key,label,weights_sha256\n{key},MESR,{digest}\n")
    study = {"profile": "quick", "paper_setting": False}
    Path("results/study.json").write_text(json.dumps(study))


def scores_of(key: str) -> np.ndarray:
    """PSNR and SSIM of a run by image, as written."""
    table = pd.read_csv("results/quality.csv")
    return table[table["key"] == key][["psnr_db", "ssim"]].to_numpy()
