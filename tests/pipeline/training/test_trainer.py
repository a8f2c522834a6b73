import io
import json
import math
import re
import sys

import hypothesis
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file
from torch import nn

from mesr.common.base import SRNetwork
from pipeline.imaging.packed import PackedImages, pack_images
from pipeline.support.errors import UserError
from pipeline.training import memory
from pipeline.training.patches import PatchSampler, hold_out
from pipeline.training.settings import TrainSettings
from pipeline.training.trainer import learning_rate
from tests.pipeline.training import toy
from tests.pipeline.training.toy import Luma, PlainToy, Toy, history, settings, train_toy


@hypothesis.settings(max_examples=20)
@given(
    schedule=st.sampled_from(["step", "one_cycle", "cosine"]),
    total=st.integers(4, 90),
    steps_per_epoch=st.integers(1, 9),
    decay_every_epochs=st.integers(1, 9),
    decay_factor=st.floats(0.1, 1),
)
def test_learning_rate_equals_torch_schedulers(schedule, total, **options):
    wanted = settings(schedule=schedule, steps=total, lr=0.02, **options)
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=0.02)
    module = torch.optim.lr_scheduler
    period = options["decay_every_epochs"] * options["steps_per_epoch"]
    scheduler = {
        "step": lambda: module.StepLR(optimizer, period, options["decay_factor"]),
        "one_cycle": lambda: module.OneCycleLR(
            optimizer, 0.02, total_steps=total, cycle_momentum=False
        ),
        "cosine": lambda: module.CosineAnnealingLR(optimizer, total),
    }[schedule]()
    for step in range(total):
        expected = optimizer.param_groups[0]["lr"]
        assert learning_rate(step, wanted) == pytest.approx(expected, rel=1e-9, abs=1e-12)
        optimizer.step()
        if step + 1 < total:
            scheduler.step()


def test_defaults_are_those_of_section_iv_b():
    paper = TrainSettings()
    assert (paper.patch, paper.batch, paper.lr) == (32, 16, 1e-4)
    assert (paper.betas, paper.eps) == ((0.9, 0.999), 1e-8)
    assert learning_rate(199_999, paper) == 1e-4
    assert learning_rate(200_000, paper) == 5e-5
    assert paper.charbonnier_zeta == 1e-3


@pytest.mark.parametrize("channels_last", [True, False])
def test_training_equals_the_plain_loop(folder, channels_last):
    """Against unfused Adam in the contiguous format."""
    train_toy(folder, "out", PlainToy, seed=3, steps=12, channels_last=channels_last)

    hr, lr = PackedImages(folder / "hr.h5"), PackedImages(folder / "lr.h5")
    patches = PatchSampler(hr, lr, hold_out(list(hr), 1)[0], 2, settings(), seed=3)
    torch.manual_seed(3)
    network = PlainToy()
    optimizer = torch.optim.Adam(network.parameters(), lr=3e-3, fused=False)
    losses = []
    for step in range(12):
        batch = patches.batch(step, range(4))
        x, y = (torch.tensor(p / 255, dtype=torch.float32).movedim(3, 1) for p in batch)
        parts = [((z - y) ** 2 + 1e-6).sqrt().mean() for z in network(x)]
        loss = 0.5 * parts[0] + parts[1]
        optimizer.zero_grad()
        loss.backward()
        for group in optimizer.param_groups:
            group["lr"] = 3e-3 * (1 + math.cos(math.pi * step / 12)) / 2
        optimizer.step()
        losses.append(loss.item())

    found = load_file(folder / "out" / "weights.safetensors")
    assert found.keys() == network.state_dict().keys()
    for name, value in network.state_dict().items():
        torch.testing.assert_close(found[name], value, rtol=1e-4, atol=1e-5)
    rows = history(folder / "out")
    assert [int(row["step"]) for row in rows] == [8, 12]
    assert float(rows[0]["loss"]) == pytest.approx(np.mean(losses[:8]), rel=1e-4)
    assert float(rows[1]["loss"]) == pytest.approx(np.mean(losses[8:]), rel=1e-4)


