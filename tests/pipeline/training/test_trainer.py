import csv
import json
import math
import re

import hypothesis
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from safetensors.torch import load_file
from skimage.color import rgb2ycbcr
from torch import nn

from mesr.common.base import SRNetwork
from pipeline.imaging.packed import PackedImages, pack_images
from pipeline.support.errors import UserError
from pipeline.training.patches import PatchSampler, hold_out
from pipeline.training.settings import TrainSettings
from pipeline.training.trainer import learning_rate, objective, to_batch
from tests.pipeline.training.toy import PlainToy, Toy, log_of, make_data, settings, train_toy


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    make_data(folder)
    return folder


@pytest.fixture
def folder(data, tmp_path):
    for name in ("hr.h5", "lr.h5"):
        (tmp_path / name).symlink_to(data / name)
    return tmp_path


def history(path):
    with (path / "history.csv").open() as file:
        return list(csv.DictReader(file))


# ------------------------------------------------------------------------------------- schedules


@hypothesis.settings(max_examples=20)
@given(
    schedule=st.sampled_from(["step", "one_cycle", "cosine", "constant"]),
    total=st.integers(4, 90),
    steps_per_epoch=st.integers(1, 9),
    decay_every_epochs=st.integers(1, 9),
    decay_factor=st.floats(0.1, 1),
)
def test_learning_rate_equals_torch_schedulers(schedule, total, **options):
    wanted = settings(schedule=schedule, steps=total, lr=0.02, **options)
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=0.02)
    module = torch.optim.lr_scheduler
    scheduler = {
        "step": lambda: module.StepLR(
            optimizer,
            options["decay_every_epochs"] * options["steps_per_epoch"],
            options["decay_factor"],
        ),
        "one_cycle": lambda: module.OneCycleLR(
            optimizer, 0.02, total_steps=total, cycle_momentum=False
        ),
        "cosine": lambda: module.CosineAnnealingLR(optimizer, total),
        "constant": lambda: module.ConstantLR(optimizer, factor=1),
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
    assert learning_rate(200_000, paper) < 1e-4
    assert paper.charbonnier_zeta == 1e-3


@pytest.mark.parametrize(
    "wrong",
    [
        {"patchsize": 3},
        {"lr": "1e-4"},
        {"lr": 0},
        {"batch": 2.5},
        {"schedule": "steps"},
        {"betas": [0.9]},
        {"watch": ["wandb"]},
        {"keep": "best", "validation_images": 0},
    ],
)
def test_wrong_settings_are_refused(wrong):
    with pytest.raises(ValidationError):
        TrainSettings.model_validate(wrong)


def test_settings_that_do_not_determine_a_run():
    plain = TrainSettings().determining()
    watched = TrainSettings(watch=["dvclive"], workers=3, checkpoint_every_steps=5)
    assert watched.determining() == plain
    assert TrainSettings(lr=2e-4).determining() != plain
    json.dumps(plain)


# ------------------------------------------------------------------------------ batches and loss


def test_to_batch_gives_rgb_and_matlab_luma_in_channels_last():
    pixels = np.random.default_rng(0).integers(0, 256, (2, 5, 7, 3), dtype=np.uint8)
    rgb = to_batch(torch.from_numpy(pixels), "rgb")
    assert rgb.is_contiguous(memory_format=torch.channels_last)
    np.testing.assert_allclose(rgb.permute(0, 2, 3, 1), pixels / 255, atol=1e-7)
    y = to_batch(torch.from_numpy(pixels), "y")
    assert y.shape == (2, 1, 5, 7)
    np.testing.assert_allclose(y[:, 0], rgb2ycbcr(pixels)[..., 0] / 255, atol=1e-6)


def test_objective_is_the_weighted_sum_over_outputs():
    rng = np.random.default_rng(1)
    coarse, fine, target = (rng.random((2, 3, 6, 6)) for _ in range(3))
    network = Toy()
    network.output_weights = (0.25, 2.0)
    outputs = [torch.from_numpy(x) for x in (coarse, fine)]

    def pixel(x):
        return np.sqrt((x - target) ** 2 + 1e-3**2).mean()

    loss = objective(network, outputs, torch.from_numpy(target), 0.0, settings())
    assert float(loss) == pytest.approx(0.25 * pixel(coarse) + 2 * pixel(fine), rel=1e-6)

    def image(x):
        return np.sqrt(((x - target) ** 2).sum((1, 2, 3)) + 0.1**2).mean()

    literal = settings(charbonnier="image", charbonnier_zeta=0.1)
    loss = objective(network, outputs, torch.from_numpy(target), 0.0, literal)
    assert float(loss) == pytest.approx(0.25 * image(coarse) + 2 * image(fine), rel=1e-6)


def test_objective_reduces_the_target_for_smaller_outputs():
    # Bicubic interpolation keeps a linear ramp inside; at half size it is sampled between pixels.
    ramp = torch.arange(32.0).div(40).expand(1, 1, 32, 32).contiguous()
    half = ramp[..., 0::2, 0::2] / 2 + ramp[..., 1::2, 1::2] / 2
    network = Toy()
    inside = [half.clone(), ramp.clone()]
    loss = objective(network, inside, ramp, 0.0, settings())
    zeta_alone = (0.5 + 1.0) * 1e-3
    assert float(loss) == pytest.approx(zeta_alone, rel=0.5)  # borders differ slightly
    wrong = objective(network, [half + 0.1, ramp], ramp, 0.0, settings())
    assert float(wrong) == pytest.approx(0.5 * 0.1 + 1e-3, rel=0.05)


def test_objective_skips_outputs_of_weight_zero():
    network = Toy()
    network.output_weights = (0.0, 1.0)
    broken = torch.full((1, 3, 4, 4), float("nan"))
    fine = torch.zeros(1, 3, 4, 4)
    loss = objective(network, [broken, fine], fine, 0.0, settings())
    assert float(loss) == pytest.approx(1e-3)


# -------------------------------------------------------------------------------- the whole loop


@pytest.mark.parametrize("channels_last", [True, False])
def test_training_equals_the_plain_loop(folder, channels_last):
    """Against unfused Adam in the contiguous format, clipping and averaging written out."""
    options = {"steps": 12, "ema": 0.8, "grad_clip": 0.05, "seed": 3}
    train_toy(folder, "out", PlainToy, channels_last=channels_last, **options)

    wanted = settings(**{k: v for k, v in options.items() if k != "seed"})
    hr, lr = PackedImages(folder / "hr.h5"), PackedImages(folder / "lr.h5")
    names, _ = hold_out(list(hr), 1)
    sampler = PatchSampler(hr, lr, names, scale=2, patch=8, seed=3)
    torch.manual_seed(3)
    network = PlainToy()
    optimizer = torch.optim.Adam(network.parameters(), lr=3e-3, fused=False)
    average = None
    losses = []
    for step in range(12):
        batch = sampler.batch(step, range(4))
        x, y = (torch.tensor(p / 255, dtype=torch.float32).movedim(3, 1) for p in batch)
        coarse, fine = network(x)
        parts = [((z - y) ** 2 + 1e-6).sqrt().mean() for z in (coarse, fine)]
        loss = 0.5 * parts[0] + parts[1]
        optimizer.zero_grad()
        loss.backward()
        assert nn.utils.clip_grad_norm_(network.parameters(), 0.05) > 0.05
        for group in optimizer.param_groups:
            group["lr"] = 3e-3 * (1 + math.cos(math.pi * step / wanted.total_steps)) / 2
        optimizer.step()
        state = {name: value.clone() for name, value in network.state_dict().items()}
        if average is None:
            average = state
        average = {name: 0.8 * average[name] + 0.2 * state[name] for name in state}
        losses.append(loss.item())

    found = load_file(folder / "out" / "weights.safetensors")
    assert found.keys() == average.keys()
    for name, value in average.items():
        torch.testing.assert_close(found[name], value, rtol=1e-4, atol=1e-5)
    rows = history(folder / "out")
    assert [int(row["step"]) for row in rows] == [8, 12]
    assert float(rows[0]["loss"]) == pytest.approx(np.mean(losses[:8]), rel=1e-4)
    assert float(rows[1]["loss"]) == pytest.approx(np.mean(losses[8:]), rel=1e-4)


def test_training_learns_and_writes_what_it_promises(folder):
    network = train_toy(folder, "run", steps=160, validate_every=40, rotations=False)
    out = folder / "run"
    assert sorted(p.name for p in out.iterdir()) == [
        "best.safetensors",
        "history.csv",
        "run.json",
        "weights.safetensors",
    ]
    weights = load_file(out / "weights.safetensors")
    for name, value in network.state_dict().items():
        torch.testing.assert_close(weights[name], value, rtol=0, atol=0)
    rows = history(out)
    assert list(rows[0]) == ["step", "epoch", "lr", "loss", "psnr_db"]
    assert [row["step"] for row in rows] == ["40", "80", "120", "160"]
    assert float(rows[-1]["loss"]) < 0.5 * float(rows[0]["loss"])
    assert float(rows[-1]["psnr_db"]) > float(rows[0]["psnr_db"])
    run = json.loads((out / "run.json").read_text())
    promised = "model variant scale seed settings train params steps best_step best_psnr_db"
    promised += " validation_images skipped_images precision device machine threads processes"
    promised += " arithmetic torch cudnn numpy code_digest data_digest fingerprint"
    assert set(run) == set(promised.split())
    assert run["params"] == sum(p.numel() for p in network.parameters())
    assert run["threads"] == 1
    assert run["train"] == settings(steps=160, validate_every=40, rotations=False).determining()
    log = log_of(folder, "run")
    assert log["parts"] == 1
    assert [row["step"] for row in log["rows"]] == [40, 80, 120, 160]
    seconds = [row["seconds"] for row in log["rows"]]
    assert seconds == sorted(seconds)
    assert seconds[-1] <= log["training_seconds"] + 0.01
    assert {"wall_seconds", "git_revision", "started", "load_average"} <= log.keys()
    assert list((folder / "checkpoints").iterdir()) == []


def test_best_weights_are_those_of_the_best_validation(folder):
    # A schedule that ends in a blow-up: the last weights are not the best ones.
    options = {"steps": 60, "validate_every": 10, "schedule": "step", "steps_per_epoch": 1}
    growing = options | {"lr": 0.02, "decay_every_epochs": 50, "decay_factor": 0.01}
    train_toy(folder, "best", keep="best", **growing)
    train_toy(folder, "last", keep="last", **growing)
    one, other = folder / "best", folder / "last"
    rows = history(one)
    best = max(rows, key=lambda row: float(row["psnr_db"]))
    run = json.loads((one / "run.json").read_text())
    assert run["best_step"] == int(best["step"])
    assert run["best_psnr_db"] == pytest.approx(float(best["psnr_db"]), abs=1e-6)
    assert (one / "weights.safetensors").read_bytes() == (other / "best.safetensors").read_bytes()
    assert (one / "last.safetensors").read_bytes() == (other / "weights.safetensors").read_bytes()
    # The best step's weights are what a training that ends there would have.
    shorter = growing | {"steps": int(best["step"])}
    train_toy(folder, "shorter", **shorter)
    shorter_weights = (folder / "shorter" / "weights.safetensors").read_bytes()
    assert (one / "weights.safetensors").read_bytes() == shorter_weights


def test_without_validation_every_image_is_trained_on(folder, monkeypatch):
    seen = set()
    draw = PatchSampler.draw

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
    train_toy(folder, "with", validation_images=2)
    held_out = json.loads((folder / "with" / "run.json").read_text())["validation_images"]
    assert len(held_out) == 2
    assert seen == {"image0", "image1", "image2", "image3"} - set(held_out)


class Luma(SRNetwork):
    """A pre-upsampled luma network with two outputs, of half and of full size."""

    domain = "y"
    preupsampled = True
    output_weights = (1.0, 1.0)

    def __init__(self, scale=2):
        super().__init__(scale)
        self.conv = nn.Conv2d(1, 1, 3, padding=1)
        nn.init.dirac_(self.conv.weight)
        nn.init.zeros_(self.conv.bias)
        self.shapes = []

    def forward(self, x):
        self.shapes.append(tuple(x.shape))
        y = self.conv(x)
        return nn.functional.avg_pool2d(y, 2), y

    def paper_objective(self, outputs, target, progress):
        assert 0 <= progress < 1
        return (outputs[-1] - target).abs().mean() * (1 + progress)


@pytest.mark.parametrize("objective_name", ["charbonnier", "paper"])
def test_preupsampled_luma_networks_train_through_the_same_interface(folder, objective_name):
    network = train_toy(
        folder, "luma", Luma, objective=objective_name, validation_crop=7, steps=8, lr=1e-4
    )
    assert set(network.shapes) == {(4, 1, 16, 16), (1, 1, 14, 14)}
    rows = history(folder / "luma")
    # It starts as the identity on bicubic interpolation, which is near the target already.
    assert float(rows[0]["psnr_db"]) > 20


def test_bf16_and_fp32_trainings_end_close_together(folder):
    for precision in ("fp32", "bf16"):
        train_toy(folder, precision, PlainToy, precision=precision, steps=80, validate_every=80)
        run = json.loads((folder / precision / "run.json").read_text())
        assert run["precision"] == precision
    one, other = (history(folder / precision)[-1] for precision in ("fp32", "bf16"))
    assert one["loss"] != other["loss"]
    assert float(other["loss"]) == pytest.approx(float(one["loss"]), rel=0.1)
    weights = load_file(folder / "bf16" / "weights.safetensors")
    assert {value.dtype for value in weights.values()} == {torch.float32}


# --------------------------------------------------------------------------------- what goes wrong


def test_small_images_can_be_skipped(folder):
    train_toy(folder, "skip", patch=13, skip_small_images=True, steps=2)
    run_json = json.loads((folder / "skip" / "run.json").read_text())
    assert run_json["skipped_images"] == ["image0"]
    with pytest.raises(UserError, match=r"no training image is as large as a patch of 50x50"):
        train_toy(folder, "none", patch=50, skip_small_images=True)


def test_data_that_do_not_fit_are_refused(folder, tmp_path):
    with pytest.raises(UserError, match=re.escape("smaller than a patch of 19x19")):
        train_toy(folder, "x", patch=19)
    with pytest.raises(UserError, match=r"train\.validation_images is 4"):
        train_toy(folder, "x", validation_images=4)
    with pytest.raises(UserError, match="do not belong together at x4"):
        train_toy(folder, "x", lambda: Toy(4))
    lr = PackedImages(folder / "lr.h5")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "hr.h5").symlink_to(folder / "hr.h5")
    pack_images([("image0", lr["image0"])], tmp_path / "other" / "lr.h5")
    with pytest.raises(UserError, match=r"hold different images.*image1"):
        train_toy(tmp_path / "other", "x")
    assert not (folder / "checkpoints").exists()
    assert not (folder / "x").exists()


def test_networks_that_cannot_be_trained_are_refused(folder):
    with pytest.raises(UserError, match="Toy has no paper_objective"):
        train_toy(folder, "x", objective="paper")

    class Nothing(SRNetwork):
        def __init__(self):
            super().__init__(2)

    with pytest.raises(UserError, match="Nothing has no parameters to train"):
        train_toy(folder, "x", Nothing)
