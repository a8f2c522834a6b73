"""Speed of training, side by side, and what bfloat16 costs in quality.

    python -m benchmarks.bench_training speed              # full-size MESR x4, batch 16, patch 32
    python -m benchmarks.bench_training speed --narrow     # one of reduced width, about a minute
    python -m benchmarks.bench_training accuracy           # bf16 against fp32, 3 seeds

`speed` runs its contenders in turn, round by round, so that whatever else the machine does hits
all of them; medians over rounds, and ratios of the medians, are what to read.

- "plain loop": float32, contiguous, images in memory, PyTorch's default (unfused) Adam.
- "BasicSR's loop": the order of its SRModel.optimize_parameters (zero_grad, forward, L1, backward,
  step, then a moving average parameter by parameter) on a DataLoader that decodes two PNG files
  (a 480x480 sub-image and its LR) per sample and cuts and turns one patch out of them. The shape
  of the loop is re-created from its documentation; no code of BasicSR runs here.
- "this trainer": `pipeline.training.trainer.train`, end to end, in each precision and memory order.
"""

import argparse
import contextlib
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from skimage import data
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset
from torch.utils.flop_counter import FlopCounterMode

from mesr.common.loss import charbonnier
from mesr.network import MESR
from pipeline.imaging.backend import choose_device, device_name, resolve_precision
from pipeline.imaging.colour import rgb_to_y
from pipeline.imaging.degradation import degrade
from pipeline.imaging.packed import PackedImages, pack_images
from pipeline.imaging.protocol import RGB
from pipeline.imaging.tensors import crop_to_multiple
from pipeline.support.errors import UserError
from pipeline.support.provenance import LOGS
from pipeline.training.patches import PatchSampler
from pipeline.training.settings import TrainSettings
from pipeline.training.trainer import train

SCALE = 4
NARROW = {"features": 32, "branch_features": 12, "blocks": 2, "units": 2, "refinement_features": 16}
PHOTOS = ("astronaut", "coffee", "chelsea", "rocket")


def write_data(folder: Path) -> None:
    """Pack photographs of scikit-image and their LR images; write PNG sub-images for BasicSR."""
    images = [(name, crop_to_multiple(getattr(data, name)(), SCALE)) for name in PHOTOS]
    pack_images(images, folder / "hr.h5")
    pack_images([(name, degrade(hr, SCALE, RGB)) for name, hr in images], folder / "lr.h5")
    for name, hr in images:
        side = 480
        tiled = np.pad(hr, ((0, max(0, side - hr.shape[0])), (0, 0), (0, 0)), mode="symmetric")
        sub_image = np.ascontiguousarray(tiled[:side, :side])
        Image.fromarray(sub_image).save(folder / f"{name}_hr.png")
        Image.fromarray(degrade(sub_image, SCALE, RGB)).save(folder / f"{name}_lr.png")


def build(narrow: bool) -> MESR:
    torch.manual_seed(0)
    return MESR(SCALE, **(NARROW if narrow else {}))  # type: ignore[arg-type]


# ------------------------------------------------------------------------------------ contenders


def this_trainer(folder: Path, options: argparse.Namespace, **changes: Any) -> float:
    """Seconds a step of `train`, without its start: its log is the stop-watch."""
    settings = TrainSettings(
        patch=options.patch,
        batch=options.batch,
        steps=options.warm_up + options.steps,
        validate_every=options.warm_up,
        validation_images=0,
        threads=options.threads,
        **changes,
    )
    with contextlib.chdir(folder):
        train(
            lambda: build(options.narrow),
            hr=folder / "hr.h5",
            lr=folder / "lr.h5",
            settings=settings,
            seed=0,
            output=folder / "run",
            identity={},
            checkpoints=folder / "checkpoints",
        )
    rows = json.loads((folder / LOGS / "runs" / "run.json").read_text())["rows"]
    first, last = rows[0], rows[-1]
    return float(last["seconds"] - first["seconds"]) / (last["step"] - first["step"])


def timed(step: Callable[[], object], options: argparse.Namespace) -> float:
    for _ in range(options.warm_up):
        step()
    synchronize()
    start = time.perf_counter()
    for _ in range(options.steps):
        step()
    synchronize()
    return (time.perf_counter() - start) / options.steps