def test_training_learns_and_writes_what_it_promises(folder):
    network = train_toy(folder, "run", steps=160, validate_every=40, rotations=False)
    out = folder / "run"
    names = ["best.safetensors", "history.csv", "run.json", "weights.safetensors"]
    assert sorted(p.name for p in out.iterdir()) == names
    weights = load_file(out / "weights.safetensors")
    assert all(torch.equal(weights[name], v) for name, v in network.state_dict().items())
    rows = history(out)
    columns = "step epoch lr loss psnr_db coarse_psnr_db gate_mean"
    assert list(rows[0]) == columns.split()
    assert [row["step"] for row in rows] == ["40", "80", "120", "160"]
    assert [row["epoch"] for row in rows] == ["5", "10", "15", "20"]
    assert float(rows[-1]["loss"]) < 0.5 * float(rows[0]["loss"])
    assert float(rows[-1]["psnr_db"]) > float(rows[0]["psnr_db"])
    assert {row["gate_mean"] for row in rows} == {"0.25"}
    run = json.loads((out / "run.json").read_text())
    promised = "network scale seed train params steps best_step best_psnr_db validation_images"
    promised += " skipped_images excluded_images precision device arithmetic machine threads"
    promised += " processes torch cudnn numpy code_digest data_digest weights_sha256"
    promised += " history_sha256 fingerprint"
    assert set(run) == set(promised.split())
    assert run["params"] == sum(p.numel() for p in network.parameters())
    assert run["train"] == settings(steps=160, validate_every=40, rotations=False).determining()
    log = toy.log_of(folder, "run")
    assert (log["parts"], [row["step"] for row in log["rows"]]) == (1, [40, 80, 120, 160])
    seconds = [row["seconds"] for row in log["rows"]]
    assert [*seconds, log["training_seconds"] + 0.01] == sorted(
        [*seconds, log["training_seconds"] + 0.01]
    )
    assert {"wall_seconds", "git_revision", "started", "load_average", "processor"} <= log.keys()
    assert list((folder / "checkpoints").iterdir()) == []


def test_best_weights_are_those_of_the_best_validation(folder):
    # A schedule that ends in a blow-up: the last weights are not the best ones.
    growing = {
        "steps": 60, "validate_every": 10, "schedule": "step", "steps_per_epoch": 1, "lr": 0.02,
        "decay_every_epochs": 50, "decay_factor": 100.0,
    }  # fmt: skip
    train_toy(folder, "whole", **growing)
    best = max(history(folder / "whole"), key=lambda row: float(row["psnr_db"]))
    run = json.loads((folder / "whole" / "run.json").read_text())
    assert run["best_step"] == int(best["step"]) < 60
    assert run["best_psnr_db"] == pytest.approx(float(best["psnr_db"]), abs=1e-6)
    # They are what a training that ends there would have.
    train_toy(folder, "shorter", **(growing | {"steps": int(best["step"])}))
    shorter = (folder / "shorter" / "weights.safetensors").read_bytes()
    assert (folder / "whole" / "best.safetensors").read_bytes() == shorter


def test_what_is_trained_on(folder, monkeypatch):
    seen, draw = set(), PatchSampler.draw

    def spy(self, step, index):
        drawn = draw(self, step, index)
        seen.add(drawn.image)
        return drawn

    monkeypatch.setattr(PatchSampler, "draw", spy)
    train_toy(folder, "without", validation_images=0)
    assert seen == {"image0", "image1", "image2", "image3"}
    assert {row["psnr_db"] for row in history(folder / "without")} == {""}
    assert not (folder / "without" / "best.safetensors").exists()
    seen.clear()
    train_toy(folder, "with", validation_images=1, exclude=("image3",))
    run = json.loads((folder / "with" / "run.json").read_text())
    assert run["excluded_images"] == ["image3"]
    assert run["validation_images"] == ["image1"]
    assert seen == {"image0", "image2"}
    train_toy(folder, "skip", patch=13, skip_small_images=True, steps=2)
    run = json.loads((folder / "skip" / "run.json").read_text())
    assert run["skipped_images"] == ["image0"]


