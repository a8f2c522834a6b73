"""Studies whose evaluations are invented and whose result files come from the real stage."""

import contextlib
import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from skimage import data

from pipeline import tables
from pipeline.study import paths, results
from pipeline.study.keys import Key
from tests.pipeline.toy_study import ROOT, ToyStudy

QUICK = ["profile=quick", "figures.crops=[]", "figures.refinement=null"]
FULL = [
    *("profile=paper", "scales=[x2,x4]", "seeds=[s0,s1]"),
    *(
        "certify.networks=[]",
        "certify.datasets=[]",
        "certify.lr=[]",
        "baselines=[srcnn,vdsr,pan,defian,msrn]",
    ),
    "evaluate.published=["
    + ",".join(f"{name}_x{x}" for name in ("srcnn_9_1_5", "vdsr", "pan") for x in (2, 4))
    + "]",
    "figures.crops=[{dataset: Set14, image: barbara, scale: x4, region: [64, 40, 72, 54]},"
    "{dataset: Set14, image: zebra, scale: x4, region: null},"
    "{dataset: Urban100, image: img_012, scale: x4, region: null}]",
]
# Images of each test set, those with a picture first.
IMAGES = {
    "photos_test": ("astronaut", "cat", "coffee", "camera", "rocket"),
    "Set5": ("baby", "bird", "butterfly"),
    "Set14": ("barbara", "zebra", "flowers"),
    "BSD100": ("101085", "101087", "102061"),
    "Urban100": ("img_012", "img_001", "img_002"),
}
PHOTOGRAPHS = {
    **dict.fromkeys(["astronaut", "barbara"], data.astronaut),
    **dict.fromkeys(["cat", "zebra"], data.chelsea),
    **dict.fromkeys(["coffee", "img_012"], data.coffee),
}
MODELS = ("srcnn", "vdsr", "lapsrn", "pan", "defian", "msrn", "mesr")
VARIANTS = ("single_scale", "msfeb", "no_rb", "rb_dagger")
HOSTILE = (
    "<script>alert(1)</script>",
    "R&D 100% a_b #1 $x^2$ ~{brace}",
    r"\input{/etc/passwd}",
    "\u202eעברית שלום العربية",
    "--flag 'quote' \"double\" `tick` ?` <<x>>",
    "x" * 90,
    "[red]zz[/red] ,,low,,",
)
READING = """# Reading the paper

The paper leaves several details open; each point names the words, the readings and the choice.

## Channel widths

The widths are never given. Section IV-E says *fewer parameters than MSRN by nearly 1/6*.

| Reading | Parameters | Parameter that switches it |
|---|---:|---|
| 24-channel branches | 4.60 M | `branch_features=24` |
| 32-channel branches | 6.21 M | `branch_features=32` |

<script>alert("raw HTML is text here")</script>

- Equations (12)-(16) re-use the same *w*; see [protocols](protocols.md).
- Figure: ![a picture](picture.png)
"""


