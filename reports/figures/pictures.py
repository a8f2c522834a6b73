"""The pictures that stage `evaluate` kept, and whose they are."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from skimage.metrics import structural_similarity

from pipeline.study.keys import Key
from pipeline.support.errors import UserError
from reports.results import Results

WINDOW = 11  # side of SSIM's window in pixels


@dataclass(frozen=True)
class Method:
    """A run whose pictures can be shown."""

    key: str
    label: str
    model: str
    variant: str
    source: str
    seed: str


class Pictures:
    """The pictures below `evaluations/` and the quality of each."""

    def __init__(self, results: Results, evaluations: Path) -> None:
        self.results = results
        self.evaluations = evaluations
        frame = results["quality"]
        keys = ["model", "variant", "source", "scale", "dataset", "image", "seed"]
        frame = frame[frame["protocol"] == results.study.protocol]
        self.quality = dict(
            zip(
                frame[keys].itertuples(index=False, name=None),
                frame[["psnr_db", "ssim"]].itertuples(index=False, name=None),
                strict=True,
            )
        )

    def path(self, key: str, dataset: str, image: str, name: str) -> Path:
        """Return where a picture is kept."""
        return self.evaluations / key / "images" / dataset / image / name

    def kept(self, key: str, dataset: str, image: str, name: str = "sr.png") -> bool:
        """Tell whether a picture was kept by stage `evaluate`."""
        return self.path(key, dataset, image, name).is_file()

    def original(self, scale: int, dataset: str, image: str) -> Image.Image | None:
        """Read the HR image that the results at `scale` are compared with; None if not kept."""
        key = Key.bicubic(scale).name
        if not self.kept(key, dataset, image, "hr.png"):
            return None
        return read_picture(self.path(key, dataset, image, "hr.png"), key)

    def view(
        self, key: str, dataset: str, image: str, size: tuple[int, int], name: str = "sr.png"
    ) -> Image.Image:
        """Read a picture, which must be `size` (width, height) pixels large."""
        path = self.path(key, dataset, image, name)
        picture = read_picture(path, key)
        if picture.size != size:
            raise UserError(
                f"{path}: {picture.width} x {picture.height} pixels, expected {size[0]} x "
                f"{size[1]} as for hr.png of this image. {again(key)}"
            )
        return picture

    def methods(self, scale: int) -> list[Method]:
        """Return the rows of Table 3 at a scale, each with the run whose pictures it shows.

        Of several seeds the first is shown: one picture cannot be a mean.
        """
        frame = self.results["tables/table3"]
        rows = frame[frame["scale"] == scale].drop_duplicates(["model", "variant", "provenance"])
        found = []
        for row in rows.to_dict("records"):
            model, variant = row["model"], row["variant"]
            if row["provenance"] == "interpolation":
                key = Key.bicubic(scale).name
                found.append(Method(key, row["label"], model, variant, "none", ""))
            elif row["provenance"] == "published":
                key = Key.published(model, variant, scale).name
                text = f"{row['label']} (published)"
                found.append(Method(key, text, model, variant, "published", ""))
            elif row["provenance"] == "trained":
                found += self.trained(model, ("train",), row["label"], scale)[:1]
        return found

    def trained(self, model: str, stages: Sequence[str], label: str, scale: int) -> list[Method]:
        """Return the runs of a trained network at a scale, first seed of each variant."""
        runs = self.results["runs"]
        own = runs[
            (runs["model"] == model)
            & (runs["scale"] == str(scale))
            & runs["stage"].isin(list(stages))
        ]
        own = own.drop_duplicates("variant")
        return [
            Method(run["key"], label or run["label"], model, run["variant"], "trained", run["seed"])
            for run in own.to_dict("records")
        ]

    def measured(
        self, method: Method, scale: int, dataset: str, image: str
    ) -> tuple[float, float] | None:
        """Return PSNR and SSIM of one picture."""
        return self.quality.get(
            (method.model, method.variant, method.source, float(scale), dataset, image, method.seed)
        )


def read_picture(path: Path, key: str) -> Image.Image:
    """Read a picture as RGB."""
    try:
        with Image.open(path) as picture:
            return picture.convert("RGB")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise UserError(f"{path}: cannot be read as an image ({error}). {again(key)}") from error


def again(key: str) -> str:
    """Say how a picture is written again."""
    return f"Delete evaluations/{key} and run `dvc repro` to write it again."


def luma(image: Image.Image) -> NDArray[np.float64]:
    """BT.601 studio-range luma of an RGB image, as `docs/protocols.md` defines it."""
    rgb = np.asarray(image, dtype=np.float64)
    return np.asarray(16.0 + rgb @ np.array([65.481, 128.553, 24.966]) / 255.0)


def scores(view: Image.Image, original: Image.Image) -> tuple[float, float]:
    """Return PSNR in dB and SSIM of a view on the luma of what is shown, without a border.

    PSNR is infinite for equal views, SSIM NaN where a side is shorter than its window.
    """
    a, b = luma(view), luma(original)
    error = float(np.mean((a - b) ** 2))
    psnr = 10 * math.log10(255**2 / error) if error else math.inf
    if min(a.shape) < WINDOW:
        return psnr, math.nan
    ssim = structural_similarity(
        a, b, data_range=255, gaussian_weights=True, sigma=1.5, use_sample_covariance=False
    )
    return psnr, float(ssim)
