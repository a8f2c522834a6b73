"""Which pictures the visual comparisons show, and where they are cut (Figures 4-8)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import uniform_filter

from reports.results import ReportError, Results, ordered
from reports.tables import published_key

Region = tuple[int, int, int, int]  # x, y, width, height in HR pixels
AUTOMATIC_CROPS = 3


@dataclass(frozen=True)
class Method:
    """A run whose pictures can be shown."""

    key: str
    label: str
    model: str
    variant: str
    source: str
    seed: str


@dataclass(frozen=True)
class Tile:
    """One enlarged region and the quality of the whole image that it is cut from."""

    label: str
    image: Image.Image
    psnr_db: float | None = None
    ssim: float | None = None
    best: bool = False  # highest PSNR among the tiles of its kind
    kind: str = ""  # of weights: none, trained or published; as in quality.csv
    method: str = ""  # key of the run; empty for the original and the LR image
    printed: bool = True  # whether the static figure shows it

    @property
    def metrics(self) -> str:
        """PSNR and SSIM as the figure prints them."""
        if self.psnr_db is None or self.ssim is None:
            return ""
        return f"{self.psnr_db:.2f} / {self.ssim:.4f}"


@dataclass(frozen=True)
class Comparison:
    """One image, a region of it, and every method's view of that region."""

    slug: str
    dataset: str
    image: str
    scale: int
    region: Region
    automatic: bool
    whole: Image.Image
    tiles: Sequence[Tile]


@dataclass(frozen=True)
class Refinement:
    """Coarse and refined image of MESR over a region, with their errors (Figure 4)."""

    dataset: str
    image: str
    scale: int
    region: Region
    label: str
    coarse: Image.Image
    refined: Image.Image
    original: Image.Image
    coarse_error: NDArray[np.float64]  # |error| of luma, 0..255
    refined_error: NDArray[np.float64]


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

    def open(self, key: str, dataset: str, image: str, name: str) -> Image.Image:
        """Read a picture as RGB."""
        path = self.path(key, dataset, image, name)
        try:
            with Image.open(path) as picture:
                return picture.convert("RGB")
        except (OSError, ValueError) as error:
            raise ReportError(
                f"{path}: cannot be read as an image ({error}). Delete evaluations/{key} and run "
                "`dvc repro` to write it again."
            ) from error

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
                found.append(Method(f"{model}_x{scale}", row["label"], model, variant, "none", ""))
            elif row["provenance"] == "published":
                key = published_key(model, variant, scale)
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

    def kept(self, key: str, dataset: str, image: str, name: str = "sr.png") -> bool:
        """Tell whether a picture was kept by stage `evaluate`."""
        return self.path(key, dataset, image, name).is_file()


def focus(methods: Sequence[Method]) -> Method | None:
    """Return the method that regions are chosen for: MESR, or the last network."""
    networks = [method for method in methods if method.source != "none"]
    mesr = [method for method in networks if method.model == "mesr"]
    return next(iter(mesr or networks[-1:]), None)


def requested(results: Results) -> list[dict[str, Any]]:
    """Return the crops that params `figures.crops` names."""
    crops = results.study.figures.get("crops") or []
    for crop in crops:
        if not isinstance(crop, dict) or not {"dataset", "image"} <= set(crop):
            raise ReportError(
                f"params figures.crops: {crop!r} is not a mapping with dataset and image. "
                "Correct params.yaml and run `dvc repro` again."
            )
    return list(crops)


def scale_of(crop: dict[str, Any], default: int) -> int:
    """Return the scale of a crop, given as 4 or x4."""
    text = str(crop.get("scale") or default).removeprefix("x")
    if not text.isdigit():
        raise ReportError(
            f"params figures.crops: scale {crop['scale']!r} is none; write 2, 3 or 4."
        )
    return int(text)


