"""What a profile will cost on a CPU: a step of each network, an evaluation, and the whole.

    python -m benchmarks.profile_costs compact

Processor time of one thread, which a loaded machine stretches less than wall time; what is printed
as load is the ratio of wall to processor time, 1 on an idle machine. Reading patches, validation
and the start of a process are left out. The images that are scored are counted in data/hr/, which
`dvc repro fetch` fills.
"""

import argparse
import time
from collections.abc import Callable
from statistics import median

import numpy as np
import torch
import yaml
from skimage import data

from pipeline.configure import compose_params
from pipeline.imaging.backend import backend_flags, resolve_precision
from pipeline.imaging.packed import PackedImages
from pipeline.imaging.protocol import get_protocol
from pipeline.models.networks import build_network
from pipeline.scoring.evaluation import evaluate_images
from pipeline.study.params import Params
from pipeline.study.paths import hr_file
from pipeline.study.runs import Run, parse_scale
from pipeline.training.patches import Batch
from pipeline.training.step import batch_loss, memory_format, to_device

CPU = torch.device("cpu")


def timed(action: Callable[[], object], repeats: int) -> tuple[float, float]:
    """Return the median processor time of `action`, and the ratio of wall to processor time."""
    action()
    spent, walls = [], []
    for _ in range(repeats):
        wall, spent_before = time.perf_counter(), time.process_time()
        action()
        spent.append(time.process_time() - spent_before)
        walls.append(time.perf_counter() - wall)
    return median(spent), sum(walls) / sum(spent)


def step_seconds(params: Params, run: Run, repeats: int) -> tuple[float, float]:
    settings, scale = params.train_settings(1e-4, **run.train), run.scale
    network = build_network(run.code, scale, **run.settings)
    network.to(memory_format=memory_format(settings))
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-4, fused=True)
    precision = resolve_precision(settings.precision, CPU)
    side, rng = settings.patch, np.random.default_rng(0)
    shapes = [(settings.batch, n, n, 3) for n in (side, side * scale)]
    batch = Batch(*(rng.integers(0, 256, shape, dtype=np.uint8) for shape in shapes))

    def step() -> None:
        pair = to_device(network, batch, CPU, settings)
        batch_loss(network, *pair, precision, settings).backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)

    return timed(step, repeats)


def image_seconds(params: Params, run: Run, repeats: int) -> float:
    """Processor time of scoring a network on an image, per megapixel of it."""
    network = build_network(run.code, run.scale, **run.settings).eval()
    photograph = data.astronaut()[:480, :320]
    protocol = get_protocol(params.evaluate.protocol)

    def score() -> None:
        list(evaluate_images(network, [("a", lambda: photograph)], "a", protocol, CPU))

    return timed(score, repeats)[0] / (photograph.shape[0] * photograph.shape[1] / 1e6)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("profile", nargs="?", default="compact")
    parser.add_argument("overrides", nargs="*", help="of the profile, e.g. scales=[x4]")
    parser.add_argument("--repeats", type=int, default=10, help="steps of each network")
    arguments = parser.parse_args()
    text = compose_params([f"profile={arguments.profile}", *arguments.overrides])
    params = Params.model_validate(yaml.safe_load(text))
    megapixels = 0.0
    for dataset in params.data.test:
        images = PackedImages(hr_file(dataset))
        megapixels += sum(np.prod(images.shape(name)[:2]) for name in images.names) / 1e6
    runs = [run for run in params.runs().values() if run.kind != "published"]
    steps: dict[tuple[str, int], float] = {}
    scores: dict[tuple[str, int], float] = {}
    print("method, scale: s a step, s a megapixel scored, load")
    with backend_flags(threads=1):
        for run in {(run.method, run.scale): run for run in runs}.values():
            key, load = (run.method, run.scale), 1.0
            if run.kind == "trained":
                steps[key], load = step_seconds(params, run, arguments.repeats)
            scores[key] = image_seconds(params, run, 2)
            print(
                f"{run.method:24} x{run.scale}  {steps.get(key, 0):.4f}  {scores[key]:6.2f}  "
                f"{load:.2f}",
                flush=True,
            )
    tuning = sum(
        len(tuned.lrs) * params.tune.steps * steps.get((name, parse_scale(params.tune.scale)), 0)
        for name, tuned in params.tuned.items()
        if len(tuned.lrs) > 1
    )
    training = sum(
        params.train_settings(1e-4, **run.train).total_steps * steps[run.method, run.scale]
        for run in runs
        if run.kind == "trained"
    )
    scoring = sum(megapixels * scores[run.method, run.scale] for run in runs)
    total = tuning + training + scoring
    print(f"{megapixels:.1f} megapixels are scored with each run\nhours of one core:")
    for name, seconds in (("tuning", tuning), ("training", training), ("scoring", scoring)):
        print(f"  {name} {seconds / 3600:.1f}")
    print(f"  whole {total / 3600:.1f}, two cores {total / 7200:.1f}")


if __name__ == "__main__":
    main()
