"""The results: every method at every scale on every test set, beside its published figure."""

from dataclasses import replace
from typing import Any

import pandas as pd

from pipeline.models.networks import published_sizes
from pipeline.study.published_figures import published_quality
from pipeline.tables import submitted
from pipeline.tables.files import words
from pipeline.tables.labels import joined, network_label
from pipeline.tables.layout import Column, Table, across, columns, places, wide
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
METHOD = (Column("label", "Method"), *columns("kind"))
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
            run, size = study.methods[method], study.size(method)
            for dataset in study.datasets:
                if not (summary := study.summary(method, scale, dataset)):
                    continue
                above = study.difference(method, study.bicubic, scale, dataset)
                below = above is not None and above.mean() < 0
                remarks = "below bicubic interpolation" if below else "", failed.get(method, "")
                found.append(
                    {n: getattr(run, n) for n in words("method network variant kind scale")}
                    | {"label": study.label(method), "size": size, "scale": scale}
                    | {"dataset": dataset, "remark": joined(*remarks)}
                    | study.cost(method, scale)
                    | _published(study, run.network, size, scale, dataset)
                    | summary
                    | differences[dataset].get(method, {})
                )
        for dataset in study.datasets:
            found += _quoted(study, scale, dataset)
    frame = pd.DataFrame([*found, *submitted.rows(study)], columns=COLUMNS)
    within = [frame[name] for name in ("kind", "scale", "dataset")]
    frame["rank_psnr"] = places(frame["psnr_db"], within, "db")
    frame["rank_ssim"] = places(frame["ssim"], within, "ssim")
    return frame


def _quoted(study: Study, scale: int, dataset: str) -> list[dict[str, Any]]:
    """Return rows of the networks that other papers' tables have and nothing here was run of."""
    here = {(study.methods[m].network, study.size(m)) for m in study.at(scale, kind=None)}
    return [
        {"method": network, "network": network, "size": size, "kind": "quoted"}
        | {"label": network_label(network, size), "scale": scale, "dataset": dataset}
        | _published(study, network, size, scale, dataset)
        for network, size, at, on in published_quality()
        if (at, on) == (scale, dataset)
        and (network, size) not in here
        and size == next(iter(published_sizes(network)))  # the one that tables mean
    ]


