"""Named changes of a network or of its training against what they change: the variant table.

Ablation, interpretations of the paper, training lengths and widths are its sections; Tables 1 and 2
of the paper are layouts of the first.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from pipeline.tables.claims import PUBLISHED_DB
from pipeline.tables.files import words
from pipeline.tables.layout import Column, Table, wide
from pipeline.tables.results import Results
from pipeline.tables.statistics import kendall
from pipeline.tables.study import Study

COLUMNS = words(
    "heading method label changes base scale dataset seeds images params multi_adds psnr_db "
    "psnr_sd_db ssim ssim_sd minus_base_db low_db high_db bootstrap_low_db bootstrap_high_db p "
    "p_holm p_pooled verdict evidence interval published_psnr_db published_minus_base_db rank "
    "networks coarse_psnr_db gate_mean gate_max"
)
LENGTHS = words("scale dataset shorter longer networks tau")


def rows(study: Study) -> pd.DataFrame:
    """Return one row for each variant, and for what it changes, on each test set: variants.csv.

    The variants under one heading at one scale on one test set are corrected together. What they
    change has the seeds alone that its variants have, so that differences of means add up.
    """
    found: list[dict[str, Any]] = []
    headings = dict.fromkeys(own.heading for own in study.params.variants.values())
    for scale in study.scales:
        for heading in headings:
            variants = [m for m in study.at(scale, variants=True) if study.heading(m) == heading]
            for dataset in study.params.data.test:
                found += _section(study, scale, heading, variants, dataset)
    return pd.DataFrame(found, columns=COLUMNS)


def _section(
    study: Study, scale: int, heading: str, variants: Sequence[str], dataset: str
) -> list[dict[str, Any]]:
    differences = study.differences({m: (m, study.base(m), scale, dataset) for m in variants})
    bases = [study.base(m) for m in variants]
    networks = {study.methods.loc[m, "network"] for m in variants}
    found = []
    for method in dict.fromkeys([*(b for b in bases if b not in variants), *variants]):
        if method not in study.methods.index:
            continue
        seeds = study.seeds(method, scale)
        if method not in variants:
            seeds &= set().union(*(study.seeds(m, scale) for m in variants))
        summary = study.summary(method, scale, dataset, seeds)
        if not summary:
            continue
        difference = dict(differences.get(method, {}))
        if difference:
            difference["minus_base_db"] = difference.pop("diff_db")
        published = PUBLISHED_DB.get((method, scale, dataset), np.nan)
        base = study.base(method) if method in variants else ""
        found.append(
            {"heading": heading, "method": method, "scale": scale, "dataset": dataset, "base": base}
            | {"label": study.label(method, short=len(networks) == 1)}
            | {"changes": study.changes(method) if base else ""}
            | summary
            | {n: v for n, v in study.cost(method, scale).items() if n != "share"}
            | difference
            | {
                "published_psnr_db": published,
                "published_minus_base_db": published
                - PUBLISHED_DB.get((base, scale, dataset), np.nan),
            }
            | _rank(study, method, scale, dataset)
        )
    return found


def _rank(study: Study, method: str, scale: int, dataset: str) -> dict[str, int]:
    """Rank a variant among the other networks, each as the same variant if it was trained."""
    about = study.methods.loc[method]
    others = {}
    for other in study.at(scale, variants=True):
        row = study.methods.loc[other]
        if row["network"] != about["network"] and row["variant"] in ("", about["variant"]):
            others.setdefault((row["network"], row["variant"] != ""), other)
    if any(same for _, same in others):
        others = {key: other for key, other in others.items() if key[1]}
    means = [study.scores(m, scale, dataset).to_numpy().mean() for m in others.values()]
    own = study.scores(method, scale, dataset).to_numpy().mean()
    return {"rank": 1 + sum(mean > own for mean in means), "networks": 1 + len(means)}


def lengths(study: Study) -> pd.DataFrame:
    """Compare the order of networks after trainings of different lengths: lengths.csv.

    Returns
    -------
    DataFrame
        Each length with the next and the shortest with the longest: Kendall's tau of the rankings
        by PSNR of the networks that were trained for both.
    """
    found = []
    trained = study.runs[study.runs["kind"] == "trained"]
    for scale in study.scales:
        of_length: dict[int, dict[str, str]] = {}
        for row in trained[trained["scale"] == scale].itertuples():
            variant = study.params.variants.get(row.variant)
            if not row.variant or (variant and set(variant.train) == {"steps"}):
                of_length.setdefault(int(row.steps), {})[str(row.network)] = str(row.method)
        steps = sorted(length for length, methods in of_length.items() if len(methods) > 1)
        pairs = [*pairwise(steps), *([(steps[0], steps[-1])] if len(steps) > 2 else [])]
        for dataset in study.params.data.test:
            for shorter, longer in pairs:
                both = [n for n in of_length[shorter] if n in of_length[longer]]
                seeds = [
                    study.seeds(of_length[s][n], scale) for n in both for s in (shorter, longer)
                ]
                common = sorted(set.intersection(*seeds)) if seeds else []
                if len(both) < 2 or not common:
                    continue
                means = [
                    [
                        study.summary(of_length[s][n], scale, dataset, common)["psnr_db"]
                        for n in both
                    ]
                    for s in (shorter, longer)
                ]
                found.append((scale, dataset, shorter, longer, len(both), kendall(*means)))
    return pd.DataFrame(found, columns=LENGTHS)


def layout(results: Results) -> Table:
    """Lay out all variants: what each changes, its costs, and each test set beside the others."""
    frame = _wide(results, results["variants"])
    columns = [
        Column("label", "Variant"),
        Column("changes", "Changes"),
        Column("params", "Parameters", "params"),
        Column("multi_adds", "Multi-Adds", "multi_adds"),
    ]
    for name in results.datasets:
        columns += [
            Column(f"psnr_db@{name}", "PSNR", "db", name, spread=f"psnr_sd_db@{name}"),
            Column(
                f"minus_base_db@{name}", "Difference", "difference", name,
                low=f"low_db@{name}", high=f"high_db@{name}",
            ),
            Column(f"rank@{name}", "Rank", "integer", name),
        ]  # fmt: skip
    return Table(
        name="variants",
        title="Variants",
        caption=(
            "Changes of a network or of its training. Difference: in mean PSNR (dB) to what is "
            f"changed, paired over images and seeds, with its {results.confidence} interval "
            "(Student, Holm's correction for the variants under one heading). Rank: among all "
            "networks, with the variant in the place of its own."
        ),
        frame=frame,
        columns=tuple(columns),
        sections="section",
        note="note",
        subject="is_base",
        csv="variants.csv",
    ).trimmed()


def table1(results: Results) -> Table:
    """Lay out Table 1 of the paper: modules added one by one, each with its gain."""
    dataset = results.facts["ablation_dataset"]
    frame = results["variants"]
    frame = frame[(frame["heading"] == "Ablation") & (frame["dataset"] == dataset)]
    steps = [name for name in TABLE1_STEPS if name in set(frame["method"])]
    frame = frame.set_index("method").loc[steps].reset_index() if len(steps) > 1 else frame[:0]
    frame = frame.assign(label=frame["method"].map(TABLE1_STEPS))
    # A step is the base of the one before it, so that its gain is minus that one's difference.
    minus = frame[["minus_base_db", "low_db", "high_db", "published_minus_base_db"]].shift() * -1
    frame = frame.assign(
        gain_db=minus["minus_base_db"],
        low_db=minus["high_db"],
        high_db=minus["low_db"],
        published_gain_db=minus["published_minus_base_db"],
        **{module: ["✓" if step >= at else "" for step in range(len(frame))]
           for at, module in enumerate(("MSFEB", "RFFB", "RB"), start=1)},
    )  # fmt: skip
    return Table(
        name="table1",
        title="Module ablation",
        caption=(
            f"Effect of the modules of MESR on {dataset} at x4 ({results.setting}). Gain: mean "
            f"difference to the row above with its {results.confidence} interval. Below a value: "
            "the paper's, where its text states it."
        ),
        frame=frame,
        columns=(
            Column("label", "Network"),
            *(Column(module, module) for module in ("MSFEB", "RFFB", "RB")),
            Column("params", "Parameters", "params"),
            Column("psnr_db", "PSNR", "db", spread="psnr_sd_db", beneath="published_psnr_db"),
            Column("gain_db", "Gain", "difference", low="low_db", high="high_db",
                   beneath="published_gain_db"),
        ),
        csv="variants.csv",
    )  # fmt: skip


def table2(results: Results) -> Table:
    """Lay out Table 2 of the paper: the refinement block and its supervision."""
    frame = results["variants"]
    frame = frame[(frame["heading"] == "Ablation") & frame["method"].isin(list(TABLE2_ROWS))]
    frame = frame.assign(label=frame["method"].map(TABLE2_ROWS))
    order = {method: place for place, method in enumerate(TABLE2_ROWS)}
    frame = _wide(results, frame.sort_values("method", key=lambda m: m.map(order), kind="stable"))
    columns = [Column("label", "Network")]
    for name in results.datasets:
        columns += [
            Column(f"psnr_db@{name}", "PSNR", "db", name, spread=f"psnr_sd_db@{name}"),
            Column(f"ssim@{name}", "SSIM", "ssim", name),
            Column(
                f"minus_base_db@{name}", "Difference", "difference", name,
                low=f"low_db@{name}", high=f"high_db@{name}",
            ),
        ]  # fmt: skip
    return Table(
        name="table2",
        title="Necessity of the refinement block",
        caption=(
            f"The refinement block (RB) at x4 ({results.setting}). RB†: supervised at its end "
            f"alone. Difference: to MESR, with its {results.confidence} interval. The paper's "
            "Table 2 is not available as numbers."
        ),
        frame=frame if len(frame) > 1 else frame[:0],
        columns=tuple(columns),
        csv="variants.csv",
    ).trimmed()


def lengths_layout(results: Results) -> Table:
    """Lay out how far the order of networks agrees between lengths of training."""
    return Table(
        name="lengths",
        title="Order of the networks by length of training",
        caption=(
            "Kendall's tau between the rankings by PSNR after two lengths of training, of the "
            "networks that were trained for both; 1: the same order."
        ),
        frame=results["lengths"],
        columns=(
            Column("dataset", "Test set"),
            Column("scale", "Scale", "integer"),
            Column("shorter", "Steps", "integer"),
            Column("longer", "Steps", "integer"),
            Column("networks", "Networks", "integer"),
            Column("tau", "tau", "number"),
        ),
        csv="lengths.csv",
    )


# Table 1 adds the modules one by one; Table 2 has the refinement block without, with half and with
# all of its supervision.
TABLE1_STEPS = {
    "mesr-single_scale": "Single-scale 3x3",
    "mesr-msfeb": "+ MSFEB",
    "mesr-no_rb": "+ RFFB",
    "mesr": "+ RB (MESR)",
}
TABLE2_ROWS = {"mesr-no_rb": "MESR without RB", "mesr-rb_dagger": "RB†", "mesr": "MESR"}


def _wide(results: Results, frame: pd.DataFrame) -> pd.DataFrame:
    """Put the test sets side by side; `note` says where the verdicts rest on one seed."""
    scales = len(set(frame["scale"])) > 1
    at = [f" (x{scale})" if scales else "" for scale in frame["scale"]]
    same = words("section method label changes params multi_adds is_base note")
    frame = frame.assign(
        section=frame["heading"] + at,
        is_base=frame["base"] == "",
        note=frame["evidence"].where(frame["base"] != "", ""),
    )
    names = words("psnr_db psnr_sd_db ssim minus_base_db low_db high_db rank")
    return wide(frame[[*same, "dataset", *names]], same, "dataset")
