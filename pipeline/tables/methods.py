"""The results: every method at every scale on every test set, beside its published figure."""

from dataclasses import replace
from typing import Any

import pandas as pd

from pipeline.models.networks import published_sizes
from pipeline.study.published_figures import PublishedQuality, published_quality
from pipeline.tables import submitted
from pipeline.tables.files import words
from pipeline.tables.labels import joined, network_label
from pipeline.tables.layout import Column, Table, across, places, wide
from pipeline.tables.results import Results
from pipeline.tables.statistics import interquartile_mean, probability_of_improvement
from pipeline.tables.study import Study

COLUMNS = words(
    "method network variant label kind scale dataset seeds images psnr_db psnr_sd_db ssim ssim_sd "
    "published_psnr_db published_ssim source rank_psnr rank_ssim minus_subject_db low_db high_db "
    "bootstrap_low_db bootstrap_high_db p p_holm verdict evidence interval params multi_adds share "
    "size coarse_psnr_db gate_mean gate_max remark note"
)
OVERALL = words(
    "scale method label seeds images psnr_db rank networks minus_subject_db low_db high_db "
    "bootstrap_low_db bootstrap_high_db p p_holm verdict evidence interval iqm_minus_subject_db "
    "probability share remark"
)
PAPER_DATASETS = ("Set5", "Set14", "BSD100", "Urban100")
PSNR = Column(
    "psnr_db", "PSNR", "db", best="higher", spread="psnr_sd_db", beneath="published_psnr_db"
)
SSIM = Column("ssim", "SSIM", "ssim", best="higher", beneath="published_ssim")
# A training with less than this share of the gain over bicubic interpolation of its network's best
# seed learned next to nothing.
FAILED = 0.2


def rows(study: Study) -> pd.DataFrame:
    """Return one row for each method, scale and test set: methods.csv."""
    found: list[dict[str, Any]] = []
    for scale in study.scales:
        failed = failures(study, scale)
        differences = {name: study.against_subject(scale, name) for name in study.datasets}
        for method in study.at(scale, kind=None):
            for dataset in study.datasets:
                if summary := study.summary(method, scale, dataset):
                    row = _measured(study, method, scale, dataset)
                    row["remark"] = joined(row["remark"], failed.get(method, ""))
                    found.append(row | summary | differences[dataset].get(method, {}))
        for dataset in study.datasets:
            found += _quoted(study, scale, dataset)
    frame = pd.DataFrame([*found, *submitted.rows(study)], columns=COLUMNS)
    within = [frame[name] for name in ("kind", "scale", "dataset")]
    frame["rank_psnr"] = places(frame["psnr_db"], within, "db")
    frame["rank_ssim"] = places(frame["ssim"], within, "ssim")
    return frame


def _measured(study: Study, method: str, scale: int, dataset: str) -> dict[str, Any]:
    run, size = study.methods[method], study.size(method)
    entry = published_quality().get((run.network, size, scale, dataset))
    above = study.difference(method, study.bicubic, scale, dataset)
    below = above is not None and above.mean() < 0
    return {
        **{"method": method, "network": run.network, "variant": run.variant, "kind": run.kind},
        **{"label": study.label(method), "size": size, "scale": scale, "dataset": dataset},
        "remark": "below bicubic interpolation" if below else "",
        **study.cost(method, scale),
        **_published(entry, study.params.evaluate.protocol),
    }


def _quoted(study: Study, scale: int, dataset: str) -> list[dict[str, Any]]:
    """Return rows of the networks that other papers' tables have and nothing here was run of."""
    here = {(study.methods[m].network, study.size(m)) for m in study.at(scale, kind=None)}
    return [
        {"method": network, "network": network, "size": size, "kind": "quoted"}
        | {"label": network_label(network, size), "scale": scale, "dataset": dataset}
        | _published(entry, study.params.evaluate.protocol)
        for (network, size, at, on), entry in published_quality().items()
        if (at, on) == (scale, dataset)
        and (network, size) not in here
        and size == next(iter(published_sizes(network)))  # the one that tables mean
    ]