def synchronize() -> None:
    if torch.accelerator.is_available():
        torch.accelerator.synchronize()


def plain_loop(folder: Path, options: argparse.Namespace) -> float:
    """Time the loop one writes first."""
    device = choose_device()
    network = build(options.narrow).to(device)
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-4)
    packs = (PackedImages(folder / "hr.h5"), PackedImages(folder / "lr.h5"))
    hr, lr = ({name: np.array(image) for name, image in pack.items()} for pack in packs)
    rng = np.random.default_rng(0)

    def crop() -> tuple[Tensor, Tensor]:
        name = PHOTOS[rng.integers(len(PHOTOS))]
        top, left = (int(rng.integers(side - options.patch + 1)) for side in lr[name].shape[:2])
        small = lr[name][top : top + options.patch, left : left + options.patch]
        top, left, side = top * SCALE, left * SCALE, options.patch * SCALE
        large = hr[name][top : top + side, left : left + side]
        if rng.random() < 0.5:
            small, large = small[:, ::-1], large[:, ::-1]
        turns = int(rng.integers(4))
        pair = (np.rot90(image, turns).copy() for image in (small, large))
        x, y = (torch.from_numpy(image).permute(2, 0, 1).float() / 255 for image in pair)
        return x, y

    def step() -> None:
        pairs = [crop() for _ in range(options.batch)]
        x, y = (torch.stack(part).to(device) for part in zip(*pairs, strict=True))
        optimizer.zero_grad()
        loss = sum(
            (charbonnier(output, y) for output in network(x)), torch.zeros((), device=device)
        )
        loss.backward()
        optimizer.step()
        loss.item()

    return timed(step, options)


class PairedPngs(Dataset[tuple[Tensor, Tensor]]):
    """What BasicSR's PairedImageDataset does for a sample."""

    def __init__(self, folder: Path, patch: int) -> None:
        self.folder, self.patch = folder, patch

    def __len__(self) -> int:
        return 1_000_000

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        name = PHOTOS[index % len(PHOTOS)]
        hr, lr = (
            np.asarray(Image.open(self.folder / f"{name}_{kind}.png"), np.float32) / 255
            for kind in ("hr", "lr")
        )
        rng = np.random.default_rng(index)
        top, left = (int(rng.integers(side - self.patch + 1)) for side in lr.shape[:2])
        lr = lr[top : top + self.patch, left : left + self.patch]
        top, left, side = top * SCALE, left * SCALE, self.patch * SCALE
        hr = hr[top : top + side, left : left + side]
        horizontal, vertical, transpose = rng.random(3) < 0.5

        def turn(image: NDArray[Any]) -> Tensor:
            image = image[:, ::-1] if horizontal else image
            image = image[::-1] if vertical else image
            image = image.transpose(1, 0, 2) if transpose else image
            return torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1)))

        return turn(lr), turn(hr)


def basicsr_loop(folder: Path, options: argparse.Namespace) -> float:
    """BasicSR's order of things for one network, one loss and a moving average."""
    device = choose_device()
    network = build(options.narrow).to(device)
    average = build(options.narrow).to(device).eval()
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-4, betas=(0.9, 0.99))
    l1 = nn.L1Loss()
    loader = DataLoader(
        PairedPngs(folder, options.patch),
        options.batch,
        num_workers=options.loader_workers,
        drop_last=True,
    )
    batches: Iterator[list[Tensor]] = iter(loader)

    def step() -> None:
        lq, gt = (part.to(device) for part in next(batches))
        optimizer.zero_grad()
        outputs = network(lq)
        loss = torch.stack([l1(output, gt) for output in outputs]).sum()
        loss.backward()
        optimizer.step()
        loss.item()  # its log dictionary reduces the losses of each iteration
        own = dict(network.named_parameters())
        for name, parameter in average.named_parameters():
            parameter.data.mul_(0.999).add_(own[name].data, alpha=0.001)

    return timed(step, options)


# -------------------------------------------------------------------------------------- yardsticks


