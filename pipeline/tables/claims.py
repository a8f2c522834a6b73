"""What the paper says of its results, beside what a study measured: claims.csv.

A claim that one network is above another holds when the interval of the mean paired difference lies
above 0, does not hold when it lies below, and is undecided otherwise. Claims of one section at one
scale on one test set are corrected together. What a study did not run it says nothing of.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from pipeline.models.networks import published_sizes
from pipeline.tables.files import words
from pipeline.tables.labels import joined, network_label
from pipeline.tables.layout import Column, Table, wide
from pipeline.tables.methods import PAPER_DATASETS
from pipeline.tables.results import Results
from pipeline.tables.statistics import HIGHER, LOWER, NOT_SIGNIFICANT
from pipeline.tables.study import Asked, Study

COLUMNS = words(
    "claim statement section a b scale dataset seeds images paper unit ours low_db high_db "
    "bootstrap_low_db bootstrap_high_db p p_holm p_pooled verdict evidence interval met note"
)
Row = dict[str, Any]
VERDICTS = {HIGHER: "holds", LOWER: "does not hold", NOT_SIGNIFICANT: "undecided", "": "undecided"}
OWN = "mesr"  # the network that the claims are about
TABLE1 = "Section IV-C1, text on Table 1"
TABLE2 = "Section IV-C2, text on Table 2"
TABLE3 = "Section IV-D, text on Table 3"
TABLE4 = "Section IV-E, text on Table 4"
# PSNR that the text on Table 1 states; the cells of the table are not available as numbers.
PUBLISHED_DB = {("mesr-single_scale", 4, "Set14"): 28.18, ("mesr-msfeb", 4, "Set14"): 28.18 + 0.19}


@dataclass(frozen=True)
class Claim:
    """A statement of the paper's text about its results.

    Attributes
    ----------
    name, statement, section : str
        What the paper says, in one sentence, and where.
    differences : callable
        Returns the differences that lie above 0 where it holds, of a study.
    exact : callable, optional
        Judges a claim that needs no training instead: columns of its row, {} where it cannot.
    paper : float, optional
        The figure, where the text has one.
    unit : str
        Of the figure.
    note : str
        What is to be known of the statement.
    """

    name: str
    statement: str
    section: str
    differences: Callable[[Study], Iterable[Asked]] = lambda _: ()
    exact: Callable[[Study], Row] | None = None
    paper: float | None = None
    unit: str = "dB"
    note: str = ""


def difference(a: str, b: str, *datasets: str, scale: int = 4) -> Callable[[Study], list[Asked]]:
    """Ask for one method of a network minus another on each of the datasets."""
    return lambda _: [(a, b, scale, dataset) for dataset in datasets]


def above_every_network(study: Study) -> list[Asked]:
    """Ask for MESR minus each other trained network, at each scale on each of the paper's sets."""
    return [
        (OWN, other, scale, dataset)
        for other in study.methods
        for scale in study.scales
        if other in study.at(scale) and other != OWN
        for dataset in PAPER_DATASETS
    ]


OWN_SIZE = "counted at full size, whose widths are an interpretation: the paper gives none"


def fewer(metric: str, network: str, scale: int, figure: float) -> Callable[[Study], Row]:
    """Judge that MESR has fewer parameters or Multi-Adds than another network, by what share."""

    def judge(study: Study) -> Row:
        own, other = (_counted(study, name, scale, metric) for name in (OWN, network))
        if own is None or other is None:
            return {}
        ours = 1 - own / other
        return {
            **{"a": OWN, "b": network, "scale": scale, "ours": ours, "paper": figure},
            "verdict": "holds" if ours > 0 else "does not hold",
            "met": "yes" if f"{ours:.2f}" == f"{figure:.2f}" else "no",
            "note": f"{OWN_SIZE}, and were chosen to meet this claim: no independent test",
        }

    return judge


def count(metric: str, scale: int) -> Callable[[Study], Row]:
    """Count MESR at full size, in thousands of millions; the paper's figure is not available."""

    def judge(study: Study) -> Row:
        own = _counted(study, OWN, scale, metric)
        if own is None:
            return {}
        note = f"for an output of {study.params.complexity.hr}; {OWN_SIZE}"
        ours = {"ours": own / 1e9, "verdict": "undecided", "note": note}
        return {"a": OWN, "scale": scale, **ours}

    return judge


