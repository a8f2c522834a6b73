"""Named changes of a network or of its training against what they change: the variant table.

Ablation, interpretations of the paper, training lengths and widths are its sections; Tables 1 and 2
of the paper are layouts of the first.
"""

from collections.abc import Mapping
from itertools import pairwise, product
from math import nan

import pandas as pd

from pipeline.tables.files import FILES, words
from pipeline.tables.layout import Table, wide
from pipeline.tables.results import Results
from pipeline.tables.statistics import kendall
from pipeline.tables.study import Row, Study

# PSNR that the text on Table 1 states; the cells of the table are not available as numbers.
PUBLISHED_DB = {("mesr-single_scale", 4, "Set14"): 28.18, ("mesr-msfeb", 4, "Set14"): 28.37}


def rows(study: Study) -> pd.DataFrame:
    """Return one row for each variant, and for what it changes, on each test set: variants.csv.

    The variants under one heading at one scale on one test set are corrected together. What they
    change has the seeds alone that its variants have, so that differences of means add up.
    """
    found: list[Row] = []
    headings = dict.fromkeys(own.heading for own in study.params.variants.values())
    for scale, heading in product(study.scales, headings):
        base = {
            method: study.base(method)
            for method in study.at(scale, variants=True)
            if (own := study.variant(method)) and own.heading == heading
        }
        changed = [b for b in dict.fromkeys(base.values()) if b in study.methods and b not in base]
        short = len({study.methods[m].network for m in base}) == 1
        used = {seed for m in base for seed in study.scores(m, scale).index}
        for dataset, method in product(study.datasets, [*changed, *base]):
            seeds = None if method in base else used
            if not (summary := study.summary(method, scale, dataset, seeds)):
                continue
            other = base.get(method, "")
            printed, below = (PUBLISHED_DB.get((m, scale, dataset), nan) for m in (method, other))
            found.append(
                {"heading": heading, "method": method, "base": other, "scale": scale}
                | {"label": study.label(method, short=short), "changes": changes(study, method)}
                | {"dataset": dataset, "a": method, "b": other, "published_psnr_db": printed}
                | {"published_minus_base_db": printed - below, **study.cost(method, scale)}
                | {**summary, **_rank(study, method, scale, dataset)}
            )
    study.compared(found, "heading", "scale", "dataset")
    return pd.DataFrame(found).rename(columns={"diff_db": "minus_base_db"})


def changes(study: Study, method: str) -> str:
    """Say what a variant changes, e.g. ``gate_bias=-5.0``; "" for what is none."""
    own = study.variant(method)
    if own is None:
        return ""
    train = {f"train.{name}": value for name, value in own.train.items()}
    return ", ".join(f"{name}={value}" for name, value in {**own.settings, **train}.items())


def _rank(study: Study, method: str, scale: int, dataset: str) -> dict[str, int]:
    """Rank a variant among the other networks, each as the same variant if any was trained so.

    Without other networks there is no rank.
    """
    run = study.methods[method]
    others = [m for m in study.at(scale, variants=True) if study.methods[m].network != run.network]
    same = [m for m in others if study.methods[m].variant == run.variant]
    means = [study.mean(m, scale, dataset) for m in same or study.at(scale) if m in others]
    if not means:
        return {}
    own = study.mean(method, scale, dataset)
    return {"rank": 1 + sum(mean > own for mean in means), "networks": 1 + len(means)}


def lengths(study: Study) -> pd.DataFrame:
    """Compare the order of networks after trainings of different lengths: lengths.csv.

    Returns
    -------
    DataFrame
        Each length with the next and the shortest with the longest: Kendall's tau of the rankings
        by PSNR of the networks that were trained for both, on the seeds that all of them have.
    """
    found = []
    own = study.params.train_settings(1e-4).total_steps
    for scale in study.scales:
        trained: dict[int, dict[str, str]] = {}  # steps -> network -> method
        for method in study.at(scale, variants=True):
            run, variant = study.methods[method], study.variant(method)
            if variant is None or (set(variant.train) == {"steps"} and not variant.settings):
                trained.setdefault(run.train.get("steps", own), {})[run.network] = method
        steps = sorted(length for length, methods in trained.items() if len(methods) > 1)
        pairs = [*pairwise(steps), *([(steps[0], steps[-1])] if len(steps) > 2 else [])]
        for dataset, pair in product(study.datasets, pairs):
            first, second = (trained[length] for length in pair)
            both = [name for name in first if name in second]
            methods = [first[name] for name in both] + [second[name] for name in both]
            if len(both) > 1 and (seeds := study.common_seeds(methods, scale)):
                means = [study.summary(m, scale, dataset, seeds)["psnr_db"] for m in methods]
                tau = kendall(means[: len(both)], means[len(both) :])
                found.append((scale, dataset, *pair, len(both), tau))
    return pd.DataFrame(found, columns=FILES["lengths"])


