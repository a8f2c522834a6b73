"""Studies without computations: scores known in advance, as frames."""

from collections.abc import Iterable, Mapping
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from pipeline.study.params import Params
from pipeline.study.runs import Run, run_key
from pipeline.support.yaml import read_yaml
from pipeline.tables.certification import RECORDED
from pipeline.tables.files import FILES, typed
from pipeline.tables.study import Study
from tests.pipeline.toy_study import ROOT

ABLATION = {"single_scale": 1.0, "msfeb": 1.4, "no_rb": 1.75, "rb_dagger": 1.7}
# dB above bicubic interpolation
GAIN = {"vdsr": 1.0, "lapsrn": 1.2, "msrn": 1.6, "mesr": 2.0, "pan": 1.5, "bicubic": 0.0}
GAIN |= {f"mesr-{name}": gain for name, gain in ABLATION.items()}
VARIANTS: dict[str, dict[str, Any]] = {
    "no_rb": {"network": "mesr", "heading": "Ablation", "settings": {"refinement": False}},
    "rb_dagger": {"network": "mesr", "heading": "Ablation", "settings": {"omega": [0.0, 1.0]}},
    "msfeb": {"network": "mesr", "base": "no_rb", "heading": "Ablation"},
    "single_scale": {"network": "mesr", "base": "msfeb", "heading": "Ablation"},
    "steps100": {"heading": "Training length", "label": "100 steps", "train": {"steps": 100}},
}


def make_params(
    networks: Iterable[str] = ("vdsr", "lapsrn", "msrn", "mesr"),
    *,
    variants: Mapping[str, Iterable[str]] | None = None,
    scales: Iterable[int] = (4,),
    seeds: Iterable[int] = (0, 1, 2),
    datasets: Iterable[str] = ("Set5", "Set14"),
    settings: Mapping[str, Any] | None = None,
    **changes: Any,
) -> Params:
    """Return the parameters of a study; `variants` are those of each network."""
    variants = variants or {}
    trainings, imports = {}, {}
    for scale in scales:
        imports[run_key("bicubic", "", scale, None)] = {
            "network": "bicubic",
            "code": "baselines/bicubic.py",
            "scale": f"x{scale}",
            "weights": "none",
            "source": "baselines/bicubic.py",
        }
        for network in networks:
            for variant, seed in product(("", *variants.get(network, ())), seeds):
                own = VARIANTS.get(variant, {})
                trainings[run_key(network, variant, scale, seed)] = {
                    **{
                        "network": network,
                        "variant": variant,
                        "seed": seed,
                        "code": _code(network),
                    },
                    "scale": f"x{scale}",
                    "settings": own.get("settings", {}),
                    "train": own.get("train", {}),
                }
    used = {name for names in variants.values() for name in names}
    first, *_, last = [*datasets, *datasets]
    values = read_yaml(ROOT / "params.yaml", "") | {
        "scales": [f"x{scale}" for scale in scales],
        "data": {"train": "photos_train", "test": list(datasets)},
        "networks": {network: (settings or {}).get(network, {}) for network in networks},
        "tuned": {network: {"code": _code(network), "lrs": [0.001]} for network in networks},
        "trainings": trainings,
        "imports": imports,
        "evaluated": [*imports, *trainings],
        "variants": {name: own for name, own in VARIANTS.items() if name in used},
        "comparisons": [],
        "figures": {"crops": [], "refinement": None},
        "tables": {
            "ablation_dataset": last,
            "complexity_dataset": first,
            "complexity_scale": f"x{min(scales)}",
        },
        "statistics": {"resamples": 100, "confidence": 0.95, "seed": 0},
    }
    return Params.model_validate(values | changes)


def _code(network: str) -> str:
    return network if network == "mesr" else f"baselines/{network}.py"


def scores(run: Run, dataset: str, images: int = 6) -> pd.DataFrame:
    """Scores of a run: images of different difficulty, a gain, and noise of seed and image."""
    hard = 26 + 4 * np.random.default_rng(len(dataset)).random(images)
    rng = np.random.default_rng([run.scale, run.seed or 0, *run.method.encode()])
    noise = 0.01 * rng.standard_normal() + 0.02 * rng.standard_normal(images)
    gain = GAIN.get(run.method, GAIN.get(run.network, 1.0))
    psnr = hard + (gain + noise if run.kind == "trained" else gain)
    return pd.DataFrame(
        {"image": [f"i{n}" for n in range(images)], "psnr_db": psnr, "ssim": psnr / 40}
    )


def make_study(params: Params, sizes: Iterable[tuple[Any, ...]] = (), **changes: Any) -> Study:
    """Return a study whose scores are those of `scores`; `changes` are frames in their place."""
    parts, rows = [], []
    for key in params.evaluated:
        run = params.run(key)
        about = {n: getattr(run, n) for n in ("key", "method", "kind", "scale", "seed")}
        rows.append(about | {"network": run.network, "variant": run.variant})
        for dataset in params.data.test:
            parts.append(scores(run, dataset).assign(dataset=dataset, protocol="rgb", **about))
    frames = {
        "quality": typed(pd.concat(parts, ignore_index=True), FILES["quality"]),
        "runs": typed(pd.DataFrame(rows), FILES["runs"]),
        "history": typed(pd.DataFrame(), FILES["history"]),
        "tuning": typed(pd.DataFrame(), FILES["tuning"]),
        "sizes": typed(pd.DataFrame(sizes, columns=FILES["sizes"][:7]), FILES["sizes"]),
        "certificates": typed(pd.DataFrame(), RECORDED),
        "lr_certificates": typed(pd.DataFrame(), FILES["lr_certification"]),
    }
    return Study(params, **(frames | changes))
