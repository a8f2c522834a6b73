"""The result files that the report reads; `pipeline.study.results` holds their contracts."""

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from pipeline.study.keys import SCALES, Key
from pipeline.study.results import FILES, StudyFacts, read_study
from pipeline.support.errors import UserError

# Stages in runs.csv that train; the others evaluate. Tables 1 and 2 are of the first two.
OF_ABLATION = ("train", "ablate")
TRAININGS = (*OF_ABLATION, "readings", "ladder")


@dataclass(frozen=True)
class Results:
    """Every result file of one study.

    Attributes
    ----------
    study : StudyFacts
        study.json.
    frames : dict of str to DataFrame
        The CSV files by name, "quality" or "tables/table1": text as str, numbers as float64 with
        NaN for empty cells. A PSNR may be infinite (identical images); scales are 2, 3 or 4.
    """

    study: StudyFacts
    frames: dict[str, pd.DataFrame]

    def __getitem__(self, name: str) -> pd.DataFrame:
        return self.frames[name]

    def network(self, model: str, variant: str) -> str:
        """Return the name of a network as the tables print it."""
        key = f"{model} {variant}".strip()
        return self.study.labels.get(key, key)

    def trained_size(self, model: str, scale: float) -> tuple[float, float]:
        """Return parameters and Multi-Adds of a narrowed network as it was trained.

        Multi-Adds are counted on a patch of the training (sizes.csv) and scaled by area to the HR
        output that `StudyFacts.complexity_hr` names. Both are NaN where the size is not known.
        """
        sizes = self["sizes"]
        own = sizes[(sizes["model"] == model) & (sizes["scale"] == scale)]
        if own.empty:
            return math.nan, math.nan
        row = own.iloc[0]
        width, height = map(int, self.study.complexity_hr.split("x"))
        pixels = (scale * row["patch"]) ** 2
        return float(row["params"]), float(row["multi_adds"] * width * height / pixels)

    def trained_psnr(self, model: str, variant: str, scale: float) -> pd.DataFrame:
        """Return the PSNR of a network trained here: a row a seed, a column a dataset and image."""
        frame = self["quality"]
        rows = frame[
            (frame["protocol"] == self.study.protocol)
            & (frame["source"] == "trained")
            & (frame["model"] == model)
            & (frame["variant"] == variant)
            & (frame["scale"] == scale)
        ]
        return rows.pivot_table("psnr_db", "seed", ["dataset", "image"], sort=False)


def read_results(folder: Path) -> Results:
    """Read and check all result files in `folder`.

    Raises
    ------
    UserError
        When a file is missing, lacks a column, or holds something else than its contract says.
    """
    study = read_study(folder / "study.json")
    frames = {}
    for name, file in FILES.items():
        path = folder / file.path.relative_to(file.path.parents[-2])
        frames[name] = file.read(path)
        remedy = f"Write the file again: dvc repro {file.stage}"
        if file.columns.get("scale") == "number":
            check_scales(path, frames[name], remedy)
    for row, key in enumerate(frames["runs"]["key"]):
        try:
            Key.parse(key)
        except UserError as error:
            where = f"{folder / 'runs.csv'}, line {row + 2}, column key"
            raise UserError(f"{where}: {error} Write the file again: dvc repro tables") from error
    return Results(study, frames)


def check_scales(path: Path, frame: pd.DataFrame, remedy: str) -> None:
    """Refuse a row without a scale, or of one that no network has."""
    wrong = ~frame["scale"].isin(SCALES)
    if wrong.any():
        row = int(wrong.to_numpy().argmax())
        found = frame["scale"].iloc[row]
        raise UserError(
            f"{path}, line {row + 2}, column scale: "
            f"{'the cell is empty' if math.isnan(found) else f'found {found:g}'}, expected 2, 3 "
            f"or 4. {remedy}"
        )


def warning(study: StudyFacts) -> str:
    """One sentence that tells this profile from the paper's setting; empty for the paper's."""
    if study.is_paper_setting:
        return ""
    return (
        f"Profile {study.profile} is not the paper's setting: its figures show the method at work "
        "and must not be quoted as the paper's results."
    )


def ordered(values: Iterable[Any]) -> list[Any]:
    """Return the distinct values in the order of their first appearance."""
    return list(dict.fromkeys(values))


def slug(*parts: object) -> str:
    """Return a name for files and anchors: lower-case ASCII letters, digits and dashes."""
    return re.sub(r"[^A-Za-z0-9]+", "-", "-".join(map(str, parts))).strip("-").lower()


def known(number: float) -> bool:
    """Tell whether a cell holds a number, which may be infinite."""
    return not math.isnan(number)
