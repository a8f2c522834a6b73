"""What the paper claims, beside what this study measured: results/claims.csv.

A claim that one network is above another holds when the interval of the mean paired difference lies
above 0, does not hold when it lies below, and is undecided otherwise. Differences are paired over
images and seeds; claims of one section at one scale on one dataset are a family, whose intervals
have Holm's correction. A claim whose networks the study did not train is not tested.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from pipeline.collation.cells import PAPER_DATASETS, Row, joined, narrowing, number
from pipeline.collation.comparison import quotable
from pipeline.collation.evaluations import Quality
from pipeline.collation.facts import is_paper_setting
from pipeline.collation.ranking import INFINITE, NOTHING
from pipeline.models.networks import main_variant, network_variants, settings_variant
from pipeline.study.comparisons import Pair, compare_pairs
from pipeline.study.keys import ABLATION_MODEL, SCALES, Key
from pipeline.study.labels import label
from pipeline.study.params import Params
from pipeline.study.published_figures import EVERY_NETWORK, Claim, mesr_claims

Verdict = Literal["holds", "does not hold", "undecided", "not tested"]

FULL = main_variant(ABLATION_MODEL)
SAMPLE = {
    1: "one seed: the interval is over images alone, another training may differ",
    2: "two seeds say little of other trainings",
}
SIZE_IS_A_READING = (
    "counted exactly at full size; the paper gives no channel widths, so that the size of MESR is "
    "a reading of this project"
)

CHOSEN_TO_MEET_IT = (
    "this project chose the widths so that the claim is met: it is no independent test"
)


@dataclass(frozen=True)
class Question:
    """One claim at one scale on one dataset: `variant` of MESR against one network or variant."""

    claim: Claim
    model: str
    reference: str
    scale: int
    dataset: str

    @property
    def family(self) -> tuple[str, int, str]:
        """Claims with the same one are corrected together."""
        return self.claim.section, self.scale, self.dataset

    @property
    def statement(self) -> str:
        """The claim in words, of this network alone."""
        if self.claim.reference == EVERY_NETWORK:
            return f"MESR has a higher PSNR than {label(self.model, self.reference)}"
        return self.claim.statement

    @property
    def cells(self) -> Row:
        """What is claimed; nothing measured yet."""
        return {
            "claim": self.claim.claim,
            "statement": self.statement,
            "section": self.claim.section,
            "variant": self.claim.variant,
            "reference_model": self.model,
            "reference_variant": self.reference,
            "scale": self.scale,
            "dataset": self.dataset,
            "seeds": "",
            "images": "",
            "paper": number(self.claim.value),
            "unit": self.claim.unit,
            **dict.fromkeys(("ours", "low", "high", "compared", "p_holm"), ""),
            "verdict": "not tested",
            "figure_within": "",
            "why": "",
        }


def questions(claims: Iterable[Claim]) -> Iterator[Question]:
    """Yield each claim at each scale, on each dataset and against each network that it names."""
    every = [(model, main_variant(model)) for model in quotable() if model != ABLATION_MODEL]
    for claim in claims:
        named = claim.reference
        if named == EVERY_NETWORK:
            references = every
        elif named in network_variants(ABLATION_MODEL) or claim.relation in ("image", "count"):
            references = [(ABLATION_MODEL, named)]
        else:
            references = [(named, main_variant(named))]
        for model, reference in references:
            for scale in [claim.scale] if claim.scale else SCALES:
                datasets = [claim.dataset] if claim.dataset else PAPER_DATASETS
                if claim.relation not in ("above", "image"):  # counted, whatever the images
                    datasets = [claim.dataset]
                yield from (Question(claim, model, reference, scale, name) for name in datasets)


class Scoreboard:
    """The claims of the paper, judged by the networks that were evaluated.

    Parameters
    ----------
    params : Params
        ``statistics.confidence`` is that of a family of claims together.
    quality : Quality
        Of `Params.evaluations`.
    complexity : DataFrame
        results/complexity.csv: networks at full size.
    """

    def __init__(self, params: Params, quality: Quality, complexity: pd.DataFrame) -> None:
        self._params = params
        self._quality = quality
        self._counts = {
            (row["model"], row["variant"], int(row["scale"])): row
            for row in complexity.to_dict("records")
        }
        self._keys: dict[tuple[str, str, int], list[Key]] = {}
        for of in quality.evaluated:
            if of.key.kind in ("trained", "ablation"):
                # A network is compared whatever its size here; a variant of MESR is another one.
                variant = of.variant if of.key.model == ABLATION_MODEL else ""
                place = (of.key.model, variant, of.key.scale)
                self._keys.setdefault(place, []).append(of.key)

    def rows(self, claims: Iterable[Claim]) -> list[Row]:
        """Return the rows of results/claims.csv, in the order of the claims."""
        listed = [question for question in questions(claims) if question.claim.relation]
        families: dict[tuple[str, int, str], list[Question]] = {}
        for question in listed:
            if question.claim.relation == "above":
                families.setdefault(question.family, []).append(question)
        judged = {
            question: row
            for family in families.values()
            for question, row in zip(family, self._above(family), strict=True)
        }
        return [judged.get(question) or self._exact(question) for question in listed]

    def _exact(self, question: Question) -> Row:
        """Judge a claim that needs no training."""
        judge = {"fewer": self._fewer, "count": self._count, "image": self._image}
        return question.cells | judge[question.claim.relation](question)

    def _sides(self, question: Question) -> list[list[Key]]:
        """Trainings of both networks; empty for one that was not trained."""
        other = question.reference if question.model == ABLATION_MODEL else ""
        places = (
            (ABLATION_MODEL, question.claim.variant, question.scale),
            (question.model, other, question.scale),
        )
        return [self._keys.get(place, []) for place in places]

    def _above(self, family: Sequence[Question]) -> list[Row]:
        """Judge a family of claims that one network is above another."""
        tested, matrices = [], []
        for question in family:
            sides = self._sides(question)
            if all(sides) and question.dataset in self._params.data.test:
                tested.append(question)
                matrices += [
                    self._quality.matrix(keys, question.dataset, "psnr_db") for keys in sides
                ]
        finite = all(np.isfinite(matrix).all() for matrix in matrices)
        places = [(2 * n, 2 * n + 1) for n in range(len(tested))]
        pairs: Sequence[Pair] = (
            compare_pairs(matrices, places, confidence=self._params.statistics.confidence)
            if finite
            else ()
        )
        rows = []
        for question in family:
            if question not in tested:
                rows.append(question.cells | {"why": self._absent(question)})
                continue
            place = tested.index(question)
            seeds, images = matrices[2 * place].shape
            cells = question.cells | {"seeds": seeds, "images": images, "compared": len(tested)}
            found = (
                self._judged(question, pairs[place], seeds)
                if pairs
                else {"verdict": "undecided", "why": INFINITE}
            )
            rows.append(cells | found)
        return rows

    def _judged(self, question: Question, pair: Pair, seeds: int) -> Row:
        """Verdict on a claim by the interval of its difference."""
        cells = {"ours": number(pair.mean), "verdict": "undecided"}
        if np.isnan(pair.p):
            return cells | {"why": NOTHING}
        cells |= {
            "low": number(pair.low),
            "high": number(pair.high),
            # Significant digits: after Holm's correction many are tiny.
            "p_holm": f"{pair.p_holm:.4g}",
        }
        figure, within = question.claim.value, ""
        if figure is not None:
            within = "yes" if pair.low <= figure <= pair.high else "no"
            cells["figure_within"] = within
        if pair.differs:
            cells["verdict"] = "holds" if pair.mean > 0 else "does not hold"
        half = (pair.high - pair.low) / 2
        cells["why"] = joined(
            ""
            if pair.differs
            else f"the interval reaches {half:.2f} dB to either side: "
            "a smaller difference cannot be told from none",
            "the paper's figure lies outside the interval" if within == "no" else "",
            self._limits(question),
            SAMPLE.get(seeds, ""),
            question.claim.note,
        )
        return cells

    def _limits(self, question: Question) -> str:
        """Say what the trainings of this study stand for."""
        params = self._params
        if is_paper_setting(params):
            return ""
        models = list(dict.fromkeys((ABLATION_MODEL, question.model)))
        narrowed = [m for m in models if narrowing(m, params.networks[m])]
        model, meant = question.model, question.reference
        trained = settings_variant(model, params.networks[model])
        stands_in = (
            f"{label(model, trained)} stands for {label(model, meant)}"
            if model != ABLATION_MODEL and trained != meant
            else ""
        )
        size = "narrowed networks" if narrowed else "networks of the papers' sizes"
        said = f"said of {size} after {params.train.total_steps:,} steps on {params.data.train}"
        return joined(said, stands_in)

    def _absent(self, question: Question) -> str:
        """Say what a question would need that the study does not have."""
        profile, scale = self._params.profile, question.scale
        if question.dataset not in self._params.data.test:
            return f"profile {profile} does not evaluate on {question.dataset}"
        own, _ = self._sides(question)
        model, variant = (
            (question.model, question.reference)
            if own
            else (ABLATION_MODEL, question.claim.variant)
        )
        return f"profile {profile} does not train {label(model, variant)} at x{scale}"

    def _fewer(self, question: Question) -> Row:
        """Judge a claim that MESR has fewer of something, at full size."""
        own = self._counts.get((ABLATION_MODEL, question.claim.variant, question.scale))
        other = self._counts.get((question.model, question.reference, question.scale))
        if own is None or other is None:
            return {"why": f"not counted at x{question.scale}"}
        ours = 1 - own[question.claim.metric] / other[question.claim.metric]
        figure = question.claim.value
        met = figure is not None and f"{ours:.2f}" == f"{figure:.2f}"
        return {
            "ours": number(ours),
            "verdict": "holds" if ours > 0 else "does not hold",
            "figure_within": "" if figure is None else "yes" if met else "no",
            "why": joined(SIZE_IS_A_READING, CHOSEN_TO_MEET_IT),
        }

    def _count(self, question: Question) -> Row:
        """Count MESR at full size; there is a verdict where the paper's figure is known."""
        own = self._counts.get((ABLATION_MODEL, question.claim.variant, question.scale))
        if own is None:
            return {"why": f"not counted at x{question.scale}"}
        ours = own[question.claim.metric] / 1e9
        hr = f"for an HR output of {self._params.complexity.hr}"
        if question.claim.value is None:
            return {
                "ours": number(ours),
                "verdict": "undecided",
                "why": joined(hr, SIZE_IS_A_READING, question.claim.note),
            }
        met = f"{ours:.1f}" == f"{question.claim.value:.1f}"
        return {
            "ours": number(ours),
            "verdict": "holds" if met else "does not hold",
            "figure_within": "yes" if met else "no",
            "why": joined(hr, SIZE_IS_A_READING),
        }

    def _image(self, question: Question) -> Row:
        """Look an image up in the datasets that were evaluated."""
        images: dict[str, set[str]] = {}
        for of in self._quality.evaluated:
            for dataset, rows in of.rows.groupby("dataset"):
                images.setdefault(str(dataset), set()).update(map(str.casefold, rows["image"]))
        if question.dataset not in images:
            return {
                "why": f"profile {self._params.profile} does not evaluate on {question.dataset}"
            }
        here = [name for name, found in images.items() if question.reference in found]
        known = f"{question.dataset} has {', '.join(sorted(images[question.dataset]))}"
        return {
            "images": len(images[question.dataset]),
            "verdict": "holds" if question.dataset in here else "does not hold",
            "why": joined(
                known,
                f"{question.reference} is an image of {', '.join(here)}" if here else "",
            ),
        }


def claim_rows(params: Params, quality: Quality, complexity: pd.DataFrame) -> list[Row]:
    """Rows of results/claims.csv; see `Scoreboard`."""
    return Scoreboard(params, quality, complexity).rows(mesr_claims().values())
