"""The certificate of our downscaling: how it counts, and MATLAB's own files."""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipeline import certify_lr
from pipeline.assets.fetching import fetch_assets
from pipeline.assets.registry import find_asset
from pipeline.imaging.degradation import make_lr
from pipeline.imaging.packed import PackedImages, pack_images
from pipeline.imaging.protocol import RGB
from pipeline.imaging.tensors import Pixels
from pipeline.study.paths import lr_certificate_file
from pipeline.support.errors import UserError

CLAMPED = replace(RGB, gray="keep", lr_border="clamp", lr_pass_rounding=True)


def some_images() -> dict[str, Pixels]:
    rng = np.random.default_rng(0)
    return {
        "butterfly": rng.integers(0, 256, (30, 41, 3), dtype=np.uint8),
        "bridge": rng.integers(0, 256, (25, 33), dtype=np.uint8),
    }


def lr_files(scale: int) -> dict[str, Pixels]:
    """As numbered by their release: bridge is the first."""
    hr = some_images()
    return {
        f"img_{number:03}_SRF_{scale}_LR": make_lr(hr[name], scale, CLAMPED)
        for number, name in enumerate(sorted(hr), start=1)
    }


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    pack_images(some_images().items(), tmp_path / "data/hr/Toy.h5")
    return tmp_path


def certificate(workplace: Path) -> pd.DataFrame:
    certify_lr.main(["Toy"])
    table = pd.read_csv(workplace / lr_certificate_file("Toy"), keep_default_na=False)
    return table.set_index(["scale", "lr_border", "lr_pass_rounding"])


def test_equal_files_are_counted_by_scale_and_variant(workplace: Path) -> None:
    pack_images((lr_files(2) | lr_files(4)).items(), workplace / "data/lr/Toy_MATLAB_LR.h5")
    table = certificate(workplace)
    assert sorted(set(table.index.get_level_values("scale"))) == [2, 4]
    assert len(table) == 2 * 4
    for scale in (2, 4):
        row = table.loc[(scale, "clamp", "yes")]
        assert (row.files, row.equal_files, row.different_values, row.worst_difference) == (
            2, 2, 0, 0,
        )  # fmt: skip
        assert row.worst_image == ""
        assert row["values"] == sum(lr.size for lr in lr_files(scale).values())
        assert table.loc[(scale, "mirror", "yes")].equal_files == 0


def test_one_changed_pixel_is_found(workplace: Path) -> None:
    files = lr_files(3)
    changed = files["img_001_SRF_3_LR"]
    changed[2, 3] = changed[2, 3] - 7 if changed[2, 3] > 7 else changed[2, 3] + 7
    pack_images(files.items(), workplace / "data/lr/Toy_MATLAB_LR.h5")
    row = certificate(workplace).loc[(3, "clamp", "yes")]
    assert (row.files, row.equal_files, row.different_values, row.worst_difference) == (2, 1, 1, 7)
    assert row.worst_image == "bridge"


def test_an_image_of_another_size_is_refused(workplace: Path) -> None:
    files = lr_files(2)
    files["img_002_SRF_2_LR"] = files["img_002_SRF_2_LR"][1:]
    pack_images(files.items(), workplace / "data/lr/Toy_MATLAB_LR.h5")
    with pytest.raises(UserError, match=r"img_002_SRF_2_LR: the LR file is of shape \(14, 20, 3\)"):
        certificate(workplace)
    assert not (workplace / "certificates/lr/Toy.csv").exists()


def in_mirror(asset: str) -> bool:
    mirror = os.environ.get("MESR_MIRROR")
    return bool(mirror) and all(
        file.mirror_path(Path(mirror)).is_file() for file in find_asset(asset).files
    )


@pytest.mark.parametrize(
    ("dataset", "scales"),
    [("Set5", (2, 3, 4)), ("Set14", (2, 3, 4)), ("BSD100", (2, 3, 4)), ("Urban100", (4,))],
)
def test_matlab_files_are_met_bit_for_bit(
    dataset: str, scales: tuple[int, ...], tmp_path: Path
) -> None:
    assets = (dataset, f"{dataset}_MATLAB_LR")
    if not all(map(in_mirror, assets)):
        pytest.skip("MESR_MIRROR does not hold the files")
    paths = fetch_assets(assets, tmp_path / "data")
    found = certify_lr.certify_lr(*(PackedImages(paths[name]) for name in assets))
    rows = found.to_dict("records")
    exact = [r for r in rows if (r["lr_border"], r["lr_pass_rounding"]) == ("clamp", "yes")]
    images = find_asset(dataset).images
    assert [(r["scale"], r["files"], r["equal_files"]) for r in exact] == [
        (scale, images, images) for scale in scales
    ]
    # Nothing else will do: MATLAB's files tell the variants apart.
    assert all(r["equal_files"] == 0 for r in rows if r not in exact)
