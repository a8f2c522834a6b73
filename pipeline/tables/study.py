"""A study as frames: what the tables are computed from."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from pipeline.models.networks import size_of
from pipeline.study.params import Params, Variant
from pipeline.study.runs import Kind, Run, method_name
from pipeline.tables.labels import joined, network_label
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
UNKNOWN = {"params": np.nan, "multi_adds": np.nan}

Row = dict[str, Any]


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

    def variant(self, method: str) -> Variant | None:
        """Return what a variant changes; None for what is no variant."""
        return self.params.variants.get(self.methods[method].variant)

    def base(self, method: str) -> str:
        """Return the method that a variant is compared with; "" for what is no variant."""
        own = self.variant(method)
        return method_name(self.methods[method].network, own.base) if own else ""

    def label(self, method: str, *, short: bool = False) -> str:
        """Return the name of a method as tables print it; `short` leaves the network out."""
        run, own = self.methods[method], self.variant(method)
        network = network_label(run.network, self.size(method))
        if own is None:
            return network
        name = own.label or run.variant.replace("_", " ")
        return name if short else f"{network}, {name}"

    def counted(self, scale: int, **names: str) -> Row:
        """Parameters and Multi-Adds of the row of sizes.csv with these values; {} without one."""
        rows = self.sizes[self.sizes["scale"] == scale]
        for column, name in names.items():
            rows = rows[rows[column] == name]
        return dict(rows[list(UNKNOWN)].astype(float).iloc[0]) if len(rows) else {}

    def cost(self, method: str, scale: int) -> Row:
        """Parameters and Multi-Adds of a method, and the share of those of its paper's size."""
        run, size = self.methods[method], self.size(method)
        own = UNKNOWN | self.counted(scale, kind=run.kind, method=method)
        whole = UNKNOWN | self.counted(scale, kind="paper", network=run.network, variant=size)
        return own | {"share": own["multi_adds"] / whole["multi_adds"]}

    @cached_property
    def _pivots(self) -> dict[Any, pd.DataFrame]:
        """Scores of a method at a scale: a row a seed; columns metric, dataset, image."""
        rows = self.quality.assign(seed=self.quality["seed"].fillna(UNTRAINED).astype(int))
        return {
            place: part.pivot(  # noqa: PD010
                index="seed", columns=["dataset", "image"], values=list(METRICS)
            ).sort_index(axis="columns")
            for place, part in rows.groupby(["method", "scale"])
        }

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
        found: pd.DataFrame = self._pivots[method, scale][metric]  # type: ignore[assignment]
        if dataset:
            found = found.loc[:, found.columns.get_level_values("dataset") == dataset]
        return found.dropna(axis="columns", how="all")

    def common_seeds(self, methods: Collection[str], scale: int) -> list[int]:
        """Return the seeds with which all of the methods were scored at a scale, ascending."""
        every = [set(self.scores(method, scale).index) for method in methods]
        return sorted(set.intersection(*every)) if every else []

    def mean(self, method: str, scale: int, dataset: str = "") -> float:
        """Mean PSNR over images and seeds; NaN where there are none."""
        scores = self.scores(method, scale, dataset)
        return float(scores.to_numpy().mean()) if len(scores) else np.nan

    def summary(
        self, method: str, scale: int, dataset: str, seeds: Collection[int] | None = None
    ) -> Row:
        """Means over images and seeds of all metrics, and the spread over seeds; {} without any."""
        found: Row = {}
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

    def compared(self, rows: Sequence[Row], *family: str) -> Sequence[Row]:
        """Add to rows what is said of method ``a`` minus method ``b``, at ``scale`` on ``dataset``.

        Parameters
        ----------
        rows : sequence of dict
            Without ``b`` nothing is compared; ``dataset`` is "" for all test sets together.
        *family : str
            Rows with the same values of these are corrected together for their number.

        Returns
        -------
        sequence of dict
            The same rows. Those that can be compared have the columns of `compare` in addition;
            ``p_pooled``, p_holm with the spread over seeds pooled over a method and its variants,
            where there are any; ``bootstrap_low_db``, ``bootstrap_high_db`` (not corrected);
            ``interval``, what low_db and high_db are; ``evidence``, "" or why the verdict says
            little ("one seed", "unequal cost").
        """
        settings = self.params.statistics
        families: dict[Any, dict[int, Matrix]] = {}
        for number, row in enumerate(rows):
            if row.get("b"):
                d = self.difference(row["a"], row["b"], row["scale"], row["dataset"])
                if d is not None:
                    families.setdefault(tuple(row[n] for n in family), {})[number] = d
        for members in families.values():
            spreads = {n: self._pooled(rows[n]) for n in members}
            pooled = {n: spread for n, spread in spreads.items() if spread is not None}
            found = compare(members, confidence=settings.confidence)
            again = compare(members, confidence=settings.confidence, pooled=pooled)
            found["p_pooled"] = again["p_holm"].where(found.index.isin(pooled))
            for (number, d), said in zip(members.items(), found.to_dict("records"), strict=True):
                low, high = bootstrap_interval(d, **settings.model_dump())
                rows[number] |= {str(name): value for name, value in said.items()} | {
                    "bootstrap_low_db": low,
                    "bootstrap_high_db": high,
                    "interval": _interval(d, len(members), settings.confidence),
                    "evidence": self._evidence(rows[number], len(d)),
                }
        return rows

    def _pooled(self, row: Row) -> tuple[float, int] | None:
        """Variance over seeds, pooled over a method and all variants of which it is the base.

        None unless one of the two is the other's base, and three methods share two seeds or more.
        """
        a, b, scale = row["a"], row["b"], row["scale"]
        base, variant = (a, b) if self.base(b) == a else (b, a)
        own = self.variant(variant)
        if own is None or self.base(variant) != base:
            return None
        arms = [base]
        for method in self.at(scale, variants=True):
            other = self.variant(method)
            if other and self.base(method) == base and other.heading == own.heading:
                arms.append(method)
        seeds = self.common_seeds(arms, scale)
        if len(arms) < 3 or len(seeds) < 2:
            return None
        scores = (self.scores(method, scale, row["dataset"]).loc[seeds] for method in arms)
        return pooled_variance([table.mean(axis="columns") for table in scores])

    def _evidence(self, row: Row, seeds: int) -> str:
        low, high = sorted(self.cost(row[m], row["scale"])["multi_adds"] for m in ("a", "b"))
        unequal = low > 0 and high / low > EQUAL_COST
        reasons = ("one seed" if seeds == 1 else "", "unequal cost" if unequal else "")
        return joined(*reasons, by=", ")


def _interval(d: Matrix, compared: int, confidence: float) -> str:
    over = " and ".join(
        n for n, count in zip(("seeds", "images"), d.shape, strict=True) if count > 1
    )
    holm = f", Holm's correction for {compared}" if compared > 1 else ""
    return f"Student, {confidence:.0%}, over {over}{holm}" if over else ""