def image_of(dataset: str, image: str, scale: int) -> Callable[[Study], Row]:
    """Judge that an image belongs to a test set."""

    def judge(study: Study) -> Row:
        names = study.quality.groupby("dataset")["image"].unique()
        images = {name: sorted(map(str.casefold, found)) for name, found in names.items()}
        if dataset not in images:
            return {}
        here = [str(name) for name, found in images.items() if image in found]
        known = f"{dataset} has {', '.join(images[dataset])}"
        return {
            **{"scale": scale, "dataset": dataset, "images": len(images[dataset])},
            "verdict": "holds" if dataset in here else "does not hold",
            "note": joined(known, f"{image} is an image of {', '.join(here)}" if here else ""),
        }

    return judge


def _counted(study: Study, network: str, scale: int, metric: str) -> float | None:
    return study.paper_cost(network, next(iter(published_sizes(network))), scale).get(metric)


# Name, what the paper says, where, and how it is judged.
CLAIMS = (
    Claim(
        "msfeb_gain", "MSFEB in place of single-scale features gains 0.19 dB", TABLE1,
        difference("mesr-msfeb", "mesr-single_scale", "Set14"), paper=0.19,
    ),
    Claim(
        "rffb_gain", "RFFB gains further", TABLE1,
        difference("mesr-no_rb", "mesr-msfeb", "Set14"),
        note="called significant; no number in the text",
    ),
    Claim(
        "rb_gain", "RB gains further", TABLE1,
        difference("mesr", "mesr-no_rb", "Set14"),
        note="called an advance; no number in the text",
    ),
    Claim(
        "rb_dagger_loss", "Without supervision of the coarse image (RB†), PSNR is lower", TABLE2,
        difference("mesr", "mesr-rb_dagger", *PAPER_DATASETS),
        note="omega1 = 0 and omega2 = 1; no number in the text",
    ),
    Claim(
        "psnr_above", "MESR has a higher PSNR than each network it is compared with", TABLE3,
        above_every_network,
        note="the text says in most of the datasets, and second best in some; Table 3 itself is "
        "not available as numbers",
    ),
    Claim(
        "params_fewer_than_msrn", "MESR has nearly 1/6 fewer parameters than MSRN", TABLE4,
        exact=fewer("params", "msrn", 2, 0.1667), unit="fraction",
    ),
    Claim(
        "params_fewer_than_dasr", "MESR has nearly 1/6 fewer parameters than DASR", TABLE4,
        exact=fewer("params", "dasr", 2, 0.1667), unit="fraction",
    ),
    Claim(
        "multi_adds", "Multi-Adds of MESR as printed", "Section IV-E, Table 4",
        exact=count("multi_adds", 2), unit="G",
        note="the paper's Table 4 is not available as numbers",
    ),
    Claim(
        "barbara_in_set5", "Barbara is an image of Set5", "Section IV-D1, Figure 5",
        exact=image_of("Set5", "barbara", 4), unit="",
    ),
)  # fmt: skip


def rows(study: Study, claims: Iterable[Claim] = CLAIMS) -> pd.DataFrame:
    """Return one row for each claim, pair of methods and test set that the study can judge.

    A study that does not train MESR has none.
    """
    if OWN not in study.methods:
        return pd.DataFrame(columns=COLUMNS)
    claims = tuple(claims)
    asked = [
        (claim, pair)
        for claim in claims
        for pair in claim.differences(study)
        if set(pair[:2]) <= set(study.methods)
    ]
    families: dict[tuple[Any, ...], dict[str, Asked]] = {}
    for claim, pair in asked:
        families.setdefault((claim.section, *pair[2:]), {})[f"{claim.name} {pair}"] = pair
    differences: dict[str, dict[str, Any]] = {}
    for family in families.values():
        differences |= study.differences(family)
    found = []
    for claim in claims:
        if claim.exact is not None:
            judged = claim.exact(study)
            note = joined(str(judged.get("note", "")), claim.note)
            found += [_stated(claim) | judged | {"note": note}] if judged else []
        for own, (a, b, scale, dataset) in asked:
            row = differences.get(f"{claim.name} {(a, b, scale, dataset)}")
            if own is claim and row is not None:
                place = {"a": a, "b": b, "scale": scale, "dataset": dataset}
                found.append(_stated(claim) | place | _judged(study, claim, b, row))
    return pd.DataFrame(found, columns=COLUMNS)