def matmul_peak(dtype: torch.dtype, size: int = 2048, repeats: int = 7) -> float:
    """FLOP/s of a square matrix product, the best of several."""
    device = choose_device()
    a, b = (torch.randn(size, size, device=device).to(dtype) for _ in range(2))
    torch.mm(a, b)
    seconds = []
    for _ in range(repeats):
        synchronize()
        start = time.perf_counter()
        torch.mm(a, b)
        synchronize()
        seconds.append(time.perf_counter() - start)
    return 2 * size**3 / min(seconds)


def flops_per_step(options: argparse.Namespace) -> int:
    """FLOP of forward and backward pass, by PyTorch's counter, on the meta device."""
    with torch.device("meta"):
        network = MESR(SCALE, **(NARROW if options.narrow else {}))  # type: ignore[arg-type]
        x = torch.empty(options.batch, 3, options.patch, options.patch)
    with FlopCounterMode(display=False) as counter:
        torch.stack([output.sum() for output in network(x)]).sum().backward()
    return counter.get_total_flops()


def loading_seconds(folder: Path, options: argparse.Namespace) -> float:
    """Seconds to read one batch of patches out of the memory-mapped files."""
    hr, lr = PackedImages(folder / "hr.h5"), PackedImages(folder / "lr.h5")
    settings = TrainSettings(patch=options.patch)
    sampler = PatchSampler(hr, lr, list(hr), SCALE, settings, seed=0)
    seconds = []
    for step in range(40):
        start = time.perf_counter()
        sampler.batch(step, range(options.batch))
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def adam_seconds(options: argparse.Namespace) -> dict[str, float]:
    """Seconds of one Adam step over the network's parameters, by implementation."""
    kinds: dict[str, dict[str, bool]] = {
        "for-loop": {"foreach": False, "fused": False},
        "foreach": {"foreach": True},
        "fused": {"fused": True},
    }
    device = choose_device()
    seconds: dict[str, list[float]] = {kind: [] for kind in kinds}
    steps = {}
    for kind, arguments in kinds.items():
        parameters = list(build(options.narrow).to(device).parameters())
        for parameter in parameters:
            parameter.grad = torch.randn_like(parameter)
        optimizer = torch.optim.Adam(parameters, **arguments)  # type: ignore[arg-type]
        optimizer.step()
        steps[kind] = optimizer.step
    for _ in range(9):
        for kind, step in steps.items():
            synchronize()
            start = time.perf_counter()
            step()
            synchronize()
            seconds[kind].append(time.perf_counter() - start)
    return {kind: statistics.median(values) for kind, values in seconds.items()}


# ------------------------------------------------------------------------------------------- tables