class ReportStudy(ToyStudy):
    """Everything that the report reads, in a folder.

    Networks gain more over bicubic the later they stand in `MODELS`; the ablation gains with
    each module. Logs are there for the trainings, and for no evaluation.
    """

    def __init__(self, folder: Path, overrides: list[str]) -> None:
        super().__init__(folder, overrides)
        for name in ("complexity", "counts"):
            shutil.copy(ROOT / "results" / f"{name}.csv", folder / "results")
        with contextlib.chdir(folder):
            tables.main([])
        (folder / "docs").mkdir()
        (folder / "docs" / "paper-reading.md").write_text(READING)

    def gain(self, key: Key) -> float:
        """PSNR over bicubic, in dB."""
        if key.kind == "bicubic":
            return 0.0
        if key.kind == "ablation":
            return 2.0 + 0.2 * VARIANTS.index(key.variant)
        return 1.6 + 0.2 * MODELS.index(key.model) + 0.4 * (key.source == "published")

    def images(self, dataset: str) -> Sequence[str]:
        return IMAGES[dataset]

    def scores(self, key: Key, dataset: str, index: int) -> tuple[float, float]:
        gain, seed = self.gain(key), key.seed or 0
        psnr_db = 34.0 - 2 * key.scale + 6 * np.sin(index) + gain * (1 + 0.4 * np.cos(index))
        return psnr_db + 0.03 * seed, 0.95 - 0.06 * key.scale + 0.02 * gain + 0.001 * index

    def evaluate(self, key: Key) -> None:
        super().evaluate(key)
        if key.scale == 4:
            for dataset in self.params.data.test:
                self.draw(key, dataset)

    def draw(self, key: Key, dataset: str) -> None:
        """Keep pictures between bicubic and perfect; thumbnails, for speed."""
        for image in (name for name in IMAGES[dataset] if name in PHOTOGRAPHS):
            photograph = Image.fromarray(PHOTOGRAPHS[image]()).convert("RGB")
            photograph.thumbnail((160, 160))
            size = [side // key.scale for side in photograph.size]
            hr = photograph.crop((0, 0, *(side * key.scale for side in size)))
            lr = hr.resize((size[0], size[1]), Image.Resampling.BICUBIC)
            low = lr.resize(hr.size, Image.Resampling.BICUBIC)
            folder = self.folder / paths.pictures_folder(key, dataset) / image
            folder.mkdir(parents=True)
            Image.blend(low, hr, self.gain(key) / 5).save(folder / "sr.png", compress_level=1)
            if key.kind == "bicubic":
                hr.save(folder / "hr.png", compress_level=1)
                lr.save(folder / "lr.png")
            if key.model == "mesr":
                Image.blend(low, hr, 0.8 * self.gain(key) / 5).save(folder / "coarse.png")

    def train(self, key: Key) -> None:
        super().train(key)
        folder = self.folder / paths.run_folder(key)
        steps = [
            f"{step},1,0.001,{0.2 - step / 4000},{26 + self.gain(key) - 300 / step + key.seed / 9}"
            for step in range(100, 601, 100)
        ]
        (folder / "history.csv").write_text("step,epoch,lr,loss,psnr_db\n" + "\n".join(steps))
        facts = json.loads((folder / "run.json").read_text())
        facts |= {
            **{"steps": 600, "device": "cpu", "machine": "x86_64", "threads": 2},
            **{"precision": "bf16", "torch": "2.14.1", "settings": {"features": 16}},
            **{"code_digest": "c0de" * 16, "data_digest": f"hr {'0b1c' * 16}"},
        }
        (folder / "run.json").write_text(json.dumps(facts))
        log = {
            **{"name": f"runs/{key}", "git_revision": "4f1c2a9d" * 5, "cores": 2},
            **{"started": "2026-03-04T05:06:07+00:00", "wall_seconds": 130.4},
            **{"load_average": [1.0, 1.0, 1.0], "steps_per_s": 7.46},
        }
        results.write_json(self.folder / "logs" / f"runs/{key}.json", log)

    def record(self, key: Key, dataset: str) -> None:
        if key.has_run:  # the training stands for them
            return
        facts = {
            **{"params": 261_403, "threads": 2, "device": "cpu", "machine": "x86_64"},
            **{"torch": "2.14.1", "code_digest": "e7a1" * 16, "data_digest": f"hr {'7e2d' * 16}"},
            "dataset": dataset,
        }
        results.write_json(self.folder / paths.record_file(key, dataset), facts)


def edit(path: Path, line: int, **cells: str) -> None:
    """Replace cells of a result file; lines count from 1, the header being the first."""
    frame = results.read_text(path, _header(path), "the test")
    for column, text in cells.items():
        frame.loc[line - 2, column] = text
    frame.to_csv(path, index=False)


def _header(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").partition("\n")[0].split(",")


def make_hostile(folder: Path) -> None:
    """Write hostile texts into every text of the result files and of the reading."""
    for number in (1, 2, 3, 4):
        path = folder / "results" / "tables" / f"table{number}.csv"
        source = "quality_source" if number == 4 else "source"
        count = len(path.read_text().splitlines()) - 1
        for index, text in enumerate(HOSTILE):
            edit(path, 2 + index % count, label=text, note=text, **{source: text})
    for index, text in enumerate(HOSTILE):
        edit(folder / "results" / "runs.csv", 2 + index, machine=text, label=text)
        edit(folder / "results" / "counts.csv", 2 + index, explanation=text, source=text)
    path = folder / "results" / "study.json"
    study: dict[str, Any] = json.loads(path.read_text())
    study |= {"profile": HOSTILE[0], "datasets": [*study["datasets"], *HOSTILE[1:4]]}
    path.write_text(json.dumps(study))
    reading = folder / "docs" / "paper-reading.md"
    reading.write_text(f"{READING}\n\n{' '.join(HOSTILE)}\n", encoding="utf-8")


def toy_machine(
    study: Path, path: Path, *, machine: str, measured: str, factor: float = 1.0
) -> None:
    """Write the file of a machine on which networks cost what their parameters cost.

    Full sizes are those of complexity.csv; trained sizes those of sizes.csv.
    """
    counts = results.COMPLEXITY.read(study / "results" / "complexity.csv")
    trained = results.SIZES.read(study / "results" / "sizes.csv").itertuples()
    sizes = [("paper", r.model, r.variant, r.scale, r.params) for r in counts.itertuples()]
    sizes += [("study", r.model, "", r.scale, r.params) for r in trained]
    rows = []
    for size, model, variant, scale, params in sizes:
        milliseconds = factor * params / 1e4
        for name, height, width in (("HR 1280x720", 180, 320), ("LR 256x256", 256, 256)):
            facts = {"size": size, "model": model, "variant": variant, "scale": scale}
            facts |= {"input": name, "lr_height": height, "lr_width": width, "share": 1}
            facts |= {"params": params, "multi_adds": 1000 * params, "convolutions": 12}
            facts |= {"activations": 30 * params, "latency_ms": milliseconds, "rounds": 5}
            facts |= {"latency_q1_ms": 0.9 * milliseconds, "latency_q3_ms": 1.1 * milliseconds}
            facts |= {"peak_memory_mib": params / 1e3, "device": "cpu", "machine": machine}
            facts |= {"threads": "2", "precision": "fp32", "torch": "2.14.1", "load": "0.1"}
            rows.append(facts | {"measured": measured, "ntire_score": 7.39 * params / 1e6})
    results.MEASUREMENT.write(rows, path)
