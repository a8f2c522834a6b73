"""What the paper says of its results, beside what a study measured: claims.csv.

A claim that one network is above another holds when the interval of the mean paired difference lies
above 0, does not hold when it lies below, and is undecided otherwise. Claims of one section at one
scale on one test set are corrected together. What a study did not run it says nothing of.
"""

import math
from collections.abc import Callable
from functools import partial

import pandas as pd

from pipeline.models.networks import published_sizes
from pipeline.study.published_figures import PublishedClaim, published_claims
from pipeline.tables.labels import joined, network_label
from pipeline.tables.layout import Table
from pipeline.tables.results import Results
from pipeline.tables.statistics import HIGHER, LOWER, NOT_SIGNIFICANT
from pipeline.tables.study import Row, Study

VERDICTS = {HIGHER: "holds", LOWER: "does not hold", NOT_SIGNIFICANT: "undecided", "": "undecided"}
OWN = "mesr"  # the network that the claims are about
EVERY_NETWORK = "psnr_above"
OWN_SIZE = "counted at full size, whose widths are an interpretation: the paper gives none"


def rows(study: Study) -> pd.DataFrame:
    """Return one row for each claim, pair of methods and test set that the study can judge.

    A study that does not train MESR has none.
    """
    found: list[Row] = []
    for claim in published_claims() if OWN in study.methods else ():
        stated = claim.model_dump(include={"claim", "statement", "section", "paper", "unit"})
        if claim.a:
            found += [stated | {"note": claim.note} | pair for pair in _pairs(study, claim)]
        elif judged := COUNTED[claim.claim](study):
            found.append(stated | judged | {"note": joined(judged.get("note", ""), claim.note)})
    study.compared([row for row in found if "verdict" not in row], "section", "scale", "dataset")
    for row in found:
        if "diff_db" in row:
            _judge(study, row)
    return pd.DataFrame(row for row in found if "verdict" in row)


def _pairs(study: Study, claim: PublishedClaim) -> list[Row]:
    """Return the differences that lie above 0 where a claim holds."""
    pairs = [(claim.b, claim.scale)]
    if claim.b == "*":
        others = [m for m in study.methods if m != claim.a]
        pairs = [(m, scale) for m in others for scale in study.scales if m in study.at(scale)]
    return [
        {"a": claim.a, "b": other, "scale": scale, "dataset": dataset}
        for other, scale in pairs
        for dataset in claim.datasets.split()
    ]


def _judge(study: Study, row: Row) -> None:
    """Turn what was measured of a difference into the verdict on a claim."""
    low, high, paper = row["low_db"], row["high_db"], row["paper"]
    known = not math.isnan(low)
    within = paper is not None and low <= paper <= high
    compared = known and paper is not None
    network, size = study.methods[row["b"]].network, study.size(row["b"])
    meant = next(iter(published_sizes(network)))
    stands_in = f"{network_label(network, size)} stands for {network_label(network, meant)}"
    undecided = (
        f"the interval reaches {(high - low) / 2:.2f} dB to either side: a smaller difference "
        "would not be seen"
    )
    row["note"] = joined(
        undecided if known and row["verdict"] == NOT_SIGNIFICANT else "",
        "the paper's figure lies outside of the interval" if compared and not within else "",
        stands_in if size != meant else "",
        row["note"],
    )
    row["ours"], row["verdict"] = row["diff_db"], VERDICTS[row["verdict"]]
    row["met"] = ("yes" if within else "no") if compared else ""
    if row["claim"] == EVERY_NETWORK:
        row["statement"] = f"MESR has a higher PSNR than {study.label(row['b'])}"


def _fewer_params(study: Study, network: str) -> Row:
    """Judge that MESR has "nearly 1/6 fewer" parameters at x2 than another network."""
    own, other = (_full_size(study, name).get("params") for name in (OWN, network))
    if own is None or other is None:
        return {}
    ours = 1 - own / other
    return {
        "a": OWN,
        "b": network,
        "scale": 2,
        "ours": ours,
        "verdict": "holds" if ours > 0 else "does not hold",
        "met": "yes" if f"{ours:.2f}" == f"{1 / 6:.2f}" else "no",
        "note": f"{OWN_SIZE}, and were chosen to meet this claim: no independent test",
    }


def _multi_adds(study: Study) -> Row:
    """Count MESR at x2, in thousands of millions; the paper's figure is not available."""
    own = _full_size(study, OWN)
    note = f"for an output of {study.params.complexity.hr}; {OWN_SIZE}"
    about = {"a": OWN, "scale": 2, "verdict": "undecided", "note": note}
    return about | {"ours": own["multi_adds"] / 1e9} if own else {}


def _barbara(study: Study) -> Row:
    """Judge that Barbara belongs to Set5, as Figure 5 says."""
    names = study.quality.groupby("dataset")["image"].unique()
    images = {name: sorted(map(str.casefold, found)) for name, found in names.items()}
    if "Set5" not in images:
        return {}
    here = [str(name) for name, found in images.items() if "barbara" in found]
    known = f"Set5 has {', '.join(images['Set5'])}"
    return {
        "scale": 4,
        "dataset": "Set5",
        "images": len(images["Set5"]),
        "verdict": "holds" if "Set5" in here else "does not hold",
        "note": joined(known, f"barbara is an image of {', '.join(here)}" if here else ""),
    }


def _full_size(study: Study, network: str) -> Row:
    size = next(iter(published_sizes(network)))
    return study.counted(2, kind="paper", network=network, variant=size)


# Claims that are judged without a training.
COUNTED: dict[str, Callable[[Study], Row]] = {
    "params_fewer_than_msrn": partial(_fewer_params, network="msrn"),
    "params_fewer_than_dasr": partial(_fewer_params, network="dasr"),
    "multi_adds": _multi_adds,
    "barbara_in_set5": _barbara,
}


def layout(results: Results) -> Table:
    """Lay out the claims but for those of every network, which the results show.

    Differences in dB, which are printed as such, have columns of their own.
    """
    frame = results["claims"]
    frame = frame[frame["claim"] != EVERY_NETWORK]
    in_db = frame["unit"] == "dB"
    differences = {f"{name}_db": frame[name].where(in_db) for name in ("paper", "ours")}
    others = {name: frame[name].mask(in_db) for name in ("paper", "ours")}
    unit = frame["unit"].mask(in_db, "")
    return results.table("claims", frame.assign(**differences, **others, unit=unit))
