import csv
import io
import json
import math
import re
import sys
from types import SimpleNamespace

import hypothesis
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from safetensors.torch import load_file
from skimage.color import rgb2ycbcr
from skimage.metrics import peak_signal_noise_ratio
from torch import nn

from mesr.common.base import SRNetwork
from pipeline.imaging.packed import PackedImages, pack_images
from pipeline.support.errors import UserError
from pipeline.training import hardware, watching
from pipeline.training.patches import PatchSampler, hold_out
from pipeline.training.settings import TrainSettings
from pipeline.training.trainer import learning_rate, objective, psnr_y, to_batch
from pipeline.training.watching import Watch, duration, write_history
from tests.pipeline.training.toy import PlainToy, Toy, make_data, settings, train_toy


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


def test_psnr_y_equals_scikit_image():
    rng = np.random.default_rng(2)
    hr = rng.integers(0, 256, (30, 40, 3), dtype=np.uint8)
    sr = np.clip(hr + rng.normal(0, 9, hr.shape), 0, 255).astype(np.uint8)
    x, y = (rgb2ycbcr(image)[..., 0][3:-3, 3:-3] for image in (sr, hr))
    expected = peak_signal_noise_ratio(y, x, data_range=255)
    assert psnr_y(sr, hr, 3) == pytest.approx(expected, abs=1e-9)
    assert psnr_y(hr, hr, 3) == math.inf


@pytest.mark.parametrize(
    ("device", "capability", "expected"),
    [
        ("cpu", {"amx_bf16": True, "avx512_bf16": True}, "bf16"),
        ("cpu", {"amx_bf16": False, "avx512_bf16": True}, "bf16"),
        ("cpu", {"avx512_f": True, "avx512_bf16": False}, "fp32"),
        ("cpu", {}, "fp32"),
        ("cuda", (7, 5), "fp32"),
        ("cuda", (8, 0), "bf16"),
        ("mps", None, "fp32"),
    ],
)
def test_auto_precision_follows_the_hardware(monkeypatch, device, capability, expected):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capability)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _: capability)
    device = torch.device(device)
    assert hardware.resolve_precision("auto", device) == expected
    assert hardware.resolve_precision("fp32", device) == "fp32"
    assert hardware.resolve_precision("bf16", device) == "bf16"


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
    assert list(rows[0]) == ["step", "epoch", "lr", "loss", "psnr_db", "steps_per_s", "seconds"]
    assert [row["step"] for row in rows] == ["40", "80", "120", "160"]
    assert float(rows[-1]["loss"]) < 0.5 * float(rows[0]["loss"])
    assert float(rows[-1]["psnr_db"]) > float(rows[0]["psnr_db"])
    seconds = [float(row["seconds"]) for row in rows]
    assert seconds == sorted(seconds)
    run = json.loads((out / "run.json").read_text())
    promised = "model variant scale seed settings steps wall_seconds device machine threads"
    promised += " precision torch git_revision data_digest train params best_psnr_db parts"
    assert set(promised.split()) <= run.keys()
    assert run["params"] == sum(p.numel() for p in network.parameters())
    assert run["parts"] == 1
    assert run["threads"] == 1
    assert run["train"]["steps"] == 160
    assert run["wall_seconds"] >= seconds[-1] - 0.01
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


def test_global_switches_are_put_back(folder):
    before = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    cudnn = torch.backends.cudnn
    flags = cudnn.deterministic, cudnn.benchmark, cudnn.conv.fp32_precision
    train_toy(folder, "flags", steps=1)
    assert before == (torch.get_num_threads(), torch.are_deterministic_algorithms_enabled())
    assert flags == (cudnn.deterministic, cudnn.benchmark, cudnn.conv.fp32_precision)


def test_more_threads_than_processors_are_not_used(folder, monkeypatch):
    monkeypatch.setattr(hardware.joblib, "cpu_count", lambda: 1)
    with pytest.warns(UserWarning, match="train.threads is 64; using 1"):
        train_toy(folder, "threads", steps=1, threads=64)
    assert json.loads((folder / "threads" / "run.json").read_text())["threads"] == 1


# --------------------------------------------------------------------------------- what goes wrong


class Explodes(PlainToy):
    """Fails in the forward pass of step 5."""

    calls = 0

    def forward(self, x):
        coarse, fine = super().forward(x)
        self.calls += 1
        return coarse, fine + self.poison() if self.calls == 6 else fine

    def poison(self):
        return self.weight * torch.inf


class ExplodesBackward(Explodes):
    """Has a finite loss at step 5, but not a finite gradient."""

    def poison(self):
        return (self.weight * 0).sqrt()


