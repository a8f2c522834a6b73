"""Stage `degrade`: arguments, result, failures."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from pipeline.degrade import main
from pipeline.imaging.degraded import degrade
from pipeline.imaging.packed import PackedImages, pack_images
from pipeline.support.console import run

ROOT = Path(__file__).parents[3]


@pytest.fixture
def images():
    rng = np.random.default_rng(0)
    return {
        "colour": rng.integers(0, 256, (31, 26, 3), dtype=np.uint8),
        "gray": rng.integers(0, 256, (24, 25), dtype=np.uint8),
    }


def stage(folder, *arguments):
    return subprocess.run(
        [sys.executable, "-m", "pipeline.degrade", *arguments],
        cwd=folder,
        env={"PYTHONPATH": str(ROOT), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )


def test_stage(tmp_path, images):
    pack_images(images.items(), tmp_path / "data/hr/toy.h5")
    result = stage(tmp_path, "--asset", "toy", "--scale", "x3")
    assert result.returncode == 0, result.stderr
    assert "2 of 2 images" in result.stdout
    assert [p.name for p in (tmp_path / "data/lr").iterdir()] == ["toy_x3.h5"]
    lr = PackedImages(tmp_path / "data/lr/toy_x3.h5")
    assert {name: lr.shape(name) for name in lr} == {"colour": (10, 8, 3), "gray": (8, 8, 3)}
    # torch's antialiased bicubic agrees away from the border, which it treats differently.
    x = torch.from_numpy(images["gray"][:24, :24].astype(float))[None, None]
    expected = F.interpolate(x, scale_factor=1 / 3, mode="bicubic", antialias=True)
    expected = expected.clamp(0, 255).add(0.5).floor()[0, 0, 2:-2, 2:-2].numpy()
    for channel in range(3):
        np.testing.assert_array_equal(lr["gray"][2:-2, 2:-2, channel], expected)


def test_errors_are_one_message(tmp_path, images, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["degrade", "--asset", "toy", "--scale", "x4"])
    assert run(main) == 1
    assert capsys.readouterr().err.startswith("error: data/hr/toy.h5: no such file")
    pack_images({"tiny": images["gray"][:3]}.items(), Path("data/hr/toy.h5"))
    assert run(main) == 1
    message = capsys.readouterr().err
    assert "data/hr/toy.h5: tiny: is 25x3 pixels, too small for scale 4" in message
    assert not list(Path("data/lr").iterdir())


def test_ctrl_c_leaves_the_old_output(tmp_path, images, monkeypatch):
    hr, lr = tmp_path / "hr.h5", tmp_path / "lr.h5"
    pack_images(images.items(), hr)
    degrade(hr, lr, 2)
    before = lr.read_bytes()
    calls = []

    def interrupted(image, scale, protocol, name):
        calls.append(name)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return image

    monkeypatch.setattr("pipeline.imaging.degraded.make_lr", interrupted)
    with pytest.raises(KeyboardInterrupt):
        degrade(hr, lr, 2)
    assert len(calls) == 2
    assert lr.read_bytes() == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["hr.h5", "lr.h5"]
