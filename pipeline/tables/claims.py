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
from pipeline.tables.layout import Column, Table, columns
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


def fewer_params(network: str) -> Callable[[Study], Row]:
    """Judge that MESR has "nearly 1/6 fewer" parameters at x2 than another network."""

    def judge(study: Study) -> Row:
        own, other = (_counted(study, name).get("params") for name in (OWN, network))
        if own is None or other is None:
            return {}
        ours = 1 - own / other
        return {
            **{"a": OWN, "b": network, "scale": 2, "ours": ours},
            "verdict": "holds" if ours > 0 else "does not hold",
            "met": "yes" if f"{ours:.2f}" == f"{1 / 6:.2f}" else "no",
            "note": f"{OWN_SIZE}, and were chosen to meet this claim: no independent test",
        }

    return judge


def multi_adds(study: Study) -> Row:
    """Count MESR at x2, in thousands of millions; the paper's figure is not available."""
    own = _counted(study, OWN)
    note = f"for an output of {study.params.complexity.hr}; {OWN_SIZE}"
    ours = {"ours": own["multi_adds"] / 1e9, "verdict": "undecided", "note": note} if own else {}
    return ours and {"a": OWN, "scale": 2, **ours}


def barbara(study: Study) -> Row:
    """Judge that Barbara belongs to Set5, as Figure 5 says."""
    names = study.quality.groupby("dataset")["image"].unique()
    images = {name: sorted(map(str.casefold, found)) for name, found in names.items()}
    if "Set5" not in images:
        return {}
    here = [str(name) for name, found in images.items() if "barbara" in found]
    known = f"Set5 has {', '.join(images['Set5'])}"
    return {
        **{"scale": 4, "dataset": "Set5", "images": len(images["Set5"])},
        "verdict": "holds" if "Set5" in here else "does not hold",
        "note": joined(known, f"barbara is an image of {', '.join(here)}" if here else ""),
    }


def _counted(study: Study, network: str) -> dict[str, float]:
    return study.paper_cost(network, next(iter(published_sizes(network))), 2)


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
        exact=fewer_params("msrn"), paper=0.1667, unit="fraction",
    ),
    Claim(
        "params_fewer_than_dasr", "MESR has nearly 1/6 fewer parameters than DASR", TABLE4,
        exact=fewer_params("dasr"), paper=0.1667, unit="fraction",
    ),
    Claim(
        "multi_adds", "Multi-Adds of MESR as printed", "Section IV-E, Table 4",
        exact=multi_adds, unit="G",
        note="the paper's Table 4 is not available as numbers",
    ),
    Claim(
        "barbara_in_set5", "Barbara is an image of Set5", "Section IV-D1, Figure 5",
        exact=barbara, unit="",
    ),
)  # fmt: skip


def rows(study: Study) -> pd.DataFrame:
    """Return one row for each claim, pair of methods and test set that the study can judge.

    A study that does not train MESR has none.
    """
    if OWN not in study.methods:
        return pd.DataFrame(columns=COLUMNS)
    asked = {
        f"{claim.name} {pair}": (claim, pair)
        for claim in CLAIMS
        for pair in claim.differences(study)
        if set(pair[:2]) <= set(study.methods)
    }
    families: dict[tuple[Any, ...], dict[str, Asked]] = {}
    for name, (claim, pair) in asked.items():
        families.setdefault((claim.section, *pair[2:]), {})[name] = pair
    differences: dict[str, Row] = {}
    for family in families.values():
        differences |= study.differences(family)
    found = []
    for claim in CLAIMS:
        if claim.exact is not None:
            judged = [claim.exact(study)]
        else:
            judged = [
                _judged(study, claim, pair, differences[name])
                for name, (own, pair) in asked.items()
                if own is claim and name in differences
            ]
        stated = {n: getattr(claim, n) for n in words("statement section paper unit")}
        stated["claim"] = claim.name
        found += [
            stated | row | {"note": joined(row.get("note", ""), claim.note)}
            for row in judged
            if row
        ]
    return pd.DataFrame(found, columns=COLUMNS)


def _judged(study: Study, claim: Claim, pair: Asked, row: Row) -> Row:
    """Turn a difference into the verdict on a claim."""
    a, b, scale, dataset = pair
    known = not math.isnan(row["low_db"])
    within = claim.paper is not None and row["low_db"] <= claim.paper <= row["high_db"]
    undecided = known and row["verdict"] == NOT_SIGNIFICANT
    compared = known and claim.paper is not None
    half = (row["high_db"] - row["low_db"]) / 2
    network, size = study.methods[b].network, study.size(b)
    meant = next(iter(published_sizes(network)))
    notes = {
        f"the interval reaches {half:.2f} dB to either side: a smaller difference would not be "
        "seen": undecided,
        "the paper's figure lies outside of the interval": compared and not within,
        f"{network_label(network, size)} stands for {network_label(network, meant)}": size != meant,
    }
    judged = {
        **{"a": a, "b": b, "scale": scale, "dataset": dataset, "ours": row["diff_db"], **row},
        "verdict": VERDICTS[row["verdict"]],
        "met": ("yes" if within else "no") if compared else "",
        "note": joined(*(note for note, applies in notes.items() if applies)),
    }
    del judged["diff_db"]
    if claim.differences is above_every_network:
        judged["statement"] = f"MESR has a higher PSNR than {study.label(b)}"
    return judged


def layout(results: Results) -> Table:
    """Lay out the claims but for those of every network, which the results show."""
    frame = results["claims"]
    return Table(
        name="claims",
        title="Claims of the paper",
        caption=(
            "What the paper says of its results, and what was found here. A claim that one network "
            f"is above another holds where the {results.confidence} interval of the difference "
            "(Student, Holm's correction for the claims of one section on one test set) lies above "
            "0, does not hold where it lies below, and is undecided otherwise."
        ),
        frame=frame[frame["claim"] != "psnr_above"],
        columns=(
            Column("statement", "Claim"),
            Column("section", "Where"),
            *columns("dataset"),
            Column("paper", "Paper", "number"),
            Column("ours", "Here", "number", low="low_db", high="high_db"),
            *columns("unit seeds verdict"),
        ),
        note="note",
    )
