"""Stage `evaluate`: score one run on one dataset, into ``evaluations/KEY/DATASET``."""

import argparse
import sys
import time
from collections.abc import Collection, Sequence
from pathlib import Path

import pandas as pd

from pipeline.imaging.backend import backend_flags, choose_device, computed_on, device_name
from pipeline.imaging.packed import PackedImages
from pipeline.imaging.protocol import Protocol, get_protocol
from pipeline.models.runs import load_run, read_run
from pipeline.scoring.evaluation import SCORES, evaluate_dataset
from pipeline.study.params import load_params
from pipeline.study.paths import evaluation_folder, hr_file, run_folder
from pipeline.study.runs import Run
from pipeline.support.console import run
from pipeline.support.files import atomic_path
from pipeline.support.provenance import code_digest, write_log

SHARED_CODE = ("mesr/common", "pipeline/imaging", "pipeline/scoring")


def evaluate(
    wanted: Run, dataset: str, protocol: Protocol, keep: Collection[str] | None
) -> pd.DataFrame:
    """Score a run on a packed dataset.

    Parameters
    ----------
    wanted : Run
        With its folder, ``runs/KEY``.
    dataset : str
        ``data/hr/DATASET.h5`` holds its images.
    protocol : Protocol
        How to degrade and score.
    keep : collection of str or None
        Names of the images of which SR images are kept; None keeps all.

    Returns
    -------
    DataFrame
        The rows of scores.csv, one for each image; none for published weights that were not among
        those that could be downloaded.

    Raises
    ------
    UserError
        When the run is not the one of params.yaml or was made by other code than there is now.
    """
    began = time.perf_counter()
    images, output = PackedImages(hr_file(dataset)), evaluation_folder(wanted.key, dataset)
    print(f"evaluate {wanted.key} on {len(images)} images of {dataset}", flush=True)
    record = read_run(run_folder(wanted.key), wanted.identity)
    if missing := record.get("missing"):
        print(f"{wanted.key}: no rows, {missing[0]} was not downloaded", file=sys.stderr)
        empty = pd.DataFrame(columns=["image", *SCORES])
        with atomic_path(output) as folder:
            folder.mkdir()
            empty.to_csv(folder / "scores.csv", index=False, lineterminator="\n")
        return empty
    device = choose_device()
    digest = code_digest([wanted.code, *map(Path, SHARED_CODE)])
    table = evaluate_dataset(
        load_run(run_folder(wanted.key), wanted.identity),
        *(images, protocol, output),
        keep=keep,
        with_inputs=wanted.kind == "interpolation",
        device=device,
        facts={"key": wanted.key, **computed_on(device), "code_digest": digest},
    )
    write_log(f"evaluations/{wanted.key}/{dataset}", began, processor=device_name(device))
    return table


def main(argv: Sequence[str] | None = None) -> None:
    """Score a run of params.yaml on a dataset."""
    parser = argparse.ArgumentParser(prog="python -m pipeline.evaluate", description=main.__doc__)
    parser.add_argument("key", help="name of a run in params.yaml, e.g. mesr_x4_s0")
    parser.add_argument("dataset", help="a name in params.yaml, data.test")
    arguments = parser.parse_args(argv)
    params, dataset = load_params(), arguments.dataset
    protocol, kept = get_protocol(params.evaluate.protocol), params.evaluate.keep_images
    named = [name.partition("/")[2] for name in kept if name.startswith(f"{dataset}/")]
    with backend_flags(threads=params.evaluate.threads):
        wanted = params.run(arguments.key)
        table = evaluate(wanted, dataset, protocol, None if kept == "all" else named)
    if len(table):
        means = table[["psnr_db", "ssim"]].mean()
        print(f"{arguments.key} on {dataset}: {means.psnr_db:.2f} dB, SSIM {means.ssim:.4f}")


if __name__ == "__main__":
    raise SystemExit(run(main))
