"""Reading the evaluations that params.yaml names: results/quality.csv and matrices for tables."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.collation.cells import number
from pipeline.study.keys import Key
from pipeline.study.paths import EVALUATIONS, quality_file
from pipeline.study.results import QUALITY
from pipeline.study.statistics import Summary, over_seeds
from pipeline.support.errors import UserError

REMEDY = "dvc repro (stages evaluate*)"


@dataclass(frozen=True)
class Evaluated:
    """The rows of one evaluated network.

    Attributes
    ----------
    key : Key
        Its name.
    variant : str
        Which size or ablation variant was evaluated.
    rows : DataFrame
        Columns of `QUALITY`, by dataset and image. Without rows for published weights that could
        not be downloaded.
    """

    key: Key
    variant: str
    rows: pd.DataFrame


def read_evaluation(
    key: Key, datasets: Sequence[str], protocol: str, metrics: Sequence[str] = ()
) -> Evaluated:
    """Read the rows of one evaluated network; `metrics` are those beside PSNR and SSIM.

    Raises
    ------
    UserError
        When a file is missing, is about something else than its name says or than params.yaml
        asks for, or holds an image twice.
    """
    frames = []
    contract = QUALITY.with_numbers(metrics)
    for dataset in datasets:
        path = quality_file(key, dataset)
        frame = contract.read(path, remedy=REMEDY)
        if frame.empty and key.kind != "published":
            raise UserError(f"{path}: holds no image. Write it again: {REMEDY}")
        expected = {
            "model": key.network,
            "source": key.source,
            "scale": key.scale,
            "dataset": dataset,
            "seed": "" if key.seed is None else str(key.seed),
            "protocol": protocol,
            **({} if key.kind in ("trained", "ensemble", "ladder") else {"variant": key.variant}),
        }
        for column, value in expected.items():
            if other := set(frame[column]) - {value}:
                raise UserError(
                    f"{path}, column {column}: {sorted(other)[0]!r}; expected {value!r} by the "
                    f"file's name and params.yaml. Write it again: {REMEDY}"
                )
        if frame["image"].duplicated().any():
            twice = frame["image"][frame["image"].duplicated()].iloc[0]
            raise UserError(f"{path}: image {twice} stands twice. Write it again: {REMEDY}")
        if frame[["psnr_db", "ssim"]].isna().any(axis=None):
            raise UserError(f"{path}: an image has no PSNR or no SSIM. Write it again: {REMEDY}")
        for metric in metrics:
            if frame[metric].isna().any():
                raise UserError(f"{path}: an image has no {metric}. Write it again: {REMEDY}")
        frames.append(frame.sort_values("image"))
    rows = pd.concat(frames, ignore_index=True).astype({"scale": int})
    variants = sorted(set(rows["variant"]))
    if len(variants) > 1:
        raise UserError(
            f"{EVALUATIONS / key.name}: rows of several variants ({', '.join(variants)}). "
            f"Write them again: {REMEDY}"
        )
    return Evaluated(key, variants[0] if variants else key.variant, rows)


class Quality:
    """Per-image values of the evaluated networks, as matrices of seeds by images.

    Parameters
    ----------
    evaluated : sequence of Evaluated
        In the order of the tables; those without rows are left out.
    """

    def __init__(self, evaluated: Sequence[Evaluated]) -> None:
        self._evaluated = {e.key: e for e in evaluated if not e.rows.empty}
        self._cells = {
            (e.key, str(dataset)): rows.set_index("image")
            for e in self._evaluated.values()
            for dataset, rows in e.rows.groupby("dataset")
        }

    @property
    def evaluated(self) -> list[Evaluated]:
        """The evaluated networks that have rows."""
        return list(self._evaluated.values())

    def rows(self) -> pd.DataFrame:
        """All rows: results/quality.csv."""
        return pd.concat([e.rows for e in self.evaluated], ignore_index=True)

    def matrix(self, keys: Sequence[Key], dataset: str, metric: str) -> NDArray[np.float64]:
        """Values of shape (keys, images of `dataset`), images in alphabetical order.

        Raises
        ------
        UserError
            When the networks were evaluated on different images.
        """
        cells = [self._cells[key, dataset] for key in keys]
        for key, cell in zip(keys, cells, strict=True):
            if not cell.index.equals(cells[0].index):
                raise UserError(
                    f"{EVALUATIONS / key.name} and {EVALUATIONS / keys[0].name} hold different "
                    f"images of {dataset}. Run: {REMEDY}"
                )
        return np.array([cell[metric] for cell in cells])

    def summary(self, keys: Sequence[Key], dataset: str, metric: str) -> Summary:
        """Mean and spread over seeds of one network on one dataset."""
        return over_seeds(self.matrix(keys, dataset, metric))

    def measured_cells(self, keys: Sequence[Key], dataset: str) -> dict[str, str]:
        """Mean and spread of PSNR and SSIM over the seeds `keys`; empty cells without any."""
        if not keys:
            return dict.fromkeys(("psnr_db", "psnr_sd_db", "ssim", "ssim_sd"), "")
        psnr, ssim = (self.summary(keys, dataset, metric) for metric in ("psnr_db", "ssim"))
        return {
            "psnr_db": number(psnr.mean),
            "psnr_sd_db": number(psnr.sd),
            "ssim": number(ssim.mean),
            "ssim_sd": number(ssim.sd),
        }

    def means(self) -> dict[str, dict[str, dict[str, float]]]:
        """Mean PSNR and SSIM by dataset and evaluated network: results/metrics.json."""
        found: dict[str, dict[str, dict[str, float]]] = {}
        for (key, dataset), rows in self._cells.items():
            found.setdefault(dataset, {})[key.name] = {
                "psnr_db": round(float(rows["psnr_db"].mean()), 4),
                "ssim": round(float(rows["ssim"].mean()), 6),
            }
        return found
