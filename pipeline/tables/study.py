"""A study as frames: what the tables are computed from."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from pipeline.models.networks import size_of
from pipeline.study.params import Params
from pipeline.study.runs import method_name
from pipeline.support.errors import UserError
from pipeline.tables.labels import network_label
from pipeline.tables.statistics import (
    Matrix,
    bootstrap_interval,
    compare,
    mean_and_sd,
    pooled_variance,
)

EQUAL_COST = 1.15 / 0.85  # largest over smallest cost of networks within 15 % of one budget
METRICS = ("psnr_db", "ssim", "coarse_psnr_db", "gate_mean", "gate_max")
SPREADS = {"psnr_db": "psnr_sd_db", "ssim": "ssim_sd"}  # over seeds
UNTRAINED = -1  # stands for the seed of a run that was not trained here

Asked = tuple[str, str, int, str]  # method A, method B, scale, dataset ("" for all together)


@dataclass(frozen=True)
class Study:
    """The inputs of all tables.

    Attributes
    ----------
    params : Params
        params.yaml.
    runs, quality, history, tuning : DataFrame
        Columns of runs.csv, quality.csv, history.csv, tuning.csv; `runs` in the order of tables.
    sizes : DataFrame
        sizes.csv of stage complexity.
    certificates, lr_certificates : DataFrame
        What stages certify and certify_lr measured; empty where the record stands for it.
    """

    params: Params
    runs: pd.DataFrame
    quality: pd.DataFrame
    history: pd.DataFrame
    tuning: pd.DataFrame
    sizes: pd.DataFrame
    certificates: pd.DataFrame = field(default_factory=pd.DataFrame)
    lr_certificates: pd.DataFrame = field(default_factory=pd.DataFrame)

    @cached_property
    def methods(self) -> pd.DataFrame:
        """One row a method: network, variant, kind; in the order of tables."""
        return self.runs.drop_duplicates("method").set_index("method")

    @cached_property
    def scales(self) -> list[int]:
        """The scales at which anything was run, in the order of tables."""
        return [int(scale) for scale in self.runs["scale"].unique()]

    def at(self, scale: int, *, kind: str | None = "trained", variants: bool = False) -> list[str]:
        """Return the methods of one kind at a scale (None: of all), in the order of tables.

        Without `variants`, of trained networks those alone that are as the study has them.
        """
        rows = self.runs[self.runs["scale"] == scale]
        if kind is not None:
            rows = rows[rows["kind"] == kind]
        if not variants:
            rows = rows[(rows["kind"] != "trained") | (rows["variant"] == "")]
        return [str(method) for method in rows["method"].unique()]

    @property
    def bicubic(self) -> str:
        """The method that interpolates; "" without one."""
        found = self.methods.index[self.methods["kind"] == "interpolation"]
        return str(found[0]) if len(found) else ""

    def size(self, method: str) -> str:
        """Return which published size of its network a method starts from."""
        row = self.methods.loc[method]
        if row["kind"] == "published":
            return str(row["variant"]).removesuffix("published").removesuffix("-")
        return size_of(row["network"], self.params.networks.get(row["network"], {}))

    def label(self, method: str, *, short: bool = False) -> str:
        """Return the name of a method as tables print it; `short` leaves the network out."""
        about = self.methods.loc[method]
        network = network_label(about["network"], self.size(method))
        if about["kind"] != "trained" or not about["variant"]:
            return network
        own = self.params.variants[about["variant"]]
        name = own.label or about["variant"].replace("_", " ")
        return name if short else f"{network}, {name}"

    def changes(self, method: str) -> str:
        """Say what a variant changes, e.g. ``gate_bias=-5.0``."""
        own = self.params.variants[self.methods.loc[method, "variant"]]
        settings = [f"{name}={value}" for name, value in own.settings.items()]
        return ", ".join(settings + [f"train.{name}={value}" for name, value in own.train.items()])

    def seeds(self, method: str, scale: int) -> set[int]:
        """Return the seeds with which a method was scored at a scale."""
        return set(self.scores(method, scale).index)

    @cached_property
    def _sizes(self) -> dict[tuple[str, str, int], dict[str, float]]:
        """Parameters and Multi-Adds: of a method at a scale, and of a network's published size."""
        found = {}
        for row in self.sizes.to_dict("records"):
            paper = row["kind"] == "paper"
            name = (row["network"], row["variant"]) if paper else (row["method"], row["kind"])
            counted = {n: float(row[n]) for n in ("params", "multi_adds") if pd.notna(row[n])}
            found[(*name, int(row["scale"]))] = counted
        return found

    def paper_cost(self, network: str, size: str, scale: int) -> dict[str, float]:
        """Parameters and Multi-Adds of a published size of a network; {} where not counted."""
        return self._sizes.get((network, size, scale), {})

    def cost(self, method: str, scale: int) -> dict[str, float]:
        """Parameters and Multi-Adds of a method, and the share of those of its paper's size."""
        about = self.methods.loc[method]
        whole = self.paper_cost(about["network"], self.size(method), scale)
        own = self._sizes.get((method, about["kind"], scale), {})
        one, full = (size.get("multi_adds", np.nan) for size in (own, whole))
        return {
            "params": own.get("params", np.nan),
            "multi_adds": one,
            "share": one / full if full else np.nan,
        }

    @cached_property
    def _pivots(self) -> dict[str, pd.DataFrame]:
        rows = self.quality.assign(seed=self.quality["seed"].fillna(UNTRAINED).astype(int))
        index, columns = ["method", "scale", "seed"], ["dataset", "image"]
        rows = rows.set_index([*index, *columns])
        return {metric: rows[metric].unstack(columns) for metric in METRICS}  # noqa: PD010

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

        Raises
        ------
        UserError
            When seeds of it were scored on different images.
        """
        place = (method, scale, dataset, metric)
        if place not in self._read:
            self._read[place] = self._scores(*place)
        return self._read[place]

    @cached_property
    def _read(self) -> dict[tuple[str, int, str, str], pd.DataFrame]:
        return {}

    def _scores(self, method: str, scale: int, dataset: str, metric: str) -> pd.DataFrame:
        pivot = self._pivots[metric]
        if (method, scale) not in pivot.index.droplevel("seed"):
            return pd.DataFrame()
        rows = pivot.loc[(method, scale)]
        if dataset:
            rows = rows[dataset] if dataset in rows else pd.DataFrame()
        found = rows.dropna(axis="columns", how="all")
        if found.isna().any(axis=None):
            raise UserError(
                f"{method} at x{scale} on {dataset or 'all test sets'}: its seeds were scored on "
                "different images. Run: dvc repro (stages evaluate@*)"
            )
        return found.sort_index(axis="columns")

    def difference(self, a: str, b: str, scale: int, dataset: str = "") -> Matrix | None:
        """PSNR of method `a` minus that of method `b`, paired over images and seeds.

        Returns
        -------
        ndarray of float64, shape (seeds, images), or None
            Of the seeds that both have; a method that was not trained stands beside each seed of
            the other. None where one was not run, no seed is common, or an image was reproduced
            exactly, so that a difference is not defined.

        Raises
        ------
        UserError
            When the two were scored on different images.
        """
        first, second = (self.scores(method, scale, dataset) for method in (a, b))
        if first.empty or second.empty:
            return None
        if not first.columns.equals(second.columns):
            raise UserError(
                f"{a} and {b} at x{scale} were scored on different images of "
                f"{dataset or 'the test sets'}. Run: dvc repro (stages evaluate@*)"
            )
        trained = [m for m in (first, second) if UNTRAINED not in m.index]
        if len(trained) == 2:
            seeds = first.index.intersection(second.index)
            first, second = first.loc[seeds], second.loc[seeds]
        with np.errstate(invalid="ignore"):
            d = first.to_numpy() - second.to_numpy()
        return d if d.size and np.isfinite(d).all() else None

    def summary(
        self, method: str, scale: int, dataset: str, seeds: Collection[int] | None = None
    ) -> dict[str, Any]:
        """Means over images and seeds, spread over seeds, and the refinement's, of one method."""
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

    def differences(
        self,
        asked: Mapping[str, Asked],
    ) -> dict[str, dict[str, Any]]:
        """Compare methods, corrected together for their number.

        Returns
        -------
        dict
            Name -> columns of `compare`; ``p_pooled``, p_holm with the spread over seeds pooled
            over `arms`, where there are any; ``bootstrap_low_db``, ``bootstrap_high_db`` (not
            corrected); ``interval``, what low_db and high_db are; ``evidence``, "" or why the
            verdict says little ("one seed", "unequal cost"). Only what can be compared.
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
        rows = {}
        for name, row in zip(matrices, frame.to_dict("records"), strict=True):
            low, high = bootstrap_interval(
                matrices[name],
                confidence=settings.confidence, resamples=settings.resamples, seed=settings.seed,
            )  # fmt: skip
            rows[name] = {
                **row,
                "bootstrap_low_db": low,
                "bootstrap_high_db": high,
                "interval": _interval(row, len(matrices), settings.confidence),
                "evidence": self._evidence(asked[name], matrices[name]),
            }
        return rows

    def _pooled(self, a: str, b: str, scale: int, dataset: str) -> tuple[float, int] | None:
        """Spread over seeds, pooled over a method and all variants of which it is the base.

        None unless one of the two is the other's base, and three methods share two seeds or more.
        """
        base = a if self.base(b) == a else b if self.base(a) == b else None
        if base is None:
            return None
        heading = self.heading(a) or self.heading(b)
        arms = [base] + [
            method
            for method in self.at(scale, variants=True)
            if self.base(method) == base and self.heading(method) == heading
        ]
        scores = [self.scores(method, scale, dataset) for method in arms]
        seeds = sorted(set.intersection(*(set(table.index) for table in scores)))
        if len(arms) < 3 or len(seeds) < 2:
            return None
        return pooled_variance([table.loc[seeds].mean(axis="columns") for table in scores])

    def base(self, method: str) -> str:
        """Return the method that a variant is compared with; "" for what is no variant."""
        row = self.methods.loc[method]
        own = self.params.variants.get(row["variant"]) if row["kind"] == "trained" else None
        return method_name(row["network"], own.base) if own else ""

    def heading(self, method: str) -> str:
        """Return the heading that a variant stands under; "" for what is no variant."""
        own = self.params.variants.get(self.methods.loc[method, "variant"])
        return own.heading if own else ""

    def _evidence(self, asked: Asked, d: Matrix) -> str:
        a, b, scale, _ = asked
        costs = [self.cost(method, scale)["multi_adds"] for method in (a, b)]
        unequal = min(costs) > 0 and max(costs) / min(costs) > EQUAL_COST
        reasons = ("one seed" if len(d) == 1 else "", "unequal cost" if unequal else "")
        return ", ".join(filter(None, reasons))

    def against_subject(self, scale: int, dataset: str = "") -> dict[str, dict[str, Any]]:
        """Compare each trained network with the subject, corrected together; by its name."""
        subject = self.params.subject
        asked = {m: (m, subject, scale, dataset) for m in self.at(scale) if m != subject}
        return {
            name: {"minus_subject_db": row.pop("diff_db"), **row}
            for name, row in self.differences(asked).items()
        }


def _interval(row: Mapping[str, Any], compared: int, confidence: float) -> str:
    if not row["verdict"]:
        return ""
    over = [n for n, count in (("seeds", row["seeds"]), ("images", row["images"])) if count != 1]
    text = f"Student, {confidence:.0%}, over {' and '.join(over)}"
    return f"{text}, Holm's correction for {compared}" if compared > 1 else text
