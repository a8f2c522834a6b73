"""Evaluation results beside a model card, in the format of Hugging Face's `.eval_results/*.yaml`.

See https://huggingface.co/docs/hub/eval-results. The Hub makes leaderboards of datasets that are
registered there as benchmarks. Those of super-resolution are not: `id` is the dataset's name here.
"""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import yaml

from pipeline.study.runs import Run
from pipeline.support.files import atomic_path

FOLDER = ".eval_results"
METRICS = {"psnr_db": ("psnr_y", "PSNR-Y in dB"), "ssim": ("ssim", "SSIM of luma")}


def write_eval_results(
    card: Path, run: Run, protocol: str, quality: Mapping[str, pd.DataFrame]
) -> Path:
    """Write the means over images of a run's scores.

    Parameters
    ----------
    card : Path
        The model card, README.md of a repository; the file goes into ``.eval_results`` beside it.
    run : Run
        What was scored.
    protocol : str
        How.
    quality : mapping of str to DataFrame
        For each dataset one row an image: psnr_db, ssim.

    Returns
    -------
    Path
        ``<key>.yaml``.
    """
    entries = [
        {
            "dataset": {"id": dataset, "task_id": f"{task}_x{run.scale}"},
            "value": round(float(rows[metric].mean()), 6),
            "notes": f"{text} at x{run.scale}, protocol {protocol}, mean of {len(rows)} images",
        }
        for dataset, rows in quality.items()
        for metric, (task, text) in METRICS.items()
    ]
    path = card.parent / FOLDER / f"{run.key}.yaml"
    with atomic_path(path) as temporary:
        text = yaml.safe_dump(entries, sort_keys=False, allow_unicode=True)
        temporary.write_text(text, encoding="utf-8")
    return path
