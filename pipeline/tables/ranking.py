"""How far the order of the trained networks can be trusted: ranking, pairs and agreement."""

from collections.abc import Collection
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from pipeline.study.published_figures import published_quality
from pipeline.tables.files import words
from pipeline.tables.labels import joined
from pipeline.tables.layout import Column, Table, wide
from pipeline.tables.methods import failures
from pipeline.tables.results import Results
from pipeline.tables.statistics import (
    NOT_SIGNIFICANT,
    compare,
    kendall,
    letters,
    pooled_variance,
    seeds_to_resolve,
    spearman,
)
from pipeline.tables.study import Study

RANKING = words(
    "scale dataset method label seeds images psnr_db psnr_letters ssim ssim_letters note"
)
PAIRS = words("scale dataset metric first second diff_db low_db high_db p p_holm verdict")
AGREEMENT = words(
    "scale dataset left_out networks seeds tau_published tau_metrics tau_seeds tau_seeds_lowest "
    "spearman_share seed_sd_db one_pair_seeds all_pairs_seeds note"
)
METRICS = ("psnr_db", "ssim")
RESOLVED_DB, RESOLVED_POWER = 0.05, 0.8  # a difference that shall be found, and how probably

INFINITE = "an image was reproduced exactly: differences of infinite values are not defined"
ONE_SEED = (
    "one seed: letters compare these trainings on other images; whether other trainings would "
    "order the networks likewise is not known"
)
UNKNOWN_SPREAD = {
    1: "one seed: rankings by seed and the spread over seeds are unknown",
    2: "two seeds: the spread over seeds is hardly known",
}
ONE_IMAGE = "one image: letters say nothing about other images"
ALONE = "one network: there is none to compare with"
NOTHING = "one seed and one image: nothing can be said"


