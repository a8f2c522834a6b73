"""Packed LR images, made from packed HR images."""

from pathlib import Path

from tqdm import tqdm

from pipeline.imaging.degradation import make_lr
from pipeline.imaging.packed import PackedImages, pack_images
from pipeline.imaging.protocol import RGB


def degrade(hr_path: Path, lr_path: Path, scale: int) -> None:
    """Make the LR images of protocol `rgb` for a file of packed HR images.

    Parameters
    ----------
    hr_path : Path
        Packed HR images, see `pipeline.imaging.packed.pack_images`.
    lr_path : Path
        Packed LR images under the same names, (h, w, 3) uint8; appears when complete.
    scale : {2, 3, 4}
        Downscaling factor.

    Raises
    ------
    UserError
        When the input is missing or damaged, an image is smaller than `scale`, or the output
        cannot be written.
    """
    images = PackedImages(hr_path)
    names = tqdm(images.names, f"degrade {hr_path.stem} x{scale}", unit="image", disable=None)
    pack_images(
        ((name, make_lr(images[name], scale, RGB, f"{hr_path}: {name}")) for name in names),
        lr_path,
    )
