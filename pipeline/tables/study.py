"""A study as frames: what the tables are computed from."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from pipeline.models.networks import size_of
from pipeline.study.params import Params
from pipeline.study.runs import Kind, Run, method_name
from pipeline.tables.labels import network_label
from pipeline.tables.statistics import (
    Matrix,
    bootstrap_interval,
    compare,
    mean_and_sd,
    pooled_variance,
)

METRICS = ("psnr_db", "ssim", "coarse_psnr_db", "gate_mean", "gate_max")
SPREADS = {"psnr_db": "psnr_sd_db", "ssim": "ssim_sd"}  # over seeds
EQUAL_COST = 1.15 / 0.85  # largest over smallest cost of networks within 15 % of one budget
UNTRAINED = -1  # stands for the seed of a run that was not trained here

Asked = tuple[str, str, int, str]  # method A, method B, scale, dataset ("" for all together)


@dataclass(frozen=True)
class Study:
    """The inputs of all tables.

    Attributes
    ----------
    params : Params
        params.yaml.
    quality : DataFrame
        Columns of quality.csv.
    runs, history, tuning, sizes : DataFrame
        Columns of the files of these names; `sizes` from stage complexity.
    certificates, lr_certificates : DataFrame
        What stages certify and certify_lr measured; empty where the record stands for it.
    """

    params: Params
    quality: pd.DataFrame
    runs: pd.DataFrame
    history: pd.DataFrame
    tuning: pd.DataFrame
    sizes: pd.DataFrame
    certificates: pd.DataFrame
    lr_certificates: pd.DataFrame

    @cached_property
    def _runs(self) -> list[Run]:
        return [self.params.run(key) for key in self.params.evaluated]

    @cached_property
    def methods(self) -> dict[str, Run]:
        """Method -> its first run, in the order of tables."""
        found: dict[str, Run] = {}
        for run in self._runs:
            found.setdefault(run.method, run)
        return found

    @cached_property
    def scales(self) -> list[int]:
        """The scales at which anything was run."""
        return sorted({run.scale for run in self._runs})

    @property
    def datasets(self) -> list[str]:
        """The test sets."""
        return list(self.params.data.test)

    def at(self, scale: int, *, kind: Kind | None = "trained", variants: bool = False) -> list[str]:
        """Return the methods of one kind at a scale (None: of all), in the order of tables.

        Without `variants`, of trained networks those alone that are as the study has them.
        """
        found = [
            run.method
            for run in self._runs
            if run.scale == scale
            and kind in (None, run.kind)
            and (variants or run.kind != "trained" or not run.variant)
        ]
        return list(dict.fromkeys(found))

    @property
    def bicubic(self) -> str:
        """The method that interpolates; "" without one."""
        return next((run.method for run in self._runs if run.kind == "interpolation"), "")

    def size(self, method: str) -> str:
        """Return which published size of its network a method starts from."""
        run = self.methods[method]
        return size_of(run.network, run.settings)

    def label(self, method: str, *, short: bool = False) -> str:
        """Return the name of a method as tables print it; `short` leaves the network out."""
        run = self.methods[method]
        network = network_label(run.network, self.size(method))
        if run.kind != "trained" or not run.variant:
            return network
        name = self.params.variants[run.variant].label or run.variant.replace("_", " ")
        return name if short else f"{network}, {name}"

    def base(self, method: str) -> str:
        """Return the method that a variant is compared with; "" for what is no variant."""
        run = self.methods[method]
        own = self.params.variants.get(run.variant)
        return method_name(run.network, own.base) if own else ""

    def heading(self, method: str) -> str:
        """Return the heading that a variant stands under; "" for what is no variant."""
        own = self.params.variants.get(self.methods[method].variant)
        return own.heading if own else ""

    def _counted(self, scale: int, **names: str) -> dict[str, float]:
        rows = self.sizes[self.sizes["scale"] == scale]
        for column, name in names.items():
            rows = rows[rows[column] == name]
        counted = rows[["params", "multi_adds"]].astype(float)
        return {str(name): value for name, value in counted.iloc[0].items()} if len(rows) else {}

    def paper_cost(self, network: str, size: str, scale: int) -> dict[str, float]:
        """Parameters and Multi-Adds of a published size of a network; {} where not counted."""
        return self._counted(scale, kind="paper", network=network, variant=size)

    def cost(self, method: str, scale: int) -> dict[str, float]:
        """Parameters and Multi-Adds of a method, and the share of those of its paper's size."""
        run = self.methods[method]
        unknown = {"params": np.nan, "multi_adds": np.nan}
        own = unknown | self._counted(scale, kind=run.kind, method=method)
        whole = unknown | self.paper_cost(run.network, self.size(method), scale)
        return own | {"share": own["multi_adds"] / whole["multi_adds"]}

    @cached_property
    def _pivots(self) -> dict[tuple[str, int], pd.DataFrame]:
        """Scores of a method at a scale: a row a seed; columns metric, dataset, image."""
        rows = self.quality.assign(seed=self.quality["seed"].fillna(UNTRAINED).astype(int))
        found: dict[Any, pd.DataFrame] = {}
        for (method, scale), part in rows.groupby(["method", "scale"]):
            wide = part.pivot(  # noqa: PD010
                index="seed", columns=["dataset", "image"], values=list(METRICS)
            )
            found[method, scale] = wide.sort_index(axis="columns")
        return found

    def scores(
        self, method: str, scale: int, dataset: str = "", metric: str = "psnr_db"
    ) -> pd.DataFrame:
        """Scores of a method: one row a seed, one column an image, in alphabetical order.

        Parameters
        ----------
        dataset : str
            Test set; "" for all images of all of them.
        metric : str
            One of `METRICS`.

        Returns
        -------
        DataFrame
            Empty where the method was not run at the scale or not scored on the dataset.
        """
        if (method, scale) not in self._pivots:
            return pd.DataFrame()
        found = self._pivots[method, scale][[metric]].droplevel(0, axis="columns")
        if dataset:
            found = found.loc[:, found.columns.get_level_values("dataset") == dataset]
        return found.dropna(axis="columns", how="all")

    def seeds(self, method: str, scale: int) -> set[int]:
        """Return the seeds with which a method was scored at a scale."""
        return set(self.scores(method, scale).index)

    def common_seeds(self, methods: Collection[str], scale: int) -> set[int]:
        """Return the seeds with which all of the methods were scored at a scale."""
        every = [self.seeds(method, scale) for method in methods]
        return set.intersection(*every) if every else set()

    def mean(self, method: str, scale: int, dataset: str = "") -> float:
        """Mean PSNR over images and seeds; NaN where there are none."""
        scores = self.scores(method, scale, dataset)
        return float(scores.to_numpy().mean()) if len(scores) else np.nan

    def summary(
        self, method: str, scale: int, dataset: str, seeds: Collection[int] | None = None
    ) -> dict[str, Any]:
        """Means over images and seeds of all metrics, and the spread over seeds; {} without any."""
        found: dict[str, Any] = {}
        for metric in METRICS:
            scores = self.scores(method, scale, dataset, metric)
            if seeds is not None:
                scores = scores[scores.index.isin(seeds)]
            if scores.empty:
                continue
            found["images"] = scores.shape[1]
            if UNTRAINED not in scores.index:
                found["seeds"] = len(scores)
            found[metric], spread = mean_and_sd(scores)
            if metric in SPREADS:
                found[SPREADS[metric]] = spread
        return found

    def difference(self, a: str, b: str, scale: int, dataset: str = "") -> Matrix | None:
        """PSNR of method `a` minus that of method `b`, paired over images and seeds.

        Returns
        -------
        ndarray of float64, shape (seeds, images), or None
            Of the seeds that both have; a method that was not trained stands beside each seed of
            the other. None where one was not run, no seed is common, or an image was reproduced
            exactly, so that a difference is not defined.
        """
        first, second = (self.scores(method, scale, dataset) for method in (a, b))
        if first.empty or second.empty:
            return None
        if UNTRAINED not in first.index.union(second.index):
            seeds = first.index.intersection(second.index)
            first, second = first.loc[seeds], second.loc[seeds]
        with np.errstate(invalid="ignore"):
            d = first.to_numpy() - second.to_numpy()
        return d if d.size and np.isfinite(d).all() else None

    def differences(self, asked: Mapping[str, Asked]) -> dict[str, dict[str, Any]]:
        """Compare methods, corrected together for their number.

        Returns
        -------
        dict
            Name -> columns of `compare`; ``p_pooled``, p_holm with the spread over seeds pooled
            over a method and its variants, where there are any; ``bootstrap_low_db``,
            ``bootstrap_high_db`` (not corrected); ``interval``, what low_db and high_db are;
            ``evidence``, "" or why the verdict says little ("one seed", "unequal cost"). Only what
            can be compared.
        """
        found = {name: self.difference(*pair) for name, pair in asked.items()}
        matrices = {name: d for name, d in found.items() if d is not None}
        if not matrices:
            return {}
        settings = self.params.statistics
        frame = compare(matrices, confidence=settings.confidence)
        pooled = {n: v for n in matrices if (v := self._pooled(*asked[n])) is not None}
        if pooled:
            again = compare(matrices, confidence=settings.confidence, pooled=pooled)
            frame["p_pooled"] = again["p_holm"].where(frame.index.isin(pooled))
        rows: dict[str, dict[str, Any]] = frame.to_dict("index")  # type: ignore[assignment]
        for name, d in matrices.items():
            low, high = bootstrap_interval(
                d, confidence=settings.confidence, resamples=settings.resamples, seed=settings.seed
            )
            rows[name] |= {
                **{"bootstrap_low_db": low, "bootstrap_high_db": high},
                "interval": _interval(d, len(matrices), settings.confidence),
                "evidence": self._evidence(*asked[name][:3], d),
            }
        return rows

    def against_subject(self, scale: int, dataset: str = "") -> dict[str, dict[str, Any]]:
        """Compare each trained network with the subject, corrected together; by its name."""
        subject = self.params.subject
        asked = {m: (m, subject, scale, dataset) for m in self.at(scale) if m != subject}
        return {
            name: {"minus_subject_db": row.pop("diff_db"), **row}
            for name, row in self.differences(asked).items()
        }

    def _pooled(self, a: str, b: str, scale: int, dataset: str) -> tuple[float, int] | None:
        """Variance over seeds, pooled over a method and all variants of which it is the base.

        None unless one of the two is the other's base, and three methods share two seeds or more.
        """
        base, variant = (a, b) if self.base(b) == a else (b, a)
        if self.base(variant) != base:
            return None
        arms = [base] + [
            method
            for method in self.at(scale, variants=True)
            if (self.base(method), self.heading(method)) == (base, self.heading(variant))
        ]
        scores = [self.scores(method, scale, dataset) for method in arms]
        seeds = sorted(self.common_seeds(arms, scale))
        if len(arms) < 3 or len(seeds) < 2:
            return None
        return pooled_variance([table.loc[seeds].mean(axis="columns") for table in scores])

    def _evidence(self, a: str, b: str, scale: int, d: Matrix) -> str:
        costs = [self.cost(method, scale)["multi_adds"] for method in (a, b)]
        unequal = min(costs) > 0 and max(costs) / min(costs) > EQUAL_COST
        reasons = ("one seed" if len(d) == 1 else "", "unequal cost" if unequal else "")
        return ", ".join(filter(None, reasons))


def _interval(d: Matrix, compared: int, confidence: float) -> str:
    sample = dict(zip(("seeds", "images"), d.shape, strict=True))
    over = " and ".join(name for name, count in sample.items() if count > 1)
    if not over:
        return ""
    holm = f", Holm's correction for {compared}" if compared > 1 else ""
    return f"Student, {confidence:.0%}, over {over}{holm}"
