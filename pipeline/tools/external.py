"""What users bring: checkpoints of other projects, folders of SR images, folders of HR images."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from torch import Tensor, nn

from pipeline.imaging.colour import stack_gray
from pipeline.imaging.degradation import make_reference
from pipeline.imaging.images import Pixels, read_image
from pipeline.imaging.protocol import Protocol, image_in_space, scored_planes
from pipeline.imaging.tensors import crop_border
from pipeline.scoring.metrics import psnr, ssim
from pipeline.support.errors import UserError

SUFFIXES = (".png", ".bmp", ".jpg", ".jpeg", ".tif", ".tiff", ".webp", ".ppm", ".pgm")


def image_files(folder: Path) -> dict[str, Path]:
    """Image files of a folder by stem, sorted.

    Raises
    ------
    UserError
        When the folder is missing, holds no image, or holds two files of one stem.
    """
    if not folder.is_dir():
        raise UserError(f"{folder}: is not a folder; expected a folder of image files")
    files: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() not in SUFFIXES or path.name.startswith("."):
            continue
        if path.stem in files:
            raise UserError(
                f"{path}: {files[path.stem].name} has the same name without its ending; "
                "keep one of the two"
            )
        files[path.stem] = path
    if not files:
        raise UserError(f"{folder}: holds no image file ({', '.join(SUFFIXES)})")
    return files


def matching_files(folder: Path, names: Sequence[str], what: str) -> dict[str, Path]:
    """Image files of `folder`, one for each of `names` and no other.

    A name also matches when the file carries a scale after it, as in ``baby_x4`` or ``babyx4``.

    Raises
    ------
    UserError
        Naming an image that has no file, or a file that belongs to no image.
    """
    files = image_files(folder)
    matched: dict[str, Path] = {}
    for name in names:
        candidates = [name, *(f"{name}{dash}x{s}" for dash in ("_", "", "-") for s in (2, 3, 4))]
        stem = next((c for c in candidates if c in files), None)
        if stem is None:
            raise UserError(
                f"{folder}: has no {what} image for {name!r} ({len(files)} files for "
                f"{len(names)} HR images). The folders must hold the same images by name."
            )
        matched[name] = files.pop(stem)
    if files:
        extra = next(iter(files.values()))
        raise UserError(
            f"{extra}: belongs to no HR image ({len(files)} such files). "
            "The folders must hold the same images by name."
        )
    return matched


def folder_images(folder: Path) -> list[tuple[str, Callable[[], Pixels]]]:
    """Names and readers of the images of a folder."""
    return [(name, partial(read_image, path)) for name, path in image_files(folder).items()]


class SpandrelNetwork(nn.Module):
    """A checkpoint of another project, recognised and loaded by Spandrel.

    Parameters
    ----------
    path : Path
        Checkpoint file. Spandrel reads pickled files with an unpickler of its own that admits
        tensors only.

    Raises
    ------
    UserError
        When Spandrel is not installed, does not recognise the file, or it is no SR network of
        scale 2, 3 or 4 for RGB images.
    """

    domain = "rgb"
    preupsampled = False
    output_weights = (1.0,)

    def __init__(self, path: Path) -> None:
        super().__init__()
        try:
            from spandrel import ImageModelDescriptor, ModelLoader  # noqa: PLC0415
        except ImportError as error:
            raise UserError(
                "spandrel is not installed; install it with: pip install -e '.[spandrel]'"
            ) from error
        if not path.is_file():
            raise UserError(f"{path}: not found; expected a checkpoint file")
        try:
            descriptor = ModelLoader(device="cpu").load_from_file(path)
        except Exception as error:  # Spandrel raises whatever its parsers raise
            raise UserError(
                f"{path}: Spandrel cannot load it ({type(error).__name__}: {error}). "
                "It may be damaged, or an architecture Spandrel does not know."
            ) from error
        if not isinstance(descriptor, ImageModelDescriptor):
            raise UserError(f"{path}: is no network from one image to one image")
        if descriptor.scale not in (2, 3, 4) or descriptor.input_channels != 3:
            raise UserError(
                f"{path}: enlarges {descriptor.input_channels}-channel images "
                f"{descriptor.scale} times; expected RGB and scale 2, 3 or 4"
            )
        self.scale = descriptor.scale
        self.name = descriptor.architecture.name
        self._descriptor = descriptor
        self.network = descriptor.model

    def forward(self, x: Tensor) -> tuple[Tensor]:
        """Super-resolve (B, 3, h, w) in [0, 1], padded to the size that the network needs."""
        return (self._descriptor(x),)


def score_given(
    sr: Pixels, hr: Pixels, scale: int, protocol: Protocol, name: str
) -> tuple[float, float]:
    """PSNR in dB and SSIM of an SR image that someone else made.

    Parameters
    ----------
    sr, hr : ndarray
        uint8 (H, W, 3) or (H, W); the HR image is cropped to a multiple of the scale.
    scale : {2, 3, 4}
        Scale of the SR image; decides the border that is not scored.
    protocol : Protocol
        How to score.
    name : str
        Of the image, for messages.

    Raises
    ------
    UserError
        When the SR image is not as large as the cropped HR image.
    """
    reference = make_reference(hr, scale, protocol, name)
    if sr.shape[:2] != reference.shape[:2]:
        raise UserError(
            f"{name}: the SR image is {sr.shape[1]}x{sr.shape[0]} pixels; the HR image cropped to "
            f"a multiple of {scale} is {reference.shape[1]}x{reference.shape[0]}. "
            "Give the scale that the SR images were made for."
        )
    image = stack_gray(sr) if protocol.gray == "replicate" else sr
    x, y = (
        crop_border(scored_planes(i, protocol), protocol.border_width(scale), name)
        for i in (image_in_space(image, protocol), reference)
    )
    return psnr(x, y), ssim(x, y, border=protocol.ssim_border)
