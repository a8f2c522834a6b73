"""Stage `certify_lr`: our downscaling against LR files that MATLAB wrote, pixel by pixel."""

import argparse
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from pipeline.imaging.packed import PackedImages
from pipeline.study.lr_certification import certify_lr, describe
from pipeline.study.paths import (
    CERTIFICATES,
    LR_RECORD,
    given_lr_file,
    hr_file,
    lr_certificate_file,
)
from pipeline.study.recording import update_record
from pipeline.support.console import run
from pipeline.support.errors import UserError
from pipeline.support.files import atomic_path
from pipeline.support.revision import git_revision


def record(path: Path = LR_RECORD) -> str:
    """Put the certificates that are here into the committed record; say which.

    Raises
    ------
    UserError
        When there are none.
    """
    files = sorted((CERTIFICATES / "lr").glob("*.csv"))
    if not files:
        raise UserError(
            f"{CERTIFICATES / 'lr'}: holds no certificate. Measure first: dvc repro certify_lr"
        )
    measured = pd.concat([pd.read_csv(f, dtype=str, keep_default_na=False) for f in files])
    table = update_record(path, measured, ("dataset",), git_revision())
    with atomic_path(path) as temporary:
        table.to_csv(temporary, index=False, lineterminator="\n")
    return f"recorded {', '.join(file.stem for file in files)} in {path}"


def main(argv: Sequence[str] | None = None) -> None:
    """Compare our LR images of a dataset with MATLAB's files, or record the certificates."""
    parser = argparse.ArgumentParser(prog="python -m pipeline.certify_lr", description=main.__doc__)
    parser.add_argument("dataset", nargs="?", help="dataset whose images are in data/hr")
    parser.add_argument(
        "--record",
        action="store_true",
        help="put the measured certificates into published/lr_certificate.csv",
    )
    arguments = parser.parse_args(argv)
    dataset = arguments.dataset
    if arguments.record:
        print(record())
    elif dataset:
        images = PackedImages(hr_file(dataset))
        print(f"compare LR images of {len(images)} images of {dataset}", flush=True)
        rows = []
        for row in certify_lr(images, PackedImages(given_lr_file(f"{dataset}_MATLAB_LR"))):
            rows.append(row)
            print(describe(row), flush=True)
        with atomic_path(lr_certificate_file(dataset)) as temporary:
            pd.DataFrame(rows).to_csv(temporary, index=False, lineterminator="\n")
    else:
        parser.error("give a dataset, or --record")


if __name__ == "__main__":
    raise SystemExit(run(main))