def speed(options: argparse.Namespace) -> None:
    if options.threads:
        torch.set_num_threads(options.threads)
    contenders: dict[str, Callable[[Path, argparse.Namespace], float]] = {
        "plain loop (fp32, contiguous)": plain_loop,
        "BasicSR's loop (fp32, contiguous)": basicsr_loop,
    }
    for precision in ("fp32", "bf16"):
        for channels_last in (False, True):
            order = "channels_last" if channels_last else "contiguous"

            def run(
                folder: Path,
                options: argparse.Namespace,
                precision: str = precision,
                channels_last: bool = channels_last,
            ) -> float:
                changes = {"precision": precision, "channels_last": channels_last}
                return this_trainer(folder, options, **changes)

            contenders[f"this trainer ({precision}, {order})"] = run

    device = choose_device()
    print(f"{device_name(device)}, {torch.get_num_threads()} thread(s), torch {torch.__version__}")
    print(f"auto precision here: {resolve_precision('auto', device)}")
    flops = flops_per_step(options)
    peaks = {"fp32": matmul_peak(torch.float32), "bf16": matmul_peak(torch.bfloat16)}
    for precision, peak in peaks.items():
        print(f"matrix product peak, {precision}: {peak / 1e9:.1f} GFLOP/s")

    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_data(folder)
        for _ in range(options.rounds):
            for contender, function in contenders.items():
                seconds[contender].append(function(folder, options))
        loading = loading_seconds(folder, options)

    size = "reduced-width" if options.narrow else "full-size"
    parameters = sum(p.numel() for p in build(options.narrow).parameters())
    print(
        f"\n{size} MESR x{SCALE}, {parameters:,} parameters, batch {options.batch}, patch "
        f"{options.patch}, {flops / 1e9:.1f} GFLOP a step; median of {options.rounds} round(s) of "
        f"{options.steps} step(s)\n"
    )
    print("| contender | s/step | times the plain loop | GFLOP/s | of fp32 peak | of bf16 peak |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    plain = medians["plain loop (fp32, contiguous)"]
    for name, median in medians.items():
        rate = flops / median
        print(
            f"| {name} | {median:.4g} | {plain / median:.2f} | {rate / 1e9:.1f} "
            f"| {rate / peaks['fp32']:.0%} | {rate / peaks['bf16']:.0%} |"
        )
    fastest = min(medians.values())
    print(f"\nreading a batch: {loading * 1e3:.2f} ms, {loading / fastest:.1%} of the fastest step")
    adam = ", ".join(
        f"{kind} {value * 1e3:.2f} ms" for kind, value in adam_seconds(options).items()
    )
    print(f"one Adam step: {adam}")


def accuracy(options: argparse.Namespace) -> None:
    """Train networks that differ in precision alone, and others that differ in seed."""
    scores: dict[str, list[float]] = {"fp32": [], "bf16": []}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_data(folder)
        for seed in range(options.seeds):
            for precision, reached in scores.items():
                output = folder / f"{precision}_{seed}"
                with contextlib.chdir(folder):
                    train(
                        lambda: MESR(SCALE, **NARROW),  # type: ignore[arg-type]
                        hr=folder / "hr.h5",
                        lr=folder / "lr.h5",
                        settings=TrainSettings(
                            patch=24,
                            batch=8,
                            steps=options.steps,
                            lr=2e-3,
                            schedule="one_cycle",
                            validation_images=1,
                            validate_every=options.steps,
                            precision=precision,  # type: ignore[arg-type]
                            threads=options.threads,
                        ),
                        seed=seed,
                        output=output,
                        identity={"precision": precision},
                        checkpoints=folder / "checkpoints",
                    )
                run = json.loads((output / "run.json").read_text())
                reached.append(run["best_psnr_db"])
        (held_out,) = run["validation_images"]
        hr = PackedImages(folder / "hr.h5")[held_out]
    print(f"\nPSNR-Y on {held_out!r} (luma sd {np.std(rgb_to_y(hr)):.1f}), {options.steps} steps\n")
    print("| seed | fp32 | bf16 | bf16 - fp32 |\n| --- | ---: | ---: | ---: |")
    pairs = list(zip(*scores.values(), strict=True))
    for seed, (one, other) in enumerate(pairs):
        print(f"| {seed} | {one:.3f} | {other:.3f} | {other - one:+.3f} |")
    differences = [other - one for one, other in pairs]
    print(f"\nmean difference {statistics.mean(differences):+.3f} dB", end="")
    if len(pairs) > 1:
        noise = statistics.stdev(scores["fp32"])
        print(f"; spread of fp32 over seeds (sd) {noise:.3f} dB", end="")
    print()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(required=True)
    one = commands.add_parser("speed", help="side by side with other loops")
    one.set_defaults(function=speed)
    one.add_argument("--narrow", action="store_true", help="a network of reduced width")
    one.add_argument("--batch", type=int, default=16)
    one.add_argument("--patch", type=int, default=32)
    one.add_argument("--rounds", type=int, default=5)
    one.add_argument("--steps", type=int, default=2, help="measured steps a round")
    one.add_argument("--warm-up", type=int, default=1, help="steps before them")
    one.add_argument("--loader-workers", type=int, default=2, help="processes of BasicSR's loader")
    two = commands.add_parser("accuracy", help="bf16 against fp32")
    two.set_defaults(function=accuracy)
    two.add_argument("--seeds", type=int, default=3)
    two.add_argument("--steps", type=int, default=600)
    for each in (one, two):
        each.add_argument("--threads", type=int)
    options = parser.parse_args()
    try:
        options.function(options)
    except UserError as error:
        raise SystemExit(f"error: {error}") from error


if __name__ == "__main__":
    main()
