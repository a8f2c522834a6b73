"""How far the order of the trained networks can be trusted: ranking, pairs and agreement."""

from itertools import combinations, product
from math import comb

import numpy as np
import pandas as pd

from pipeline.study.published_figures import published_quality
from pipeline.tables.files import FILES
from pipeline.tables.labels import joined
from pipeline.tables.layout import Table, wide
from pipeline.tables.methods import failures
from pipeline.tables.results import Results
from pipeline.tables.statistics import (
    NOT_SIGNIFICANT,
    Matrix,
    compare,
    kendall,
    letters,
    pooled_variance,
    seeds_to_resolve,
    spearman,
)
from pipeline.tables.study import Row, Study

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
NOTHING = "one seed and one image: nothing can be said"

Scores = dict[str, Matrix]  # method -> scores of the seeds that all networks have


def frames(study: Study) -> dict[str, pd.DataFrame]:
    """Return ranking.csv, pairs.csv and agreement.csv: the trained networks, the best PSNR first.

    Where a training failed, agreement.csv has a second row without its network.
    """
    ranked, compared, agreement = [], [pd.DataFrame(columns=FILES["pairs"])], []
    for scale, dataset in product(study.scales, study.datasets):
        place: Row = {"scale": scale, "dataset": dataset}
        networks = [m for m in study.at(scale) if len(study.scores(m, scale, dataset))]
        seeds = study.common_seeds(networks, scale)
        if not seeds or len(networks) < 2:  # there is none to compare with
            continue
        psnr, ssim = (
            {m: study.scores(m, scale, dataset, metric).loc[seeds].to_numpy() for m in networks}
            for metric in METRICS
        )
        order = sorted(networks, key=lambda m: -psnr[m].mean())
        psnr, ssim = ({m: scores[m] for m in order} for scores in (psnr, ssim))
        rows = [
            place
            | {"method": method, "label": study.label(method), "note": _note(psnr)}
            | {"seeds": len(seeds), "images": psnr[method].shape[1]}
            for method in order
        ]
        for metric, scores in zip(METRICS, (psnr, ssim), strict=True):
            pairs = _pairs(scores, study.params.statistics.confidence)
            compared.append(pairs.assign(**place, metric=metric))
            letters_of = _letters(scores, pairs)
            for row in rows:
                row[metric] = scores[row["method"]].mean()
                row[f"{metric.partition('_')[0]}_letters"] = letters_of.get(row["method"], "")
        ranked += rows
        failed = [m for m in failures(study, scale) if m in psnr]
        agreement.append(place | _agreement(study, place, psnr, ssim))
        if 0 < len(failed) < len(order):
            kept = [{m: v for m, v in s.items() if m not in failed} for s in (psnr, ssim)]
            left_out = ", ".join(map(study.label, failed))
            agreement.append(place | _agreement(study, place, *kept) | {"left_out": left_out})
    return {
        "ranking": pd.DataFrame(ranked),
        "pairs": pd.concat(compared),
        "agreement": pd.DataFrame(agreement),
    }


def _finite(scores: Scores) -> bool:
    return all(np.isfinite(matrix).all() for matrix in scores.values())


def _pairs(scores: Scores, confidence: float) -> pd.DataFrame:
    """Compare all pairs, corrected together; none where a difference is not defined."""
    pairs = list(combinations(scores, 2))
    if not pairs or not _finite(scores):
        return pd.DataFrame(columns=FILES["pairs"])
    differences = dict(enumerate(scores[a] - scores[b] for a, b in pairs))
    found = compare(differences, confidence=confidence)
    return found.assign(first=[a for a, _ in pairs], second=[b for _, b in pairs])


def _letters(scores: Scores, pairs: pd.DataFrame) -> dict[str, str]:
    """Give each network letters; none where nothing was compared."""
    if pairs.empty or not pairs["verdict"].all():
        return {}
    order = sorted(scores, key=lambda m: -scores[m].mean())
    apart = pairs[pairs["verdict"] != NOT_SIGNIFICANT]
    named = zip(apart["first"], apart["second"], strict=True)
    different = [(order.index(a), order.index(b)) for a, b in named]
    return dict(zip(order, letters(len(order), different), strict=True))


def _note(psnr: Scores) -> str:
    seeds, images = next(iter(psnr.values())).shape
    if seeds == images == 1:
        return NOTHING
    infinite = "" if _finite(psnr) else INFINITE
    return joined(ONE_SEED * (seeds == 1), ONE_IMAGE * (images == 1), infinite)


def _agreement(study: Study, place: Row, psnr: Scores, ssim: Scores) -> Row:
    """Agreement of rankings, and how many seeds would find a difference of `RESOLVED_DB`."""
    scale, dataset = place["scale"], place["dataset"]
    by_seed = np.array([matrix.mean(axis=1) for matrix in psnr.values()])
    means, count = by_seed.mean(axis=1), by_seed.shape[1]
    taus = [kendall(a, b) for a, b in combinations(by_seed.T, 2)]
    share = np.array([study.cost(m, scale)["share"] for m in psnr])
    sizes = [(study.methods[m].network, study.size(m), scale, dataset) for m in psnr]
    entries = [published_quality().get(size) for size in sizes]
    printed = np.array([e.psnr_db if e else None for e in entries], dtype=float)
    known, quoted = ~np.isnan(share), ~np.isnan(printed)
    finite = _finite(psnr)
    row = {
        "left_out": "",
        "networks": len(psnr),
        "seeds": count,
        "tau_metrics": kendall(means, [v.mean() for v in ssim.values()]),
        "tau_published": kendall(means[quoted], printed[quoted]),
        "tau_seeds": np.mean(taus) if taus else None,
        "tau_seeds_lowest": min(taus, default=None),
        "spearman_share": spearman(means[known], share[known]),
        "note": joined(UNKNOWN_SPREAD.get(count, ""), INFINITE * (not finite)),
    }
    if count > 1 and finite:
        sd = row["seed_sd_db"] = float(np.sqrt(pooled_variance(list(by_seed))[0]))
        alpha = 1 - study.params.statistics.confidence
        for name, tests in (("one_pair_seeds", 1), ("all_pairs_seeds", comb(len(psnr), 2))):
            row[name] = seeds_to_resolve(
                RESOLVED_DB, sd, confidence=1 - alpha / tests, power=RESOLVED_POWER
            )
    return row


def layout(results: Results) -> Table:
    """Lay out which networks differ significantly: letters beside their means."""
    frame = results["ranking"]
    frame = frame.assign(is_subject=frame["method"] == results.facts["subject"])
    same = ["scale", "method", "label", "is_subject", "note"]
    return results.table("ranking", wide(frame.drop(columns=["seeds", "images"]), same, "dataset"))


def agreement_layout(results: Results) -> Table:
    """Lay out how far rankings agree."""
    told = {"resolved": RESOLVED_DB, "power": RESOLVED_POWER}
    return results.table("agreement", results["agreement"], told=told)
