"""A small study of profile compact: tuning, ladder and readings, three seeds at x4 alone."""

import contextlib
import shutil
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from pipeline import tables
from pipeline.models.networks import settings_variant
from pipeline.study import paths, results
from pipeline.study.keys import Key
from tests.pipeline.toy_study import ROOT, ToyStudy

COMPACT = [
    "profile=compact",
    "ladder={models:[mesr],baselines:[vdsr,lapsrn,msrn,idn],steps:[500,2000,32000],seeds:[s0],"
    "longer:{models:[],baselines:[],steps:[]}}",
]
# dB above bicubic at x4; half as much again at x2.
GAIN = {
    **{"srcnn": 0.7, "vdsr": 1.3, "lapsrn": 1.5, "drcn": 1.0, "idn": 2.0, "dasr": 1.9, "dpsr": 1.6},
    **{"pan": 1.95, "lapar": 1.7, "defian": 1.85, "msrn": 1.8, "drsan": 2.02, "a2f": 1.96},
    **{"mesr": 1.9, "bicubic": 0.0},
}
ABLATION = {"single_scale": 1.75, "msfeb": 1.80, "no_rb": 1.92, "rb_dagger": 1.86}
READING = {"gate_closed": 0.06, "unit_skip_both": -6.0, "upsampler_one_step": -0.05}
# Images of each dataset that are scored.
COUNTS = {"Set5": 5, "Set14": 6, "BSD100": 8, "Urban100": 8}
BASE = {"Set5": 28.4, "Set14": 26.0, "BSD100": 25.9, "Urban100": 23.1}
NAMES = {"Set5": ("baby", "bird", "butterfly", "head", "woman"), "Set14": ("barbara", "zebra")}
# Readings and ladder are not scored there.
LEFT_OUT = "Urban100"


class CompactStudy(ToyStudy):
    """Results of a study, written by the real stage from invented evaluations.

    Parameters
    ----------
    folder : Path
        Gets params.yaml, evaluations/ and results/.
    overrides : sequence of str
        Of the profile.
    counts : mapping
        Number of images of each dataset.
    gain : mapping
        Mean PSNR over bicubic at x4 by network, in dB.
    """

    def __init__(
        self,
        folder: Path,
        overrides: Sequence[str] = (),
        *,
        counts: Mapping[str, int] = COUNTS,
        gain: Mapping[str, float] = GAIN,
    ) -> None:
        self.counts, self.gain = counts, gain
        super().__init__(folder, [*COMPACT, *overrides])
        for name in ("complexity", "counts"):
            shutil.copy(ROOT / "results" / f"{name}.csv", folder / "results")
        with contextlib.chdir(folder):
            tables.main([])
        for file in (results.READINGS, results.LADDER):
            frame = results.read_text(folder / file.path, file.names, "the test")
            frame[frame["dataset"] != LEFT_OUT].to_csv(folder / file.path, index=False)

    def images(self, dataset: str) -> Sequence[str]:
        known = NAMES.get(dataset, ())
        more = [f"image{number:03d}" for number in range(len(known), self.counts[dataset])]
        return (*known, *more)

    def noise(self, *words: object) -> float:
        """A standard normal number that depends on the words alone."""
        return float(np.random.default_rng(zlib.crc32(repr(words).encode())).normal())

    def mean_gain(self, key: Key) -> float:
        """PSNR above bicubic in dB, on average over images and seeds."""
        gain = self.gain[key.model]
        if key.kind == "ablation":
            gain += ABLATION[key.variant] - GAIN["mesr"]
        if key.kind == "reading":
            gain += READING.get(key.variant, 0.0)
        if key.kind == "ladder":
            # Networks that add to an enlarged image are ahead early.
            late = 0.0 if key.model in ("idn", "vdsr", "lapsrn") else 0.25
            gain += (0.25 + late) * (np.log2(int(key.variant)) - 13) / 2
        return gain * (1.0 if key.kind == "ladder" else 1 + (4 - key.scale) / 4)

    def scores(self, key: Key, dataset: str, index: int) -> tuple[float, float]:
        gain = self.mean_gain(key)
        psnr_db = BASE[dataset] + 2.5 * (4 - key.scale) + 4 * self.noise(dataset, index) + gain
        if key.model != "bicubic":
            name = (key.model, key.variant)
            psnr_db += 0.08 * self.noise(name, dataset, index)
            psnr_db += 0.015 * self.noise(name, key.seed, key.scale, dataset)
        return psnr_db, 0.75 + 0.05 * (4 - key.scale) + 0.02 * gain + 0.001 * self.noise(key.name)

    def tune(self) -> None:
        """Write tuning/ and sizes.csv: the best value differs, the highest may diverge."""
        sizes = []
        lrs = self.params.tune.lrs
        for number, model in enumerate((*self.params.baselines, *self.params.models)):
            variant = settings_variant(model, self.params.networks[model])
            best = number % len(lrs)
            rows = [
                {
                    **{"model": model, "variant": variant, "scale": 4, "steps": 1000, "seed": 0},
                    "lr": f"{lr:g}",
                    "psnr_db": None if best == 0 and index == 3 else 29 - 0.1 * abs(index - best),
                    "chosen": "yes" if index == best else "",
                    "note": "diverged" if best == 0 and index == 3 else "",
                }
                for index, lr in enumerate(lrs)
            ]
            results.TUNING.write(rows, self.folder / paths.candidates_file(model))
            for scale in (int(name[1:]) for name in self.params.scales):
                count = (model, variant, scale, 24, 50_000 + 9_000 * number, 10**8 + 10**6 * number)
                sizes.append(dict(zip(results.SIZES.names, count, strict=True)))
        results.SIZES.write(sizes, self.folder / results.SIZES.path)

    def train(self, key: Key) -> None:
        super().train(key)
        path = self.folder / paths.run_folder(key) / "run.json"
        steps = key.variant if key.kind == "ladder" else self.params.train.total_steps
        facts = results.read_json(path, "the test") | {"steps": int(steps), "device": "cuda"}
        lrs = self.params.tune.lrs
        # As `tune` chooses below; one training of MSRN began again with the next lower value.
        number = [*self.params.baselines, *self.params.models].index(key.model) % len(lrs)
        again = key == Key.trained("msrn", 4, 1)
        facts["train"]["lr"] = lrs[number - again]
        results.write_json(path, facts | {"machine": "a GPU", "threads": 1, "precision": "fp32"})
