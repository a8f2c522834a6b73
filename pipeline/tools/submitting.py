"""`mesr submit`: results of one's own network in the format that tables take."""

from pathlib import Path
from typing import Annotated, Any, get_args

import pandas as pd
import typer
import yaml

from pipeline.assets.registry import registry
from pipeline.imaging.packed import PackedImages
from pipeline.study.paths import SUBMISSIONS, hr_file
from pipeline.support.errors import UserError
from pipeline.support.files import atomic_path
from pipeline.support.names import suggestion
from pipeline.support.yaml import read_yaml
from pipeline.tables.submitted import (
    FORMAT,
    REMEDY,
    Protocol,
    compare_images,
    read_submission,
)

COLUMNS = {
    "model": str,
    "scale": int,
    "dataset": str,
    "image": str,
    "protocol": str,
    "psnr_db": float,
    "ssim": float,
}
EMPTY = {"trained_on": None, "trained_on_test_data": None, "source": None}  # only people know


def submit(
    file: Annotated[Path, typer.Argument(help="NAME.yaml; NAME names the network")],
    scores: Annotated[Path | None, typer.Option(help="quality.csv: enter its means")] = None,
    check: Annotated[bool, typer.Option("--check", help="check the file, change nothing")] = False,
) -> None:
    """Check results of a network of one's own, and put them into submissions/."""
    if file.suffix != ".yaml":
        raise UserError(f"{file}: expected a file NAME.yaml")
    if scores is not None and check:
        raise UserError("--scores writes, --check does not: give one of them")
    if scores is not None:
        print(f"{file}: {enter_scores(file, scores)}. Fill in what is empty. {REMEDY}")
        return
    print(f"{file}: has the format {FORMAT}", *check_file(file), sep="\n  ")
    target = SUBMISSIONS / file.name
    if check or target.resolve() == file.resolve():
        return
    if not SUBMISSIONS.is_dir():
        raise UserError(f"{SUBMISSIONS}: no such folder in {Path.cwd()}. Run this in the checkout.")
    with atomic_path(target) as temporary:
        temporary.write_bytes(file.read_bytes())
    print(f"{target}: written; dvc repro tables takes it into the tables")


def check_file(file: Path) -> list[str]:
    """Check format and datasets of a file against those that are here.

    Returns
    -------
    list of str
        What could not be compared, and what tables will say.

    Raises
    ------
    UserError
        When the format is another, there is no dataset of a name, or it has other images here.
    """
    submission = read_submission(file)
    known = [name for name, asset in registry().items() if asset.kind not in ("lr", "weights")]
    notes: dict[str, None] = {}
    for _, dataset, _, score in submission.scores():
        path = hr_file(dataset)
        if dataset not in known:
            near = suggestion(dataset, known)
            raise UserError(f"{file}: dataset {dataset!r} is unknown.{near} Datasets: mesr fetch")
        if path.is_file():
            images = PackedImages(path)
            compare_images(file, dataset, score, images.digest, len(images), path)
        else:
            notes[f"{dataset}: not here, digest not compared; first: mesr fetch {dataset}"] = None
    if submission.trained_on_test_data:
        notes["trained on test data: tables will say so"] = None
    return list(notes)


def enter_scores(file: Path, scores: Path) -> str:
    """Write the means of a table of `mesr evaluate` into a file, made when missing.

    Returns
    -------
    str
        What was entered.

    Raises
    ------
    UserError
        When the table is none of `mesr evaluate`, is about several datasets, or about other images
        than those that are here; when the file is about another protocol.
    """
    try:
        table = pd.read_csv(scores, dtype=COLUMNS, keep_default_na=False)[list(COLUMNS)]
    except (OSError, ValueError, KeyError) as error:
        raise UserError(
            f"{scores}: not readable as quality.csv of mesr evaluate ({error}). {REMEDY}"
        ) from error
    about = table[["model", "scale", "dataset", "protocol"]].drop_duplicates()
    if len(about) != 1:
        raise UserError(f"{scores}: expected one network, scale, dataset and protocol.")
    model, scale, dataset, protocol = about.iloc[0]
    images = PackedImages(hr_file(dataset))
    if sorted(table["image"]) != sorted(images.names):
        remedy = f"Score the network: mesr evaluate --data {dataset}"
        raise UserError(f"{scores}: its images are not those of {images.path}. {remedy}")
    draft = {"format": FORMAT, "name": file.stem, "label": model, "protocol": protocol, **EMPTY}
    values: dict[str, Any] = read_yaml(file, REMEDY) if file.is_file() else draft
    expected = [values.get("protocol")] if file.is_file() else get_args(Protocol)
    if protocol not in expected:
        raise UserError(
            f"{scores}: protocol {protocol!r}, expected {' or '.join(map(str, expected))}. "
            f"Studies are scored under {' or '.join(get_args(Protocol))}, a file under one of them."
        )
    try:
        at = values.setdefault("scales", {}).setdefault(f"x{scale}", {"parameters": None})
        at.setdefault("datasets", {})[dataset] = {
            "digest": images.digest,
            "images": len(table),
            **{name: round(float(table[name].mean()), 6) for name in ("psnr_db", "ssim")},
        }
    except (AttributeError, TypeError) as error:
        raise UserError(f"{file}: scales does not have the format. {REMEDY}") from error
    with atomic_path(file) as temporary:
        text = yaml.safe_dump(values, sort_keys=False, allow_unicode=True)
        temporary.write_text(text, encoding="utf-8")
    return f"scores on {dataset} at x{scale} entered"
