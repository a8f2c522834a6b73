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
from omegaconf import OmegaConf
from skimage import data

from pipeline.configure import compose_params
from pipeline.imaging.backend import backend_flags, resolve_precision
from pipeline.imaging.packed import PackedImages
from pipeline.imaging.protocol import get_protocol
from pipeline.models.networks import build_network
from pipeline.scoring.evaluation import evaluate_images
from pipeline.study.keys import Key, parse_scale
from pipeline.study.params import Params, validate_params
from pipeline.study.paths import hr_file
from pipeline.training.patches import Batch
from pipeline.training.trainer import batch_loss, to_device

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


def step_seconds(params: Params, model: str, scale: int, repeats: int) -> tuple[float, float]:
    settings = params.train_settings(params.tune.lrs[0])
    network = build_network(model, scale, **params.network_settings(model))
    memory_format = torch.channels_last if settings.channels_last else torch.contiguous_format
    network.to(memory_format=memory_format)
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-4, fused=True)
    precision = resolve_precision(settings.precision, CPU)
    side, rng = settings.patch, np.random.default_rng(0)
    shapes = [(settings.batch, n, n, 3) for n in (side, side * scale)]
    batch = Batch(*(rng.integers(0, 256, shape, dtype=np.uint8) for shape in shapes))

    def step() -> None:
        pair = to_device(network, batch, CPU, settings)
        batch_loss(network, network, *pair, precision, 0.0, settings).backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)

    return timed(step, repeats)


def image_seconds(params: Params, model: str, scale: int, repeats: int) -> float:
    """Processor time of scoring a network on an image, per megapixel of it."""
    settings = {} if model == "bicubic" else params.network_settings(model)
    network = build_network(model, scale, **settings).eval()
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
    params = validate_params(OmegaConf.to_container(OmegaConf.create(text)), arguments.profile)
    megapixels = 0.0
    for dataset in params.data.test:
        images = PackedImages(hr_file(dataset))
        megapixels += sum(np.prod(images.shape(name)[:2]) for name in images.names) / 1e6
    scales = [parse_scale(scale) for scale in params.scales]
    steps, scores = {}, {}
    print("network, scale: s a step, s a megapixel scored, load")
    with backend_flags(threads=1):
        for model in ("bicubic", *params.baselines, *params.models):
            for scale in scales:
                load = 1.0
                if model != "bicubic":
                    steps[model, scale], load = step_seconds(
                        params, model, scale, arguments.repeats
                    )
                scores[model, scale] = image_seconds(params, model, scale, 2)
                print(
                    f"{model:8} x{scale}  {steps.get((model, scale), 0):.4f}  "
                    f"{scores[model, scale]:6.2f}  {load:.2f}",
                    flush=True,
                )

    def length(key: Key) -> int:
        return int(key.variant) if key.kind == "ladder" else params.train.total_steps

    kinds = {
        "tables": params.evaluations(),
        "readings": params.reading_evaluations(),
        "ladder": params.ladder_evaluations(),
    }
    tuned, scale = len(params.tune.lrs), parse_scale(params.tune.scale)
    tuning = params.tune.steps * (tuned if tuned > 1 else 0)
    total = sum(tuning * steps[model, scale] for model in (*params.baselines, *params.models))
    print(f"{megapixels:.1f} megapixels are scored with each network\nhours of one core:")
    print(f"  tuning {total / 3600:.1f}")
    for name, evaluated in kinds.items():
        keys = [key for key in evaluated if key.kind != "published"]
        training = sum(length(k) * steps[k.model, k.scale] for k in keys if k.seed is not None)
        scoring = sum(megapixels * scores[k.model, k.scale] for k in keys)
        total += training + scoring
        print(f"  {name}: training {training / 3600:.1f}, scoring {scoring / 3600:.1f}")
    print(f"  whole {total / 3600:.1f}, two cores {total / 7200:.1f}")


if __name__ == "__main__":
    main()
