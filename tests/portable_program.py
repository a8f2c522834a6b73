"""What test_portable.py runs on this processor and on emulated ones: prints digests as JSON.

It makes its data, trains each network for a few steps at the sizes of profile compact, scores it,
and computes the statistics of the tables. ``python -m tests.portable_program FOLDER NETWORK...``;
the params.yaml of the working folder says in which arithmetic.
"""

import hashlib
import json
import sys
from functools import partial
from pathlib import Path
from types import ModuleType

import pipeline  # noqa: F401  # first: it decides on the arithmetic

import numpy as np  # isort: skip
import torch
import yaml

from pipeline.degrade import degrade
from pipeline.imaging.backend import backend_flags, computed_on, device_name
from pipeline.imaging.packed import PackedImages, pack_images
from pipeline.models.networks import build_network
from pipeline.models.weights import load_weights
from pipeline.scoring.evaluation import evaluate_image
from pipeline.tables.statistics import bootstrap_interval, compare, mean_and_sd
from pipeline.training.settings import TrainSettings
from pipeline.training.trainer import train

# Adam and the switch to deterministic algorithms speak to torch's compiler, which nobody here uses:
# loading it takes most of the time under emulation.
for module in ("torch._dynamo", "torch._inductor", "torch._inductor.config"):
    sys.modules[module] = ModuleType(module)
vars(sys.modules["torch._dynamo"]).update(
    disable=lambda function, *_, **__: function, graph_break=lambda: None
)

ROOT = Path(__file__).parents[1]
SETTINGS = TrainSettings(
    patch=6, batch=2, steps=2, lr=1e-3, schedule="one_cycle", validation_images=1,
    validate_every=2, precision="fp32", threads=1,
)  # fmt: skip


def photographs(count: int, height: int, width: int) -> list[tuple[str, np.ndarray]]:
    """Smooth images with edges and noise, by integers alone."""
    random = np.random.default_rng(0)
    y, x = np.mgrid[:height, :width]
    found = []
    for index in range(count):
        waves = 3 * x + (index + 2) * y + 40 * ((x // 7 + y // 5) % 2)
        image = (waves[..., None] + np.array([0, 30, 60]) + random.integers(0, 9, (1, 1, 3))) % 256
        noise = random.integers(-6, 7, image.shape)
        found.append((f"image{index}", np.clip(image + noise, 0, 255).astype(np.uint8)))
    return found


def digest(*contents: bytes) -> str:
    """Return the beginning of a SHA-256."""
    return hashlib.sha256(b"\0".join(contents)).hexdigest()[:16]


def main(folder: Path, names: list[str]) -> None:
    """Print what each network, and the statistics of all, came to."""
    profile = yaml.safe_load((ROOT / "conf/profile/compact.yaml").read_text(encoding="utf-8"))
    hr, lr, test = (folder / f"{name}.h5" for name in ("hr", "lr", "test"))
    pack_images(photographs(3, 40, 48), hr)
    pack_images(photographs(3, 24, 28), test)
    degrade(hr, lr, 4)
    images = PackedImages(test)
    found = {"lr": digest(lr.read_bytes())}
    scores = []
    with backend_flags(threads=1):
        for name in names:
            settings = profile["networks"][name]
            output = folder / name
            train(
                partial(build_network, name, 4, **settings), hr=hr, lr=lr, settings=SETTINGS,
                seed=0, output=output, identity={"model": name}, checkpoints=folder / "checkpoints",
            )  # fmt: skip
            weights = (output / "weights.safetensors").read_bytes()
            found[f"{name} weights"] = digest(weights, (output / "history.csv").read_bytes())
            found[f"{name} record"] = digest((output / "run.json").read_bytes())
            network = build_network(name, 4, **settings)
            load_weights(network, output / "weights.safetensors")
            evaluated = [evaluate_image(network, images[image]) for image in images.names]
            scores.append([evaluation.psnr_db for evaluation in evaluated])
            found[f"{name} scores"] = repr(
                [(e.psnr_db, e.ssim, digest(e.sr.tobytes())) for e in evaluated]
            )
    table = np.array(scores)
    pairs = {str(i): table[i : i + 2] for i in range(0, len(table) - 1, 2)}
    intervals = bootstrap_interval(table[1:3] - table[:2], resamples=500)
    found["statistics"] = repr((mean_and_sd(table), intervals, compare(pairs).to_dict()))
    cpu = torch.device("cpu")
    facts = {"processor": device_name(cpu), "computed on": computed_on(cpu), "found": found}
    print(json.dumps(facts))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