def test_seeds_of_patches_and_of_initial_weights(folder):
    start = {"steps": 1, "lr": 1e-12, "validation_images": 0}
    weights, losses = [], []
    for seed, offset in [(0, 0), (1, 0), (0, 1)]:
        network = train_toy(
            folder, f"{seed}{offset}", PlainToy, seed, initial_seed_offset=offset, **start
        )
        weights.append(network.first.weight)
        losses.append(history(folder / f"{seed}{offset}")[0]["loss"])
    assert torch.allclose(weights[1], weights[2])
    assert not torch.allclose(weights[0], weights[1])
    assert losses[1] != losses[2]  # the same weights, other patches


def test_preupsampled_luma_networks_train_through_the_same_interface(folder):
    network = train_toy(folder, "luma", Luma, validation_crop=7, steps=8, lr=1e-4)
    assert set(network.shapes) == {(4, 1, 16, 16), (1, 1, 14, 14)}
    (row,) = history(folder / "luma")
    # It starts as the identity on bicubic interpolation, which is near the target already.
    assert float(row["psnr_db"]) > 20
    assert (row["coarse_psnr_db"], row["gate_mean"]) == ("", "")


def test_bf16_and_fp32_trainings_end_close_together(folder):
    for precision in ("fp32", "bf16"):
        train_toy(folder, precision, PlainToy, precision=precision, steps=80, validate_every=80)
        run = json.loads((folder / precision / "run.json").read_text())
        assert run["precision"] == precision
    one, other = (float(history(folder / name)[-1]["loss"]) for name in ("fp32", "bf16"))
    assert one != other
    assert other == pytest.approx(one, rel=0.1)
    weights = load_file(folder / "bf16" / "weights.safetensors")
    assert {value.dtype for value in weights.values()} == {torch.float32}


class Nothing(SRNetwork):
    """A network without parameters."""

    def __init__(self):
        super().__init__(2)


@pytest.mark.parametrize(
    ("message", "options"),
    [
        (r"no training image is as large", {"patch": 50, "skip_small_images": True}),
        (r"smaller than a patch of 19x19", {"patch": 19}),
        (r"train\.validation_images is 4", {"validation_images": 4}),
        (r"train\.validation_crop", {"validation_crop": 2}),
        (r"data\.exclude names face, which .* image3\.", {"exclude": ("face",)}),
        (r"do not belong together at x4", {"build": lambda: Toy(4)}),
        (r"Nothing has no parameters to train", {"build": Nothing}),
    ],
)
def test_what_does_not_fit_is_refused_before_anything_is_written(folder, message, options):
    with pytest.raises(UserError, match=message):
        train_toy(folder, "x", **options)
    assert not (folder / "checkpoints").exists()
    assert not (folder / "x").exists()


def test_files_with_different_images_and_batches_too_large_are_refused(folder, monkeypatch):
    monkeypatch.setattr(memory, "available_memory", lambda _: 2**30)
    with pytest.raises(UserError, match=r"train\.batch is 1000000: .* train\.batch to \d+ at"):
        train_toy(folder, "x", batch=1_000_000)
    image = PackedImages(folder / "lr.h5")["image0"]
    (folder / "lr.h5").unlink()
    pack_images([("image0", image)], folder / "lr.h5")
    with pytest.raises(UserError, match=r"hold different images.*image1"):
        train_toy(folder, "x")


@pytest.mark.parametrize("terminal", [True, False])
def test_progress_is_a_bar_on_a_terminal_and_lines_elsewhere(folder, monkeypatch, terminal):
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal)
    train_toy(folder, "run")
    bar = r"24/24 \[.*loss 0\.\d{5}, PSNR-Y .* dB"
    line = r"run: step 24/24, loss 0\.\d{5}, PSNR-Y .* dB .* left\n"
    assert re.search(bar if terminal else line, sys.stderr.getvalue())