class Cell:
    """The trained networks of one scale on one test set, the best mean PSNR first.

    Networks are compared on the seeds that all of them have.
    """

    def __init__(self, study: Study, scale: int, dataset: str, without: Collection[str] = ()):
        self.study, self.scale, self.dataset = study, scale, dataset
        self.left_out = [method for method in study.at(scale) if method in without]
        methods = [
            method
            for method in study.at(scale)
            if method not in without and not study.scores(method, scale, dataset).empty
        ]
        seeds = set.intersection(*(study.seeds(m, scale) for m in methods)) if methods else set()
        scores = {
            metric: {
                m: study.scores(m, scale, dataset, metric).loc[sorted(seeds)].to_numpy()
                for m in methods
            }
            for metric in METRICS
        }
        # Those that are equal stay in the order of tables.
        self.methods = sorted(methods, key=lambda m: -scores["psnr_db"][m].mean())
        self.scores = {
            metric: {m: found[m] for m in self.methods} for metric, found in scores.items()
        }
        self.seeds = len(seeds)

    @property
    def images(self) -> int:
        """Number of test images."""
        return next(iter(self.scores["ssim"].values())).shape[1]

    def finite(self, metric: str) -> bool:
        """Whether all differences are defined."""
        return all(np.isfinite(matrix).all() for matrix in self.scores[metric].values())

    def pairs(self, metric: str) -> pd.DataFrame:
        """Compare all pairs, corrected together."""
        if not self.finite(metric) or len(self.methods) < 2:
            return pd.DataFrame(columns=PAIRS)
        scores = self.scores[metric]
        places = list(combinations(self.methods, 2))
        frame = compare(
            {f"{a} {b}": scores[a] - scores[b] for a, b in places},
            confidence=self.study.params.statistics.confidence,
        )
        first, second = zip(*places, strict=True)
        return frame.assign(
            scale=self.scale, dataset=self.dataset, metric=metric, first=first, second=second
        )

    def letters(self, metric: str, pairs: pd.DataFrame) -> dict[str, str]:
        """Give each network letters; none where nothing was compared."""
        if pairs.empty or not pairs["verdict"].all():
            return {}
        scores = self.scores[metric]
        order = sorted(self.methods, key=lambda m: -scores[m].mean())
        apart = pairs[pairs["verdict"] != NOT_SIGNIFICANT]
        different = [
            (order.index(a), order.index(b))
            for a, b in zip(apart["first"], apart["second"], strict=True)
        ]
        return dict(zip(order, letters(len(order), different), strict=True))

    def ranking(self, pairs: dict[str, pd.DataFrame]) -> list[dict[str, Any]]:
        """One row a network: its means and letters."""
        shown = {metric: self.letters(metric, pairs[metric]) for metric in METRICS}
        return [
            {
                "scale": self.scale,
                "dataset": self.dataset,
                "method": method,
                "label": self.study.label(method),
                "seeds": self.seeds,
                "images": self.images,
                "psnr_db": self.scores["psnr_db"][method].mean(),
                "psnr_letters": shown["psnr_db"].get(method, ""),
                "ssim": self.scores["ssim"][method].mean(),
                "ssim_letters": shown["ssim"].get(method, ""),
                "note": self._note(),
            }
            for method in self.methods
        ]

    def _note(self) -> str:
        if len(self.methods) == 1:
            return ALONE
        if self.seeds == self.images == 1:
            return NOTHING
        return joined(
            ONE_SEED if self.seeds == 1 else "",
            ONE_IMAGE if self.images == 1 else "",
            "" if self.finite("psnr_db") else INFINITE,
        )

    def agreement(self) -> dict[str, Any]:
        """Agreement of rankings, and how many seeds would find a difference of `RESOLVED_DB`."""
        by_seed = np.array([matrix.mean(axis=1) for matrix in self.scores["psnr_db"].values()])
        means = dict(zip(self.methods, by_seed.mean(axis=1), strict=True))
        ssim = [matrix.mean() for matrix in self.scores["ssim"].values()]
        seeds = [
            kendall(by_seed[:, i], by_seed[:, j]) for i, j in combinations(range(self.seeds), 2)
        ]
        share = {m: self.study.cost(m, self.scale)["share"] for m in self.methods}
        known = [m for m in self.methods if not np.isnan(share[m])]
        row: dict[str, Any] = {
            "scale": self.scale,
            "dataset": self.dataset,
            "left_out": ", ".join(self.study.label(m) for m in self.left_out),
            "networks": len(self.methods),
            "seeds": self.seeds,
            "tau_published": self._tau_published(means),
            "tau_metrics": kendall(list(means.values()), ssim),
            "tau_seeds": np.mean(seeds) if seeds else None,
            "tau_seeds_lowest": min(seeds, default=None),
            "spearman_share": spearman([means[m] for m in known], [share[m] for m in known]),
            "note": joined(
                ALONE if len(self.methods) == 1 else "",
                UNKNOWN_SPREAD.get(self.seeds, ""),
                "" if self.finite("psnr_db") else INFINITE,
            ),
        }
        if self.seeds > 1 and len(self.methods) > 1 and self.finite("psnr_db"):
            sd = float(np.sqrt(pooled_variance(list(by_seed))[0]))
            alpha = 1 - self.study.params.statistics.confidence
            count = len(self.methods) * (len(self.methods) - 1) // 2
            row["seed_sd_db"] = sd
            for name, level in (("one_pair_seeds", alpha), ("all_pairs_seeds", alpha / count)):
                row[name] = seeds_to_resolve(
                    RESOLVED_DB, sd, confidence=1 - level, power=RESOLVED_POWER
                )
        return row

    def _tau_published(self, means: dict[str, float]) -> float:
        """Kendall's tau with the order of the published figures, of the networks that have one."""
        published = {}
        for method in self.methods:
            place = (self.study.methods[method].network, self.study.size(method))
            entry = published_quality().get((*place, self.scale, self.dataset))
            if entry is not None and entry.psnr_db is not None:
                published[method] = float(entry.psnr_db)
        return kendall([means[m] for m in published], list(published.values()))