def layout(results: Results) -> Table:
    """Lay out all variants: what each changes, its costs, and each test set beside the others."""
    frame = results["variants"]
    frame = frame.assign(compared_with=frame["base"].map(results.label))
    return results.table("variants", _wide(frame, "compared_with"))


def table1(results: Results) -> Table:
    """Lay out Table 1 of the paper: modules added one by one, each with its gain."""
    frame = _steps(results, TABLE1)
    frame = frame[frame["dataset"] == results.facts["ablation_dataset"]]
    # A step is the base of the one before it, so that its gain is minus that one's difference.
    minus = frame[["minus_base_db", "low_db", "high_db", "published_minus_base_db"]].shift() * -1
    minus = minus.rename(columns={"low_db": "high_db", "high_db": "low_db"})
    steps = frame["method"].map(list(TABLE1).index)
    ticks = {m: ["✓" * (step >= at) for step in steps] for at, m in enumerate(MODULES, start=1)}
    return results.table(
        "table1", frame.assign(**{str(name): minus[name] for name in minus}, **ticks)
    )


def table2(results: Results) -> Table:
    """Lay out Table 2 of the paper: the refinement block and its supervision."""
    return results.table("table2", _wide(_steps(results, TABLE2)))


def refinement(results: Results) -> Table:
    """Lay out what a refinement does at inference: both outputs of one network."""
    names = words("method label scale dataset psnr_db coarse_psnr_db gate_mean gate_max")
    frames = [results[name][list(names)] for name in ("methods", "variants")]
    frame = pd.concat(frames).dropna(subset="coarse_psnr_db")
    frame = frame.drop_duplicates(["method", "scale", "dataset"], ignore_index=True)
    refined = frame["psnr_db"] - frame["coarse_psnr_db"]
    return results.table("refinement", frame.assign(refined_db=refined))


MODULES = ("MSFEB", "RFFB", "RB")
# Table 1 adds the modules one by one; Table 2 has the refinement block without, with half and with
# all of its supervision.
TABLE1 = {
    "mesr-single_scale": "Single-scale 3x3",
    "mesr-msfeb": "+ MSFEB",
    "mesr-no_rb": "+ RFFB",
    "mesr": "+ RB (MESR)",
}
TABLE2 = {"mesr-no_rb": "MESR without RB", "mesr-rb_dagger": "RB†", "mesr": "MESR"}


def _steps(results: Results, labels: Mapping[str, str]) -> pd.DataFrame:
    """Return the rows of these methods in their order; none where the study has one of them."""
    frame = results["variants"]
    frame = frame[(frame["heading"] == "Ablation") & frame["method"].isin(labels)]
    order = frame["method"].map(list(labels).index)
    frame = frame.assign(label=frame["method"].map(labels)).iloc[order.argsort(kind="stable")]
    return frame if len(set(frame["method"])) > 1 else frame[:0]


def _wide(frame: pd.DataFrame, *more: str) -> pd.DataFrame:
    """Put the test sets side by side; `note` says where the verdicts rest on one seed."""
    at = " (x" + frame["scale"].astype(str) + ")" if len(set(frame["scale"])) > 1 else ""
    same = words("section method label changes params multi_adds is_base note")
    frame = frame.assign(
        section=frame["heading"] + at,
        is_base=frame["base"] == "",
        note=frame["evidence"].where(frame["base"] != "", ""),
    )
    names = words("psnr_db psnr_sd_db ssim minus_base_db low_db high_db rank")
    return wide(frame[[*same, *more, "dataset", *names]], [*same, *more], "dataset")