def _published(entry: PublishedQuality | None, protocol: str) -> dict[str, Any]:
    if entry is None:
        return {}
    printed = [None if v is None else float(v) for v in (entry.psnr_db, entry.ssim)]
    known = printed != [None, None]
    other = f"published under protocol {entry.protocol}" if entry.protocol != protocol else ""
    return {
        "published_psnr_db": printed[0],
        "published_ssim": printed[1],
        "source": entry.source,
        "note": joined(other if known else "", entry.note),
    }


def failures(study: Study, scale: int) -> dict[str, str]:
    """Say of which methods a training learned next to nothing, see `FAILED`.

    A network of whose seeds none gains anything has none: nothing says what it could have learned.
    """
    found = {}
    for method in study.at(scale, variants=True):
        gain = study.difference(method, study.bicubic, scale)
        if gain is None:
            continue
        seeds, gains = study.scores(method, scale).index, gain.mean(axis=1)
        failed = [int(s) for s, g in zip(seeds, gains, strict=True) if g < FAILED * gains.max()]
        if failed and gains.max() > 0:
            named = " and ".join(map(str, failed))
            found[method] = f"seed {named} learned next to nothing"
    return found


def overall(study: Study) -> pd.DataFrame:
    """Return one row for each trained network and scale, over all test images: overall.csv."""
    found = []
    subject = study.params.subject
    for scale in study.scales:
        differences, failed = study.against_subject(scale), failures(study, scale)
        means = {m: study.mean(m, scale) for m in study.at(scale) if study.seeds(m, scale)}
        for place, method in enumerate(sorted(means, key=lambda m: -means[m]), start=1):
            scores = study.scores(method, scale)
            row = {
                **{"scale": scale, "method": method, "label": study.label(method), "rank": place},
                **{"seeds": len(scores), "images": scores.shape[1], "psnr_db": means[method]},
                "networks": len(means),
                "share": study.cost(method, scale)["share"],
                "remark": failed.get(method, ""),
                **differences.get(method, {}),
            }
            d = study.difference(method, subject, scale)
            if d is not None and method != subject:
                own = study.scores(subject, scale)
                row["iqm_minus_subject_db"] = interquartile_mean(d)
                row["probability"] = probability_of_improvement(scores, own)
            found.append(row)
    return pd.DataFrame(found, columns=OVERALL)


def results_table(results: Results) -> Table:
    """Lay out the results: one row a method, its costs, and the test sets side by side."""
    frame, everything = _wide(results), results["overall"]
    key = ["scale", "method"]
    new = [*key, *(name for name in everything if name not in frame)]
    frame = frame.merge(everything[new], on=key, how="left")
    frame["remark"] = [
        joined(*dict.fromkeys(t for t in texts if isinstance(t, str)))
        for texts in frame[[f"remark@{name}" for name in results.datasets]].to_numpy()
    ]
    minus = Column("minus_subject_db", f"minus {results.subject}", "difference", "All test images")
    columns = (
        Column("label", "Method"),
        Column("kind", "Weights"),
        Column("params", "Parameters", "params"),
        Column("multi_adds", "Multi-Adds", "multi_adds"),
        Column("share", "of full size", "percent"),
        *across(results.datasets, PSNR, SSIM),
        replace(minus, low="low_db", high="high_db"),
    )
    return Table(
        name="results",
        title="Results",
        caption=(
            f"PSNR and SSIM of luma on {', '.join(results.datasets)} ({results.setting}); best in "
            "bold, second underlined, among rows with the same kind of weights. Below a value: the "
            "figure that the network's paper prints. Of full size: share of the Multi-Adds of the "
            f"network in its own paper. Minus {results.subject}: mean difference in PSNR over all "
            f"test images, in brackets its {results.confidence} interval (Student, Holm's "
            "correction for the networks of a scale). Grey: quoted, not measured here."
        ),
        frame=frame,
        columns=columns,
        switch="scale",
        rank_within=("scale", "kind"),
        filters=("kind",),
        note="remark",
        subject="is_subject",
        quoted="is_quoted",
        csv="methods.csv",
    )