def rows(study: Study) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Return ranking.csv, pairs.csv and agreement.csv.

    Where a training failed, agreement.csv has a second row without its network.
    """
    ranked: list[dict[str, Any]] = []
    compared: list[pd.DataFrame] = []
    agreement: list[dict[str, Any]] = []
    for scale in study.scales:
        failed = [method for method in failures(study, scale) if method in study.at(scale)]
        for dataset in study.params.data.test:
            cell = Cell(study, scale, dataset)
            if not cell.methods or not cell.seeds:
                continue
            pairs = {metric: cell.pairs(metric) for metric in METRICS}
            ranked += cell.ranking(pairs)
            compared += [frame[list(PAIRS)] for frame in pairs.values() if len(frame)]
            agreement.append(cell.agreement())
            if failed and len(cell.methods) > len(failed):
                agreement.append(Cell(study, scale, dataset, failed).agreement())
    return (
        pd.DataFrame(ranked, columns=RANKING),
        pd.concat(compared) if compared else pd.DataFrame(columns=PAIRS),
        pd.DataFrame(agreement, columns=AGREEMENT),
    )


def layout(results: Results) -> Table:
    """Lay out which networks differ significantly: letters beside their means."""
    frame = results["ranking"]
    names = words("psnr_db psnr_letters ssim ssim_letters")
    columns = [Column("label", "Network")]
    for name in frame["dataset"].unique():
        columns += [
            Column(f"psnr_db@{name}", "PSNR", "db", name, marks=f"psnr_letters@{name}"),
            Column(f"ssim@{name}", "SSIM", "ssim", name, marks=f"ssim_letters@{name}"),
        ]
    frame = frame.assign(is_subject=frame["method"] == results.facts["subject"])
    same = ["scale", "method", "label", "is_subject", "note"]
    return Table(
        name="ranking",
        title="Which networks differ significantly",
        caption=(
            "Trained networks by mean PSNR. Two networks that share a letter do not differ "
            f"significantly (all pairs at one scale on one test set, {results.confidence}, "
            "Student's test over seeds and images, Holm's correction); that does not make them "
            "equal."
        ),
        frame=wide(frame[[*same, "dataset", *names]], same, "dataset"),
        columns=tuple(columns),
        switch="scale",
        note="note",
        subject="is_subject",
        csv="ranking.csv",
    )


def agreement_layout(results: Results) -> Table:
    """Lay out how far rankings agree."""
    return Table(
        name="agreement",
        title="Agreement of rankings",
        caption=(
            "Kendall's tau between the ranking by PSNR and that of the published figures (does the "
            "study find what is known at full size?), that by SSIM, and those of single seeds (on "
            "average and the lowest). Share: Spearman's correlation of PSNR with the share of its "
            "full-size Multi-Adds that a network keeps. Seeds: how many a paired t-test needs to "
            f"find a true difference of {RESOLVED_DB} dB with probability {RESOLVED_POWER:.0%} at "
            "the spread over seeds of a difference, for one pair of networks and, with "
            "Bonferroni's correction, for all pairs."
        ),
        frame=results["agreement"],
        columns=(
            Column("dataset", "Test set"),
            Column("scale", "Scale", "integer"),
            Column("left_out", "Without"),
            Column("networks", "Networks", "integer"),
            Column("seeds", "Seeds", "integer"),
            Column("tau_published", "published", "number", "tau with"),
            Column("tau_metrics", "SSIM", "number", "tau with"),
            Column("tau_seeds", "mean", "number", "tau between seeds"),
            Column("tau_seeds_lowest", "lowest", "number", "tau between seeds"),
            Column("spearman_share", "Share", "number"),
            Column("seed_sd_db", "Spread (dB)", "number"),
            Column("one_pair_seeds", "one pair", "integer", "Seeds for"),
            Column("all_pairs_seeds", "all pairs", "integer", "Seeds for"),
        ),
        note="note",
        csv="agreement.csv",
    ).trimmed()
