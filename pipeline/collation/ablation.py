"""Tables 1 and 2: the effect of each module of MESR, at x4."""

import numpy as np

from pipeline.collation.cells import PAPER, Row, joined, number
from pipeline.collation.evaluations import Quality
from pipeline.study.keys import ABLATION_MODEL, ABLATION_SCALE, Key
from pipeline.study.labels import TABLE1_STEPS, TABLE2_ROWS
from pipeline.study.params import Params
from pipeline.study.published_figures import mesr_claims
from pipeline.study.statistics import Difference, paired_difference


class Ablation:
    """The trained variants of MESR at x4 and their paired differences."""

    def __init__(self, params: Params, quality: Quality) -> None:
        self._params = params
        self._quality = quality
        self._keys: dict[str, list[Key]] = {}
        for of in quality.evaluated:
            if (of.key.network, of.key.scale) == (ABLATION_MODEL, ABLATION_SCALE):
                self._keys.setdefault(of.variant, []).append(of.key)

    def measured(self, variant: str, dataset: str) -> tuple[Row, str]:
        """Cells of a variant (seeds, means, spreads), and why they are empty if they are."""
        keys = self._keys.get(variant, [])
        cells = {"seeds": len(keys) or "", **self._quality.measured_cells(keys, dataset)}
        return cells, "" if keys else f"not trained in profile {self._params.profile}"

    def difference(self, variant: str, reference: str, dataset: str) -> Difference | None:
        """PSNR of `variant` less that of `reference`; None unless both were trained.

        None as well when an image was reproduced exactly: a difference of infinite values is not
        defined.
        """
        if not (variant in self._keys and reference in self._keys):
            return None
        keys = [*self._keys[variant], *self._keys[reference]]
        values = self._quality.matrix(keys, dataset, "psnr_db")
        if not np.isfinite(values).all():
            return None
        seeds = len(self._keys[variant])
        settings = self._params.statistics
        return paired_difference(
            values[:seeds],
            values[seeds:],
            confidence=settings.confidence,
            resamples=settings.resamples,
            seed=settings.seed,
        )


def _difference_cells(difference: Difference | None, reference: str) -> tuple[dict[str, str], str]:
    if difference is None:
        return {"diff_db": "", "diff_low_db": "", "diff_high_db": ""}, ""
    cells = {
        "diff_db": number(difference.mean),
        "diff_low_db": number(difference.low),
        "diff_high_db": number(difference.high),
    }
    return cells, joined(f"difference to {reference}", difference.note)


def table1(params: Params, ablation: Ablation) -> list[Row]:
    """Table 1: modules added one by one, each step with its paired difference to the one before."""
    dataset = params.tables.ablation_dataset
    rows = []
    previous = ""
    for step, (variant, text) in enumerate(TABLE1_STEPS.items(), start=1):
        cells, cells_note = ablation.measured(variant, dataset)
        difference = ablation.difference(variant, previous, dataset) if previous else None
        diff_cells, diff_note = _difference_cells(difference, TABLE1_STEPS.get(previous, ""))
        published_cells, published_note = _published(variant, dataset)
        rows.append(
            {
                "step": step,
                "variant": variant,
                "label": text,
                "dataset": dataset,
                "scale": ABLATION_SCALE,
                **{name: cells[name] for name in ("seeds", "psnr_db", "psnr_sd_db")},
                **diff_cells,
                **published_cells,
                "note": joined(cells_note, diff_note, published_note),
            }
        )
        previous = variant
    return rows


def _published(variant: str, dataset: str) -> tuple[dict[str, str], str]:
    """Cells of Table 1 that the paper's text states, and a note on them."""
    claims = mesr_claims()
    baseline, gain = claims["baseline_psnr"], claims["msfeb_gain"]
    psnr_db = diff_db = None
    source, note = "", "published value not available as a number"
    if dataset != baseline.dataset:
        note = f"the paper's Table 1 is on {baseline.dataset}"
    elif variant == baseline.variant:
        psnr_db, source, note = baseline.value, f"{PAPER}, {baseline.section}", ""
    elif variant == gain.variant and baseline.value is not None and gain.value is not None:
        psnr_db, diff_db = baseline.value + gain.value, gain.value
        source = f"{PAPER}, {gain.section}"
        note = f"published: {baseline.value:.2f} + {gain.value:.2f} dB"
    cells = {
        "published_psnr_db": number(psnr_db),
        "published_diff_db": number(diff_db),
        "source": source,
    }
    return cells, note


def table2(params: Params, ablation: Ablation) -> list[Row]:
    """Table 2: without RB, with RB supervised at its end alone, and MESR, on every test set."""
    reference, reference_text = next(iter(TABLE2_ROWS.items()))
    rows = []
    for variant, text in TABLE2_ROWS.items():
        for dataset in params.data.test:
            cells, cells_note = ablation.measured(variant, dataset)
            difference = (
                ablation.difference(variant, reference, dataset) if variant != reference else None
            )
            diff_cells, diff_note = _difference_cells(difference, reference_text)
            rows.append(
                {
                    "variant": variant,
                    "label": text,
                    "dataset": dataset,
                    "scale": ABLATION_SCALE,
                    **cells,
                    **diff_cells,
                    "published_psnr_db": "",
                    "published_ssim": "",
                    "source": "",
                    "note": joined(
                        cells_note, diff_note, "the paper's Table 2 is not available as numbers"
                    ),
                }
            )
    return rows