def table3(results: Results) -> Table:
    """Lay out Table 3 of the paper: PSNR and SSIM of all methods."""
    return Table(
        name="table3",
        title="Comparison with other methods",
        caption=(
            f"PSNR and SSIM on {', '.join(results.datasets)} ({results.setting}); best in bold, "
            "second underlined, among rows with the same kind of weights. Below a value: the "
            "published one. The numbers of Table 3 of the paper itself are not available."
        ),
        frame=_wide(results),
        columns=(
            Column("label", "Method"),
            Column("kind", "Weights"),
            *across(results.datasets, PSNR, SSIM),
        ),
        sections="scale",
        rank_within=("scale", "kind"),
        subject="is_subject",
        quoted="is_quoted",
        csv="methods.csv",
    )


def table4(results: Results) -> Table:
    """Lay out Table 4 of the paper: parameters, Multi-Adds and PSNR at one scale on one set."""
    scale, dataset = results.facts["complexity_scale"], results.facts["complexity_dataset"]
    frame = results["methods"]
    frame = frame[(frame["scale"] == scale) & (frame["dataset"] == dataset)]
    frame = frame[frame["kind"] != "interpolation"]
    key, full = ["network", "size"], {"params": "full_params", "multi_adds": "full_multi_adds"}
    sizes = results["sizes"]
    whole = sizes[(sizes["kind"] == "paper") & (sizes["scale"] == scale)]
    whole = whole.rename(columns={"variant": "size", **full})[[*key, *full.values()]]
    counts = results["counts"].rename(columns={"variant": "size"})
    published = counts.loc[counts["scale"] == scale, [*key, *(f"published_{n}" for n in full)]]
    for part in (whole, published):
        frame = frame.merge(part, on=key, how="left")
    frame = _marked(frame, results)
    return Table(
        name="table4",
        title="Complexity",
        caption=(
            f"Parameters, Multi-Adds and PSNR on {dataset} at x{scale} ({results.setting}). "
            f"Multi-Adds are for an output of {results.facts['hr']} pixels. Below a value: the "
            "published one. Networks of reduced width have two sizes: as they were trained, which "
            "the PSNR is of, and as in their papers, which published counts are of."
        ),
        frame=frame,
        columns=(
            Column("label", "Method"),
            Column("kind", "Weights"),
            Column("params", "Parameters", "params", "As run"),
            Column("multi_adds", "Multi-Adds", "multi_adds", "As run"),
            replace(PSNR, group="As run"),
            Column("full_params", "Parameters", "params", "In its paper",
                   beneath="published_params"),
            Column("full_multi_adds", "Multi-Adds", "multi_adds", "In its paper",
                   beneath="published_multi_adds"),
        ),
        rank_within=("kind",),
        subject="is_subject",
        quoted="is_quoted",
        csv="methods.csv",
    )  # fmt: skip


def _marked(frame: pd.DataFrame, results: Results) -> pd.DataFrame:
    """Mark the subject's row and quoted ones, whose published figures stand in place of ours."""
    quoted = frame["kind"] == "quoted"
    found = frame.assign(is_quoted=quoted, is_subject=frame["method"] == results.facts["subject"])
    for name in ("psnr_db", "ssim"):
        found[name] = found[name].where(~quoted, found[f"published_{name}"])
        found[f"published_{name}"] = found[f"published_{name}"].mask(quoted)
    return found


def _wide(results: Results) -> pd.DataFrame:
    frame = _marked(results["methods"], results)
    names = words("psnr_db psnr_sd_db ssim published_psnr_db published_ssim remark")
    same = words("method label kind scale params multi_adds share is_subject is_quoted")
    return wide(frame[[*same, "dataset", *names]], same, "dataset")
