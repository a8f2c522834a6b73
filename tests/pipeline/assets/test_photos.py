"""The photographs of profile quick: present, verified, and of different scenes."""

import dataclasses

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from pipeline.assets.photos import locate_photograph
from pipeline.assets.registry import AssetFile, find_asset, find_file
from pipeline.support.errors import UserError

TRAIN = find_asset("photos_train").files
TEST = find_asset("photos_test").files


def half_size_luma(file: AssetFile) -> NDArray[np.float64]:
    image = Image.open(locate_photograph(file)).convert("L")
    return np.asarray(
        image.resize((image.width // 2, image.height // 2), Image.Resampling.BOX), float
    )


def phase_correlation(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """Height of the peak: near 1 for shifted copies, near 0 for unrelated pictures."""
    size = (512, 512)
    spectra = []
    for image in (a, b):
        window = np.outer(np.hanning(image.shape[0]), np.hanning(image.shape[1]))
        spectrum = np.fft.rfft2((image - image.mean()) * window, size)
        spectra.append(spectrum / np.abs(spectrum).clip(1e-9))
    return float(np.fft.irfft2(spectra[0] * spectra[1].conj(), size).max())


@pytest.mark.parametrize("file", [*TRAIN, *TEST], ids=lambda file: file.key)
def test_the_installed_package_carries_the_registered_photograph(file: AssetFile) -> None:
    with Image.open(locate_photograph(file)) as image:
        assert image.mode in {"RGB", "L"}
        # Room for patches of up to 24x24 LR pixels at x4.
        assert min(image.size) >= 96


def test_training_and_test_scenes_are_different() -> None:
    train = {file.key: half_size_luma(file) for file in TRAIN}
    test = {file.key: half_size_luma(file) for file in TEST}
    # What the measure says of a stereo pair and of a crop, the two leaks to be found.
    twins = [train[f"photos_train/motorcycle_{side}.png"] for side in ("left", "right")]
    astronaut = test["photos_test/astronaut.png"]
    assert phase_correlation(*twins) > 0.15
    assert phase_correlation(astronaut, astronaut[60:150, 30:120]) > 0.15
    highest = max(phase_correlation(a, b) for a in train.values() for b in test.values())
    assert highest < 0.08


def test_a_changed_picture_is_refused_with_the_remedy() -> None:
    changed = dataclasses.replace(TEST[0], digest="sha256:" + "0" * 64)
    with pytest.raises(UserError, match=r"is not the picture .*pip install scikit-image=="):
        locate_photograph(changed)


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        ("pkg:pypi/no-such-package@1.0#a.png", "no-such-package is not installed"),
        ("pkg:pypi/scikit-image@0.26.0#skimage/data/gone.png", "has no file .*gone.png"),
        ("https://example.org/a.png", "is not the URL of a file in an installed package"),
    ],
)
def test_a_missing_picture_is_named(url: str, complaint: str) -> None:
    file = dataclasses.replace(find_file("photos_test/camera.png"), url=url)
    with pytest.raises(UserError, match=complaint):
        locate_photograph(file)