def automatic_crops(pictures: Pictures, scale: int) -> list[dict[str, Any]]:
    """Return the kept images on which MESR gains most over bicubic, best first."""
    method = focus(pictures.methods(scale))
    bicubic = f"bicubic_x{scale}"
    folder = pictures.evaluations / bicubic / "images"
    ranked = []
    for path in sorted(folder.glob("*/*/hr.png")):
        dataset, image = path.parent.parent.name, path.parent.name
        if method is None or not pictures.kept(method.key, dataset, image):
            continue
        before = pictures.quality.get(("bicubic", "", "none", float(scale), dataset, image, ""))
        after = pictures.measured(method, scale, dataset, image)
        if before and after:
            ranked.append((before[0] - after[0], dataset, image))
    return [
        {"dataset": dataset, "image": image, "scale": scale}
        for _, dataset, image in sorted(ranked)[:AUTOMATIC_CROPS]
    ]


def checked_region(region: Any, size: tuple[int, int], where: str) -> Region:
    """Return a region that lies inside an image of `size` (width, height)."""
    if not (isinstance(region, list | tuple) and len(region) == 4):
        raise ReportError(
            f"params figures: region {region!r} of {where} is not [x, y, width, height]."
        )
    x, y, width, height = (int(number) for number in region)
    if x < 0 or y < 0 or width < 1 or height < 1 or x + width > size[0] or y + height > size[1]:
        raise ReportError(
            f"params figures: region {list(region)} of {where} leaves the image, which is "
            f"{size[0]} wide and {size[1]} high. Give x, y, width, height in HR pixels."
        )
    return x, y, width, height