def _stated(claim: Claim) -> Row:
    named = {"claim": claim.name, "statement": claim.statement, "section": claim.section}
    return named | {"paper": claim.paper, "unit": claim.unit}


def _judged(study: Study, claim: Claim, b: str, row: Row) -> Row:
    """Turn a difference into the verdict on a claim."""
    row = {"ours": row.pop("diff_db"), **row, "verdict": VERDICTS[row["verdict"]]}
    within = claim.paper is not None and row["low_db"] <= claim.paper <= row["high_db"]
    known_interval = not math.isnan(row["low_db"])
    known = claim.paper is not None and known_interval
    half = (row["high_db"] - row["low_db"]) / 2
    note = joined(
        f"the interval reaches {half:.2f} dB to either side: a smaller difference would not be seen"
        if row["verdict"] == "undecided" and known_interval
        else "",
        "the paper's figure lies outside of the interval" if known and not within else "",
        _stands_for(study, b),
        claim.note,
    )
    row |= {"met": ("yes" if within else "no") if known else "", "note": note}
    if claim.differences is above_every_network:
        row["statement"] = f"MESR has a higher PSNR than {study.label(b)}"
    return row


def _stands_for(study: Study, method: str) -> str:
    """Say where the study has another size of a network than the paper compares with."""
    network, size = study.methods[method].network, study.size(method)
    meant = next(iter(published_sizes(network)))
    if size == meant:
        return ""
    return f"{network_label(network, size)} stands for {network_label(network, meant)}"


def layout(results: Results) -> Table:
    """Lay out the claims; those of every network are counted in `against_each` instead."""
    frame = results["claims"]
    frame = frame[frame["claim"] != "psnr_above"]
    return Table(
        name="claims",
        title="Claims of the paper",
        caption=(
            "What the paper says of its results, and what was found here. A claim that one network "
            "is above another holds when the interval of the mean difference lies above 0, does "
            f"not hold when it lies below, and is undecided otherwise; {results.confidence} "
            "intervals over seeds and images (Student, Holm's correction for the claims of one "
            f"section on one test set). Networks {results.setting}."
        ),
        frame=frame,
        columns=(
            Column("statement", "Claim"),
            Column("section", "Where"),
            Column("dataset", "Test set"),
            Column("paper", "Paper", "number"),
            Column("ours", "Here", "number", low="low_db", high="high_db"),
            Column("unit", "Unit"),
            Column("seeds", "Seeds", "integer"),
            Column("verdict", "Verdict", "verdict"),
        ),
        note="note",
        csv="claims.csv",
    )


def against_each(results: Results) -> Table:
    """Lay out MESR minus each network on each test set at each scale."""
    frame = results["claims"]
    frame = frame[frame["claim"] == "psnr_above"]
    frame = frame.assign(label=frame["b"].map(results.label))
    names = words("ours low_db high_db verdict")
    return Table(
        name="against_each",
        title="MESR minus each network",
        caption=(
            f"Mean PSNR of MESR minus that of each network (dB), with its {results.confidence} "
            "interval (Student, Holm's correction for the networks at one scale on one test set); "
            "significant where it excludes 0."
        ),
        frame=wide(frame[["scale", "label", "evidence", "dataset", *names]],
                   ["scale", "label", "evidence"], "dataset"),
        columns=(
            Column("label", "Network"),
            *(
                Column(f"ours@{name}", name, "difference", low=f"low_db@{name}",
                       high=f"high_db@{name}")
                for name in frame["dataset"].unique()
            ),
        ),
        switch="scale",
        note="evidence",
        csv="claims.csv",
    )  # fmt: skip
