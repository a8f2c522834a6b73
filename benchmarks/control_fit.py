"""How profile control's networks do on the images that they were trained on, and on others.

Usage: make repro PROFILE=control && python -m benchmarks.control_fit

Scores each run of the study, the authors' weights among them, on the training set under the
study's protocol. Writes control_fit.csv beside this file: HR pixels, and mean PSNR-Y in dB, of T91
and BSDS200 as far as they were trained on, and of the images that were held out.
"""

from functools import partial
from math import prod
from pathlib import Path

import pandas as pd

from pipeline.imaging.backend import backend_flags, choose_device
from pipeline.imaging.packed import PackedImages
from pipeline.imaging.protocol import get_protocol
from pipeline.models.runs import load_run, read_run
from pipeline.scoring.evaluation import evaluate_images
from pipeline.study.params import Params, load_params
from pipeline.study.paths import hr_file, run_folder
from pipeline.study.runs import Run


def measure(params: Params, run: Run, part_of: dict[str, str]) -> pd.DataFrame:
    """Score a run on images; one row for each part of the training set that they belong to."""
    images = PackedImages(hr_file(params.data.train))
    readers = [(name, partial(images.__getitem__, name)) for name in part_of]
    scored = evaluate_images(
        load_run(run_folder(run.key), run.identity),
        *(readers, params.data.train, get_protocol(params.evaluate.protocol), choose_device()),
    )
    rows = [(part_of[name], prod(found.hr.shape[:2]), found.psnr_db) for name, found in scored]
    parts = pd.DataFrame(rows, columns=["part", "pixels", "psnr_db"]).groupby("part", sort=False)
    means = parts.agg(
        images=("pixels", "size"), pixels=("pixels", "sum"), psnr_db=("psnr_db", "mean")
    )
    return means.reset_index().assign(key=run.key)


def parts(params: Params) -> dict[str, str]:
    """Say of each image whether it was trained on, as part of what, or held out."""
    first = params.run(next(iter(params.trainings)))
    record = read_run(run_folder(first.key), first.identity)
    unused = {*record["skipped_images"], *record["excluded_images"]}
    names = [name for name in PackedImages(hr_file(params.data.train)).names if name not in unused]
    held_out = set(record["validation_images"])
    return {
        name: "held out" if name in held_out else "BSDS200" if name.isdigit() else "T91"
        for name in names
    }


def main() -> None:
    params = load_params()
    part_of = parts(params)
    runs = [params.run(key) for key in params.evaluated]
    with backend_flags():
        table = pd.concat([measure(params, run, part_of) for run in runs])
    print(table.to_string(index=False))
    table.to_csv(
        Path(__file__).with_suffix(".csv"), index=False, float_format="%.4f", lineterminator="\n"
    )


if __name__ == "__main__":
    main()
