"""How far the order of the trained networks in Table 3 can be trusted."""

from collections.abc import Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from pipeline.collation.cells import Row, joined, number
from pipeline.collation.comparison import methods
from pipeline.collation.evaluations import Quality
from pipeline.study.comparisons import (
    Pair,
    compare_all,
    letters,
    seeds_to_resolve,
    spread_over_seeds,
)
from pipeline.study.keys import Key
from pipeline.study.labels import label
from pipeline.study.params import Params
from pipeline.study.results import RESOLVED_DB, RESOLVED_POWER

METRICS = ("psnr_db", "ssim")
INFINITE = "an image was reproduced exactly: differences of infinite values are not defined"
ONE_SEED = (
    "one seed: letters compare these very weights on other images; whether another training "
    "would order the networks likewise cannot be said"
)
UNKNOWN_SPREAD = {
    1: "one seed: rankings by seed and the spread over seeds are unknown",
    2: "two seeds: the spread over seeds is hardly known",
}
ONE_IMAGE = "one image: letters say nothing about other images"
ALONE = "one network: there is none to compare with"
NOTHING = "one seed and one image: nothing can be said"


class Cell:
    """The trained networks of one scale on one dataset, the best mean PSNR first."""

    def __init__(
        self, params: Params, quality: Quality, dataset: str, trained: list[tuple[Row, list[Key]]]
    ) -> None:
        def matrices(method: tuple[Row, list[Key]]) -> dict[str, NDArray[np.float64]]:
            return {metric: quality.matrix(method[1], dataset, metric) for metric in METRICS}

        found = [(method[0], matrices(method)) for method in trained]
        # Those that are equal stay in the order of Table 3.
        found.sort(key=lambda network: -network[1]["psnr_db"].mean())
        self.names: list[Row] = [
            {
                "model": row["model"],
                "variant": row["variant"],
                "label": label(row["model"], row["variant"]),
            }
            for row, _ in found
        ]
        self.place: Row = {"scale": trained[0][0]["scale"], "dataset": dataset}
        self.values = {metric: [m[metric] for _, m in found] for metric in METRICS}
        self.seeds, self.images = self.values["ssim"][0].shape
        self.confidence = params.statistics.confidence
        self.pairs = {metric: self._compare(metric) for metric in METRICS}

    def _finite(self, metric: str) -> bool:
        return all(np.isfinite(matrix).all() for matrix in self.values[metric])

    def _compare(self, metric: str) -> list[Pair]:
        if not self._finite(metric):
            return []
        return compare_all(self.values[metric], confidence=self.confidence)

    @property
    def note(self) -> str:
        """What cannot be said, and why."""
        if len(self.names) == 1:
            return ALONE
        if self.seeds == self.images == 1:
            return NOTHING
        return joined(
            ONE_SEED if self.seeds == 1 else "",
            ONE_IMAGE if self.images == 1 else "",
            "" if self._finite("psnr_db") else INFINITE,
        )

    def _letters(self, metric: str) -> list[str]:
        pairs = self.pairs[metric]
        if not pairs or np.isnan(pairs[0].p):
            return [""] * len(self.names)
        means = [matrix.mean() for matrix in self.values[metric]]
        order = sorted(range(len(means)), key=lambda index: -means[index])
        places = {index: place for place, index in enumerate(order)}
        apart = [(places[pair.first], places[pair.second]) for pair in pairs if pair.differs]
        shown = letters(len(means), apart)
        return [shown[places[index]] for index in range(len(means))]

    def ranking(self) -> list[Row]:
        """One row per network: its means and letters."""
        means = {m: [float(v.mean()) for v in self.values[m]] for m in METRICS}
        psnr, ssim = (self._letters(metric) for metric in METRICS)
        return [
            {
                **self.place,
                **names,
                "seeds": self.seeds,
                "images": self.images,
                "psnr_db": number(means["psnr_db"][index]),
                "psnr_letters": psnr[index],
                "ssim": number(means["ssim"][index]),
                "ssim_letters": ssim[index],
                "note": self.note,
            }
            for index, names in enumerate(self.names)
        ]

    def compared(self) -> list[Row]:
        """One row per metric and pair of networks: difference, interval and verdict."""
        rows = []
        for metric, pairs in self.pairs.items():
            for pair in pairs:
                first, second = self.names[pair.first], self.names[pair.second]
                known = not np.isnan(pair.p)
                rows.append(
                    {
                        **self.place,
                        "metric": metric,
                        **{f"first_{name}": first[name] for name in ("model", "variant")},
                        **{f"second_{name}": second[name] for name in ("model", "variant")},
                        "diff": number(pair.mean),
                        "diff_low": number(pair.low),
                        "diff_high": number(pair.high),
                        # Significant digits: after Holm's correction many are tiny.
                        "p": f"{pair.p:.4g}" if known else "",
                        "p_holm": f"{pair.p_holm:.4g}" if known else "",
                        "told_apart": ("yes" if pair.differs else "no") if known else "",
                    }
                )
        return rows

    def agreement(self) -> Row:
        """Kendall's tau between rankings, and how many seeds would resolve a difference."""
        by_seed = np.array([matrix.mean(axis=1) for matrix in self.values["psnr_db"]])
        ssim = [matrix.mean() for matrix in self.values["ssim"]]
        seeds = [
            _tau(by_seed[:, one], by_seed[:, other])
            for one, other in combinations(range(self.seeds), 2)
        ]
        sd = self._sd_of_differences(by_seed)
        needed = dict.fromkeys(("one_pair_seeds", "all_pairs_seeds"), "")
        if sd is not None:
            alpha = 1 - self.confidence
            count = len(self.pairs["psnr_db"])
            for name, level in (("one_pair_seeds", alpha), ("all_pairs_seeds", alpha / count)):
                needed[name] = str(
                    seeds_to_resolve(RESOLVED_DB, sd, confidence=1 - level, power=RESOLVED_POWER)
                )
        return {
            **self.place,
            "networks": len(self.names),
            "seeds": self.seeds,
            "tau_metrics": number(_tau(by_seed.mean(axis=1), ssim)),
            "tau_seeds": number(float(np.mean(seeds)) if seeds else None),
            "tau_seeds_lowest": number(min(seeds, default=None)),
            "seed_sd_db": number(sd),
            **needed,
            "note": joined(
                ALONE if len(self.names) == 1 else "",
                UNKNOWN_SPREAD.get(self.seeds, ""),
                "" if self._finite("psnr_db") else INFINITE,
            ),
        }

    def _sd_of_differences(self, by_seed: NDArray[np.float64]) -> float | None:
        """Return `spread_over_seeds`.

        None with one network, with one seed and where a PSNR is infinite.
        """
        if self.seeds == 1 or len(by_seed) == 1 or not self._finite("psnr_db"):
            return None
        return spread_over_seeds(list(by_seed))


def _tau(first: Sequence[float] | NDArray[np.float64], second: object) -> float:
    """Kendall's tau-b; NaN for fewer than two networks."""
    return float(stats.kendalltau(first, second).statistic) if len(first) > 1 else float("nan")


def ranking(params: Params, quality: Quality) -> tuple[list[Row], list[Row], list[Row]]:
    """Rows of results/tables/ranking.csv, pairs.csv and agreement.csv.

    Parameters
    ----------
    params : Params
        ``statistics.confidence`` is that of all pairs together.
    quality : Quality
        The evaluated networks; those that were trained here are compared.
    """
    scales: dict[int, list[tuple[Row, list[Key]]]] = {}
    for row, keys in methods(params, quality):
        if row["provenance"] == "trained":
            scales.setdefault(row["scale"], []).append((row, keys))
    cells = [
        Cell(params, quality, dataset, trained)
        for trained in scales.values()
        for dataset in params.data.test
    ]
    return (
        [row for cell in cells for row in cell.ranking()],
        [row for cell in cells for row in cell.compared()],
        [cell.agreement() for cell in cells],
    )