@pytest.mark.parametrize("network", [Explodes, ExplodesBackward])
def test_nonfinite_step_stops_with_a_dump(folder, network):
    options = {"schedule": "constant", "validate_every": 100, "seed": 4}
    with pytest.raises(UserError, match=r"run: step 5: loss .* gradient norm") as caught:
        train_toy(folder, "run", network, **options)
    assert not (folder / "run").exists()
    (report_path,) = (folder / "checkpoints").glob("*/nonfinite.json")
    assert str(report_path) in str(caught.value)
    report = json.loads(report_path.read_text())
    assert report["step"] == 5
    assert "weight" in report["parameters_with_nonfinite_gradient"]
    assert len(report["patches"]) == 4
    dump = load_file(report_path.with_suffix(".safetensors"))
    hr, lr = PackedImages(folder / "hr.h5"), PackedImages(folder / "lr.h5")
    sampler = PatchSampler(hr, lr, hold_out(list(hr), 1)[0], scale=2, patch=8, seed=4)
    np.testing.assert_array_equal(dump["lr"], sampler.batch(5, range(4)).lr)
    np.testing.assert_array_equal(dump["hr"], sampler.batch(5, range(4)).hr)
    # The weights are those that five good steps leave.
    train_toy(folder, "five", PlainToy, steps=5, **options)
    for name, value in load_file(folder / "five" / "weights.safetensors").items():
        torch.testing.assert_close(dump[f"network.{name}"], value, rtol=0, atol=0)


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


# ------------------------------------------------------------------------------------- watching


class Terminal(io.StringIO):
    def isatty(self):
        return True


ROW = {
    "step": 20,
    "epoch": 2.5,
    "lr": 1e-4,
    "loss": 0.25,
    "psnr_db": 31.5,
    "steps_per_s": 4.0,
    "seconds": 5.0,
}


def test_plain_lines_are_rate_limited_and_the_last_row_is_told(monkeypatch):
    clock = iter(range(1000))  # a second passes each time it is looked at
    monkeypatch.setattr(watching, "time", SimpleNamespace(perf_counter=lambda: next(clock)))
    stream = io.StringIO()
    with Watch("run", 0, 20, stream=stream) as watch:
        for step in range(1, 20):
            watch.on_step(step, 0.5)
        assert 1 <= stream.getvalue().count("\n") <= 2
        watch.on_row(ROW)
    last = stream.getvalue().splitlines()[-1]
    assert re.fullmatch(
        r"run: step 20/20  loss 0\.25000  PSNR-Y 31\.50 dB  [\d.]+ steps/s  0:00 left", last
    )


def test_terminal_gets_a_bar_with_loss_and_psnr():
    stream = Terminal()
    with Watch("run", 5, 20, stream=stream) as watch:
        watch.on_row(ROW | {"step": 6})
        watch.on_step(7, 0.125)
        watch.bar.refresh()
        watch.say("a line")
    shown = stream.getvalue()
    assert "7/20" in shown
    assert "loss 0.12500  PSNR-Y 31.50 dB" in shown
    assert "a line\n" in shown


def test_other_processes_are_silent():
    stream = io.StringIO()
    with Watch("run", 0, 20, loggers=["tensorboard"], stream=stream, silent=True) as watch:
        watch.on_row(ROW)
        watch.say("nothing")
    assert stream.getvalue() == ""
    assert watch.loggers == []


@pytest.mark.parametrize(("seconds", "text"), [(0.4, "0:00"), (75, "1:15"), (3725.2, "1:02:05")])
def test_duration(seconds, text):
    assert duration(seconds) == text


def test_history_file(tmp_path):
    write_history(tmp_path / "history.csv", [ROW, ROW | {"step": 24, "psnr_db": None}])
    assert (tmp_path / "history.csv").read_text() == (
        "step,epoch,lr,loss,psnr_db,steps_per_s,seconds\n"
        "20,2.5,0.0001,0.25,31.500000,4,5.00\n"
        "24,2.5,0.0001,0.25,,4,5.00\n"
    )


def test_loggers_begin_anew_with_the_history(tmp_path, monkeypatch):
    accumulator = pytest.importorskip(
        "tensorboard.backend.event_processing.event_accumulator",
        reason="extra `watch` is not installed",
    )
    pytest.importorskip("dvclive", reason="extra `watch` is not installed")
    monkeypatch.setattr(watching, "LOGS", tmp_path)
    monkeypatch.setenv("DVCLIVE_OPEN", "false")
    rows = [ROW | {"step": step, "loss": 1 / step} for step in (10, 20, 30)]
    both = ["tensorboard", "dvclive"]
    with Watch("run", 0, 30, loggers=both, stream=io.StringIO()) as watch:
        watch.on_row(rows[0])
        watch.on_row(rows[1])  # lost: the run is killed before its next checkpoint
    with Watch("run", 15, 30, rows[:1], loggers=both, stream=io.StringIO()) as watch:
        watch.on_row(rows[1])
        watch.on_row(rows[2])
    events = accumulator.EventAccumulator(str(tmp_path / "tensorboard" / "run"))
    events.Reload()
    assert [event.step for event in events.Scalars("loss")] == [10, 20, 30]
    assert events.Scalars("loss")[-1].value == pytest.approx(1 / 30)
    with (tmp_path / "dvclive" / "run" / "plots" / "metrics" / "loss.tsv").open() as file:
        table = list(csv.DictReader(file, delimiter="\t"))
    assert [int(line["step"]) for line in table] == [10, 20, 30]
    assert float(table[-1]["loss"]) == pytest.approx(1 / 30)


def test_missing_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "dvclive.live", None)
    with pytest.raises(UserError, match=re.escape("pip install -e '.[watch]'")):
        Watch("run", 0, 1, loggers=["dvclive"])