def _published(study: Study, *place: Any) -> dict[str, Any]:
    """Return the published figures of a network, size, scale and test set; {} without any."""
    entry = published_quality().get(place)
    if entry is None:
        return {}
    psnr_db, ssim = (None if v is None else float(v) for v in (entry.psnr_db, entry.ssim))
    other = (psnr_db or ssim) and entry.protocol != study.params.evaluate.protocol
    note = f"published under protocol {entry.protocol}" if other else ""
    return {
        **{"published_psnr_db": psnr_db, "published_ssim": ssim},
        **{"source": entry.source, "note": joined(note, entry.note)},
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
        failed = [str(s) for s, g in zip(seeds, gains, strict=True) if g < FAILED * gains.max()]
        if failed and gains.max() > 0:
            found[method] = f"seed {' and '.join(failed)} learned next to nothing"
    return found


def overall(study: Study) -> pd.DataFrame:
    """Return one row for each trained network and scale, over all test images: overall.csv."""
    found = []
    subject = study.params.subject
    for scale in study.scales:
        differences, failed = study.against_subject(scale), failures(study, scale)
        means = {m: study.mean(m, scale) for m in study.at(scale) if study.seeds(m, scale)}
        for place, method in enumerate(sorted(means, key=lambda m: -means[m]), start=1):
            row = {
                **{"scale": scale, "method": method, "label": study.label(method), "rank": place},
                **study.summary(method, scale, ""),
                **{"networks": len(means), "remark": failed.get(method, "")},
                "share": study.cost(method, scale)["share"],
                **differences.get(method, {}),
            }
            d = study.difference(method, subject, scale)
            if d is not None and method != subject:
                scores, own = (study.scores(m, scale) for m in (method, subject))
                row["iqm_minus_subject_db"] = interquartile_mean(d)
                row["probability"] = probability_of_improvement(scores, own)
            found.append(row)
    return pd.DataFrame(found, columns=OVERALL)


def results_table(results: Results) -> Table:
    """Lay out the results: one row a method, its costs, and the test sets side by side."""
    frame, everything = _wide(results), results["overall"]
    key = ["scale", "method"]
    new = [*key, *(name for name in everything if name not in frame)]
    frame = frame.merge(everything[new].assign(kind="trained"), on=[*key, "kind"], how="left")
    remarks = frame[[f"remark@{name}" for name in results.datasets]].fillna("").to_numpy()
    minus = f"minus {results.subject}"
    return Table(
        name="results",
        title="Results",
        caption=(
            f"PSNR and SSIM of luma on {', '.join(results.datasets)} ({results.setting}); best in "
            "bold, second underlined, among rows with the same kind of weights. Below a value: as "
            f"published. Of full size: share of the published size's Multi-Adds. {minus.title()}: "
            f"mean difference in PSNR over all test images, with its {results.confidence} interval "
            "(Student, Holm's correction for the networks of a scale). Grey: quoted."
        ),
        frame=frame.assign(remark=[joined(*dict.fromkeys(texts)) for texts in remarks]),
        columns=(
            *METHOD,
            *columns("params multi_adds"),
            Column("share", "of full size", "percent"),
            *across(results.datasets, PSNR, SSIM),
            Column("minus_subject_db", minus, "difference", "All test images",
                   low="low_db", high="high_db"),
        ),
        switch="scale",
        rank_within=("scale", "kind"),
        filters=("kind",),
        note="remark",
        subject="is_subject",
        quoted="is_quoted",
        csv="methods.csv",
    )  # fmt: skip


def table3(results: Results) -> Table:
    """Lay out Table 3 of the paper: PSNR and SSIM of all methods."""
    return replace(
        results_table(results),
        name="table3",
        title="Comparison with other methods",
        caption=(
            f"PSNR and SSIM on {', '.join(results.datasets)} ({results.setting}); best in bold, "
            "second underlined, among rows with the same kind of weights. Below a value: as "
            "published. The numbers of Table 3 of the paper itself are not available."
        ),
        columns=(*METHOD, *across(results.datasets, PSNR, SSIM)),
        sections="scale",
        switch="",
        note="",
        filters=(),
    )


def table4(results: Results) -> Table:
    """Lay out Table 4 of the paper: parameters, Multi-Adds and PSNR at one scale on one set."""
    scale, dataset = results.facts["complexity_scale"], results.facts["complexity_dataset"]
    frame = _marked(results)
    frame = frame[(frame["scale"] == scale) & (frame["dataset"] == dataset)]
    frame = frame[frame["kind"] != "interpolation"]
    sizes, counts = results["sizes"], results["counts"]
    full = sizes[sizes["kind"] == "paper"].rename(
        columns={"params": "full_params", "multi_adds": "full_multi_adds"}
    )
    key = ["network", "size", "scale"]
    for part in (full, counts):
        new = [name for name in part if str(name).startswith(("full_", "published_"))]
        named = part.rename(columns={"variant": "size"})[[*key, *new]]
        frame = frame.merge(named, on=key, how="left")
    return Table(
        name="table4",
        title="Complexity",
        caption=(
            f"Parameters, Multi-Adds for an output of {results.facts['hr']} pixels and PSNR on "
            f"{dataset} at x{scale} ({results.setting}), as run and at the size of the network's "
            "paper. Below a value: as published."
        ),
        frame=frame,
        columns=(
            *METHOD,
            *(replace(column, group="As run") for column in columns("params multi_adds")),
            replace(PSNR, group="As run"),
            *(
                replace(column, name=f"full_{column.name}", group="In its paper",
                        beneath=f"published_{column.name}")
                for column in columns("params multi_adds")
            ),
        ),
        rank_within=("kind",),
        subject="is_subject",
        quoted="is_quoted",
        csv="methods.csv",
    )  # fmt: skip


def _marked(results: Results) -> pd.DataFrame:
    """Mark the subject's row and quoted ones, whose published figures stand in place of ours."""
    frame = results["methods"]
    quoted = frame["kind"] == "quoted"
    found = frame.assign(is_quoted=quoted, is_subject=frame["method"] == results.facts["subject"])
    found["remark"] = found["remark"].mask(quoted, found["source"])
    for name in ("psnr_db", "ssim"):
        found[name] = found[name].where(~quoted, found[f"published_{name}"])
        found[f"published_{name}"] = found[f"published_{name}"].mask(quoted)
    return found


def _wide(results: Results) -> pd.DataFrame:
    names = words("psnr_db psnr_sd_db ssim published_psnr_db published_ssim remark")
    same = words("method label kind scale params multi_adds share is_subject is_quoted")
    return wide(_marked(results)[[*same, "dataset", *names]], same, "dataset")
