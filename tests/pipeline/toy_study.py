"""A study without its computations: what stage `tables` reads, with figures known in advance."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from pipeline import tables
from pipeline.configure import compose_params
from pipeline.models.networks import settings_variant
from pipeline.study import paths, results
from pipeline.study.keys import Key
from pipeline.study.params import load_params
from pipeline.study.published_figures import CertificateCell

ROOT = Path(__file__).resolve().parents[2]
IMAGES = ("a", "b", "c")
# dB above bicubic; of the ablation at x4
GAIN = {"vdsr": 1.0, "lapsrn": 1.2, "msrn": 1.6, "mesr": 2.0, "pan": 1.5, "bicubic": 0.0}
ABLATION = {"single_scale": 1.0, "msfeb": 1.25, "no_rb": 1.75, "rb_dagger": 1.7}
COUNTS = [
    ("mesr", "full", 2, 4_600_000, 10**12),
    ("vdsr", "", 2, 665_921, 612_591_206_400),
    ("lapsrn", "", 2, 407_441, 94_095_000_000),
    ("msrn", "rgb", 2, 5_930_331, 1_366_618_000_000),
]

COMMON = ["seeds=[s0,s1,s2]", "statistics.resamples=100"]
QUICK = ["profile=quick", *COMMON]
NO_WEIGHTS = [
    "evaluate.published=[]",
    *(f"certify.{name}=[]" for name in ("networks", "datasets", "lr")),
]
PAPER = ["profile=paper", *COMMON, "baselines=[vdsr]", *NO_WEIGHTS]

CERTIFY = ["certify.networks=[bicubic,vdsr]", "certify.datasets=[photos_test]"]


class ToyStudy:
    """A folder with params.yaml and the outputs of the stages before `tables`."""

    def __init__(self, folder: Path, overrides: list[str]) -> None:
        self.folder = folder
        (folder / "params.yaml").write_text(compose_params(overrides, ROOT / "conf"))
        self.params = load_params(folder / "params.yaml")
        further = [*self.params.reading_evaluations(), *self.params.ladder_evaluations()]
        for key in (*self.params.evaluations(), *further):
            self.evaluate(key)
            if key.has_run:
                self.train(key)
            for dataset in self.params.data.test:
                self.record(key, dataset)
        counts = [dict(zip(results.COMPLEXITY.names, row, strict=True)) for row in COUNTS]
        results.COMPLEXITY.write(counts, folder / results.COMPLEXITY.path)
        self.tune()

    def variant(self, key: Key) -> str:
        if key.kind not in ("trained", "ensemble", "ladder"):
            return key.variant
        return settings_variant(key.model, self.params.networks[key.model])

    def images(self, dataset: str) -> Sequence[str]:
        return IMAGES

    def scores(self, key: Key, dataset: str, index: int) -> tuple[float, float]:
        """PSNR in dB and SSIM of an image."""
        gain = ABLATION[key.variant] if key.kind == "ablation" else GAIN[key.model]
        base = 30.0 - key.scale + len(dataset) / 100
        return base + gain + index + 0.1 * (key.seed or 0), 0.8 + gain / 100 + index / 1000

    def evaluate(self, key: Key) -> None:
        for dataset in self.params.data.test:
            rows = []
            # The order in the file does not matter.
            for index, image in reversed(list(enumerate(self.images(dataset)))):
                psnr_db, ssim = self.scores(key, dataset, index)
                rows.append(
                    {
                        "model": key.network,
                        "variant": self.variant(key),
                        "source": key.source,
                        "scale": key.scale,
                        "dataset": dataset,
                        "image": image,
                        "protocol": "rgb",
                        "seed": "" if key.seed is None else key.seed,
                        "psnr_db": psnr_db,
                        "ssim": ssim,
                        **dict.fromkeys(self.params.evaluate.metrics, ssim / 2),
                    }
                )
            contract = results.QUALITY.with_numbers(self.params.evaluate.metrics)
            contract.write(rows, self.folder / paths.quality_file(key, dataset))

    def train(self, key: Key) -> None:
        path = self.folder / paths.run_folder(key)
        path.mkdir(parents=True)
        history = "step,epoch,lr,loss,psnr_db\n50,1,0.001,0.123456789,\n"
        (path / "history.csv").write_text(history + "100,2,0.001,0.05,27.5\n")
        facts: dict[str, Any] = dict.fromkeys(results.RUNS.names, "known")
        facts |= {
            "params": 109_363,
            "settings": {} if key.model == "vdsr" else {"features": 24, "blocks": 2},
            "train": {"lr": 1e-4, "schedule": "step", "batch": 16, "patch": 32, "eps": 1e-8},
        }
        (path / "run.json").write_text(json.dumps(facts))

    def tune(self) -> None:
        """Write tuning/ and sizes.csv of the trained networks."""
        sizes = []
        for number, model in enumerate((*self.params.baselines, *self.params.models)):
            variant = settings_variant(model, self.params.networks[model])
            rows = [
                {
                    **{"model": model, "variant": variant, "scale": 4, "steps": 2000, "seed": 0},
                    **{"lr": f"{lr:g}", "psnr_db": 28 - index, "chosen": "" if index else "yes"},
                    "note": "",
                }
                for index, lr in enumerate(self.params.tune.lrs)
            ]
            results.TUNING.write(rows, self.folder / paths.candidates_file(model))
            for scale in (int(name[1:]) for name in self.params.scales):
                count = (model, variant, scale, 24, 100_000, 10**8 + number)
                sizes.append(dict(zip(results.SIZES.names, count, strict=True)))
        results.SIZES.write(sizes, self.folder / results.SIZES.path)

    def record(self, key: Key, dataset: str) -> None:
        facts = {
            "key": key.name,
            "dataset": dataset,
            "params": 261_403,
            "threads": 2,
            **dict.fromkeys(("device", "machine", "torch", "code_digest"), "known"),
            "data_digest": f"hr {dataset}",
        }
        results.write_json(self.folder / paths.record_file(key, dataset), facts)

    def run(self) -> None:
        tables.main([])

    def table(self, name: str) -> pd.DataFrame:
        path = self.folder / "results" / f"{name}.csv"
        return pd.read_csv(path, dtype=str, keep_default_na=False)


def row(table: pd.DataFrame, **cells: str) -> pd.Series:
    """The one row with these cells."""
    chosen = pd.Series(True, index=table.index)
    for column, value in cells.items():
        chosen &= table[column] == value
    assert chosen.sum() == 1, (cells, table[chosen])
    return table[chosen].iloc[0]


def certificate_cell(**changes: Any) -> dict[str, Any]:
    """A row of the certificate that was measured."""
    facts = {
        **{"model": "bicubic", "variant": "", "scale": 2, "dataset": "photos_test"},
        **{"protocol": "y", "psnr_db": 33.25, "ssim": 0.9, "note": ""},
    }
    return CertificateCell(**(facts | changes)).model_dump()
