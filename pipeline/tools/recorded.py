"""What a study recorded of a training: its run.json, its training images, its figures."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from pydantic import BaseModel, ConfigDict, ValidationError

from pipeline.assets.registry import Asset, find_asset
from pipeline.study.keys import Key
from pipeline.study.paths import quality_file, run_folder
from pipeline.study.results import QUALITY, RUNS, StudyFacts, first_problem, read_json, read_study
from pipeline.support.errors import UserError

REMEDY = "dvc repro tables"
CODE_LICENCE = "Apache-2.0"  # as in pyproject.toml


class RunFacts(BaseModel):
    """The part of run.json that a reader of the weights should know."""

    model_config = ConfigDict(frozen=True)

    model: str
    variant: str
    scale: int
    seed: int
    settings: dict[str, Any]
    train: dict[str, Any]
    params: int
    steps: int
    precision: str
    machine: str
    threads: int
    torch: str
    code_digest: str
    data_digest: str
    fingerprint: str


@dataclass(frozen=True)
class Recorded:
    """A training and what was measured of it.

    Attributes
    ----------
    key : Key
        Its name.
    run : RunFacts
        From its run.json.
    images : Asset
        What it was trained on.
    study : StudyFacts
        The study that it belongs to.
    quality : mapping of str to DataFrame
        For each dataset, one row per image: psnr_db, ssim, bicubic_psnr_db, bicubic_ssim.
    """

    key: Key
    run: RunFacts
    images: Asset
    study: StudyFacts
    quality: dict[str, pd.DataFrame]

    @property
    def toy(self) -> bool:
        """Whether the training shows that the pipeline works and is of no use beyond that."""
        return is_toy(self.images)


def is_toy(images: Asset) -> bool:
    """Whether a training on these images can give more than a demonstration."""
    return images.kind == "photos"


def weights_licence(images: Asset | None) -> str:
    """Terms of weights that were trained here, on `images` if these are known."""
    if images is None:
        return f"{CODE_LICENCE}; terms of the training images unknown"
    return f"{CODE_LICENCE}; trained on {images.name}, whose terms are: {images.licence}"


def read_run(folder: Path) -> RunFacts:
    """Read the run.json of a training.

    Raises
    ------
    UserError
        When it is missing, or a fact is missing or of a wrong type.
    """
    path = folder / "run.json"
    facts = read_json(path, "dvc repro")
    try:
        return RunFacts.model_validate(facts)
    except ValidationError as error:
        raise UserError(
            f"{first_problem(path, error)}; expected the record of a training. "
            "Train again: dvc repro"
        ) from error


def training_images(run: RunFacts) -> Asset:
    """Find what a training was trained on, by the digest of its images in results/runs.csv.

    Raises
    ------
    UserError
        When the file is missing or knows no training on these images.
    """
    rows = RUNS.read(remedy=REMEDY)
    trained = rows[(rows["data_digest"] == run.data_digest) & (rows["dataset"] != "")]
    if trained.empty:
        raise UserError(
            f"{RUNS.path}: no training on images with the digest {run.data_digest[:15]}..., which "
            f"are those of {run.model} x{run.scale} s{run.seed}. Bring it up to date: {REMEDY}"
        )
    return find_asset(str(trained["dataset"].iloc[0]))


def read_recorded(key: Key) -> Recorded:
    """Read all that the study in the working directory recorded of a training.

    Raises
    ------
    UserError
        When a file is missing, damaged, or is about another training.
    """
    run = read_run(run_folder(key))
    images = training_images(run)
    if (run.model, run.scale, run.seed) != (key.model, key.scale, key.seed):
        raise UserError(
            f"{run_folder(key) / 'run.json'}: is about {run.model} x{run.scale} s{run.seed}. "
            "Train again: dvc repro"
        )
    study = read_study(remedy=REMEDY)
    quality = {
        dataset: _scores(key, dataset, study.protocol).join(
            _scores(Key.bicubic(key.scale), dataset, study.protocol).add_prefix("bicubic_"),
            validate="one_to_one",
        )
        for dataset in study.datasets
    }
    for dataset, rows in quality.items():
        if rows.empty or rows.isna().any(axis=None):
            raise UserError(
                f"{quality_file(key, dataset)}: without scores, or on other images than bicubic "
                f"interpolation or another protocol than {study.protocol}. Run: {REMEDY}"
            )
    return Recorded(key, run, images, study, quality)


def _scores(key: Key, dataset: str, protocol: str) -> pd.DataFrame:
    rows = QUALITY.read(quality_file(key, dataset), remedy=REMEDY)
    rows = rows[rows["protocol"] == protocol].drop_duplicates("image")
    return rows.set_index("image")[["psnr_db", "ssim"]].sort_index()
