"""Stage `certify_lr`: our downscaling against LR files that MATLAB wrote, pixel by pixel."""

import argparse
from collections.abc import Sequence

from pipeline.imaging.packed import PackedImages
from pipeline.study.lr_certification import certify_lr, describe, updated_record
from pipeline.study.paths import LR_RECORD, given_lr_file, hr_file, lr_certificate_file
from pipeline.study.results import LR_CERTIFICATE, RECORDED_LR_CERTIFICATE
from pipeline.support.console import run
from pipeline.support.revision import git_revision


def main(argv: Sequence[str] | None = None) -> None:
    """Compare our LR images of a dataset with MATLAB's files, or record the certificates."""
    parser = argparse.ArgumentParser(prog="python -m pipeline.certify_lr", description=main.__doc__)
    parser.add_argument("--dataset", help="dataset whose images are in data/hr")
    parser.add_argument(
        "--record",
        action="store_true",
        help="put the measured certificates into published/lr_certificate.csv",
    )
    arguments = parser.parse_args(argv)
    dataset = arguments.dataset
    if arguments.record:
        record, datasets = updated_record(git_revision())
        RECORDED_LR_CERTIFICATE.write(record, LR_RECORD)
        print(f"recorded {', '.join(datasets)} in {LR_RECORD}")
    elif dataset:
        rows = []
        images = PackedImages(hr_file(dataset))
        for row in certify_lr(images, PackedImages(given_lr_file(f"{dataset}_MATLAB_LR"))):
            rows.append(row)
            print(describe(row), flush=True)
        LR_CERTIFICATE.write(rows, lr_certificate_file(dataset))
    else:
        parser.error("give --dataset, or --record")


if __name__ == "__main__":
    raise SystemExit(run(main))