def chosen_region(
    original: Image.Image, bicubic: Image.Image, best: Image.Image | None, scale: int
) -> Region:
    """Return the region where `best` gains most over bicubic, on the LR grid.

    Without `best` it is the region that bicubic interpolation restores worst.
    """
    hr = luma(original)
    gain = (luma(bicubic) - hr) ** 2
    if best is not None:
        gain -= (luma(best) - hr) ** 2
    height, width = hr.shape
    side = max(8 * scale, min(height, width) // 5 // (4 * scale) * (4 * scale))
    w, h = min(width, side * 4 // 3 // scale * scale), min(height, side)
    mean = uniform_filter(gain, (h, w), mode="constant")[h // 2 :: scale, w // 2 :: scale]
    mean = mean[: (height - h) // scale + 1, : (width - w) // scale + 1]
    row, column = np.unravel_index(int(mean.argmax()), mean.shape)
    return int(column) * scale, int(row) * scale, w, h


def luma(image: Image.Image) -> NDArray[np.float64]:
    """BT.601 studio-range luma of an RGB image, as `docs/protocols.md` defines it."""
    rgb = np.asarray(image, dtype=np.float64)
    return np.asarray(16.0 + rgb @ np.array([65.481, 128.553, 24.966]) / 255.0)


def cut(image: Image.Image, region: Region, shrink: int = 1) -> Image.Image:
    """Cut a region out of an image `shrink` times smaller than the HR image."""
    x, y, width, height = region
    left, top = x // shrink, y // shrink
    right, bottom = -(-(x + width) // shrink), -(-(y + height) // shrink)
    return image.crop((left, top, right, bottom))


def slug(*parts: object) -> str:
    """Return a file name made of lower-case ASCII letters, digits and dashes."""
    return re.sub(r"[^A-Za-z0-9]+", "-", "-".join(map(str, parts))).strip("-").lower()


def marked(tiles: Sequence[Tile]) -> list[Tile]:
    """Mark the best tiles of each kind of weights that has several; prints that agree are equal."""
    values: dict[str, list[float]] = {}
    for tile in tiles:
        if tile.psnr_db is not None:
            values.setdefault(tile.kind, []).append(round(tile.psnr_db, 2))
    top = {kind: max(found) for kind, found in values.items() if len(found) > 1}
    return [
        replace(
            tile, best=tile.psnr_db is not None and round(tile.psnr_db, 2) == top.get(tile.kind)
        )
        for tile in tiles
    ]


def compare(pictures: Pictures, crop: dict[str, Any], name: str) -> Comparison | str:
    """Cut every method's view of one region; return why not when the pictures are not kept."""
    scale = scale_of(crop, 4)
    dataset, image = str(crop["dataset"]), str(crop["image"])
    where = f"{dataset}/{image} at ×{scale}"
    methods = pictures.methods(scale)
    bicubic = f"bicubic_x{scale}"
    if not pictures.kept(bicubic, dataset, image, "hr.png"):
        return (
            f"{where}: evaluations/{bicubic} keeps no picture of it. Is the image among the "
            "profile's test images and in evaluate.keep_images?"
        )
    shown = [method for method in methods if pictures.kept(method.key, dataset, image)]
    ablation = pictures.trained("mesr", ("ablate",), "", scale)
    if len(shown) <= 8:  # a small study has room for the ablation's variants
        shown += [method for method in ablation if pictures.kept(method.key, dataset, image)]
    original = pictures.open(bicubic, dataset, image, "hr.png")
    given = crop.get("region")
    if given is None:
        chief = focus(shown)
        best = pictures.open(chief.key, dataset, image, "sr.png") if chief else None
        base = pictures.open(bicubic, dataset, image, "sr.png")
        region = chosen_region(original, base, best, scale)
    else:
        region = checked_region(given, original.size, where)
    tiles = [Tile("Ground truth", cut(original, region))]
    if pictures.kept(bicubic, dataset, image, "lr.png"):
        lr = pictures.open(bicubic, dataset, image, "lr.png")
        tiles.append(Tile("LR input", cut(lr, region, scale)))
    values = [pictures.measured(method, scale, dataset, image) for method in shown]
    trained = {(method.model, method.variant) for method in shown if method.source == "trained"}
    for method, value in zip(shown, values, strict=True):
        sr = cut(pictures.open(method.key, dataset, image, "sr.png"), region)
        psnr, ssim = value or (None, None)
        # On paper each network has one tile: the equal-budget one where there are two.
        printed = method.source != "published" or (method.model, method.variant) not in trained
        tile = Tile(
            method.label, sr, psnr, ssim, kind=method.source, method=method.key, printed=printed
        )
        tiles.append(tile)
    return Comparison(name, dataset, image, scale, region, given is None, original, marked(tiles))


def comparisons(pictures: Pictures) -> tuple[list[Comparison], list[str]]:
    """Return the visual comparisons, and for each one that is not there the reason."""
    results = pictures.results
    scales = ordered(results["tables/table3"]["scale"])
    largest = int(max(scales, default=4))
    crops = requested(results) or automatic_crops(pictures, largest)
    found, absent = [], []
    for index, crop in enumerate(crops, start=1):
        name = slug(
            "crop", f"{index:02}", crop["dataset"], crop["image"], f"x{scale_of(crop, largest)}"
        )
        result = compare(pictures, {**crop, "scale": scale_of(crop, largest)}, name)
        if isinstance(result, str):
            absent.append(result)
        else:
            found.append(result)
    return found, absent


def refinement(pictures: Pictures) -> Refinement | str:
    """Return MESR's coarse and refined image of one region; or why there is none."""
    results = pictures.results
    largest = int(max(ordered(results["tables/table3"]["scale"]), default=4))
    given = results.study.figures.get("refinement")
    crops = [given] if given else requested(results) or automatic_crops(pictures, largest)
    if given is not None and not (isinstance(given, dict) and {"dataset", "image"} <= set(given)):
        raise ReportError(
            f"params figures.refinement: {given!r} is not a mapping with dataset and image."
        )
    for crop in crops:
        scale, dataset, image = scale_of(crop, largest), str(crop["dataset"]), str(crop["image"])
        bicubic = f"bicubic_x{scale}"
        if not pictures.kept(bicubic, dataset, image, "hr.png"):
            continue
        for method in pictures.trained("mesr", ("train",), "", scale):
            if not pictures.kept(method.key, dataset, image, "coarse.png"):
                continue
            original = pictures.open(bicubic, dataset, image, "hr.png")
            coarse = pictures.open(method.key, dataset, image, "coarse.png")
            refined = pictures.open(method.key, dataset, image, "sr.png")
            if crop.get("region") is None:
                region = chosen_region(original, coarse, refined, scale)
            else:
                region = checked_region(crop["region"], original.size, f"{dataset}/{image}")
            hr, low, high = (cut(picture, region) for picture in (original, coarse, refined))
            return Refinement(
                *(dataset, image, scale, region, method.label, low, high, hr),
                coarse_error=np.abs(luma(low) - luma(hr)),
                refined_error=np.abs(luma(high) - luma(hr)),
            )
    return (
        "Coarse against refined (Figure 4 of the paper): no run of MESR kept coarse.png for an "
        "image of the figures. Name one in evaluate.keep_images and figures.refinement."
    )
