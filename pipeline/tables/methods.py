"""The results: every method at every scale on every test set, beside its published figure."""

from itertools import product
from typing import Any

import pandas as pd

from pipeline.models.networks import published_sizes
from pipeline.study.published_figures import published_quality
from pipeline.tables import submitted
from pipeline.tables.files import FILES, words
from pipeline.tables.labels import joined, network_label
from pipeline.tables.layout import Table, places, wide
from pipeline.tables.results import Results
from pipeline.tables.statistics import interquartile_mean, probability_of_improvement
from pipeline.tables.study import Row, Study

PAPER_DATASETS = ("Set5", "Set14", "BSD100", "Urban100")
TO_SUBJECT = {"diff_db": "minus_subject_db"}
# A training with less than this share of the gain over bicubic interpolation of its network's best
# seed learned next to nothing.
FAILED = 0.2


def rows(study: Study) -> pd.DataFrame:
    """Return one row for each method, scale and test set: methods.csv."""
    found: list[Row] = []
    for scale in study.scales:
        failed, compared = failures(study, scale), study.at(scale)
        own = []
        for method, dataset in product(study.at(scale, kind=None), study.datasets):
            run, size = study.methods[method], study.size(method)
            above = study.difference(method, study.bicubic, scale, dataset)
            below = above is not None and above.mean() < 0
            remarks = ("below bicubic interpolation" if below else "", failed.get(method, ""))
            if summary := study.summary(method, scale, dataset):
                own.append(
                    {"method": method, "network": run.network, "variant": run.variant}
                    | {"kind": run.kind, "scale": scale, "dataset": dataset}
                    | {"label": study.label(method), "size": size, "remark": joined(*remarks)}
                    | {"a": method, "b": _subject(study, method) if method in compared else ""}
                    | study.cost(method, scale)
                    | _published(study, run.network, size, scale, dataset)
                    | summary
                )
        found += [*study.compared(own, "dataset"), *_quoted(study, scale)]
    frame = pd.DataFrame([*found, *submitted.rows(study)]).rename(columns=TO_SUBJECT)
    frame = frame.reindex(columns=FILES["methods"])
    within = [frame[name] for name in ("kind", "scale", "dataset")]
    for metric, rank in (("psnr_db", "rank_psnr"), ("ssim", "rank_ssim")):
        frame[rank] = places(frame[metric], within, "db" if metric == "psnr_db" else "ssim")
    return frame


def _subject(study: Study, method: str) -> str:
    """Return what a trained network is compared with: the subject; "" for itself."""
    subject = study.params.subject
    return "" if method == subject else subject


def _quoted(study: Study, scale: int) -> list[Row]:
    """Return rows of the networks that other papers' tables have and nothing here was run of."""
    here = {(study.methods[m].network, study.size(m)) for m in study.at(scale, kind=None)}
    return [
        {"method": network, "network": network, "size": size, "kind": "quoted"}
        | {"label": network_label(network, size), "scale": scale, "dataset": dataset}
        | _published(study, network, size, scale, dataset)
        for dataset in study.datasets
        for network, size, at, on in published_quality()
        if (at, on) == (scale, dataset)
        and (network, size) not in here
        and size == next(iter(published_sizes(network)))  # the one that tables mean
    ]


def _published(study: Study, *place: Any) -> Row:
    """Return the published figures of a network, size, scale and test set; {} without any."""
    entry = published_quality().get(place)
    if entry is None:
        return {}
    psnr_db, ssim = (None if v is None else float(v) for v in (entry.psnr_db, entry.ssim))
    other = (psnr_db or ssim) and entry.protocol != study.params.evaluate.protocol
    note = f"published under protocol {entry.protocol}" if other else ""
    return {
        "published_psnr_db": psnr_db,
        "published_ssim": ssim,
        "source": entry.source,
        "note": joined(note, entry.note),
    }


def failures(study: Study, scale: int) -> dict[str, str]:
    """Say of which methods a training learned next to nothing, see `FAILED`.

    A network of whose seeds none gains anything has none: nothing says what it could have learned.
    """
    found = {}
    for method in study.at(scale, variants=True):
        gain = study.difference(method, study.bicubic, scale)
        gains = gain.mean(axis=1) if gain is not None else []
        best = FAILED * max(gains, default=0)
        seeds = study.scores(method, scale).index
        failed = [str(s) for s, g in zip(seeds, gains, strict=False) if best > 0 and g < best]
        if failed:
            found[method] = f"seed {' and '.join(failed)} learned next to nothing"
    return found


def overall(study: Study) -> pd.DataFrame:
    """Return one row for each trained network and scale, over all test images: overall.csv."""
    found: list[Row] = []
    for scale in study.scales:
        failed = failures(study, scale)
        methods = [m for m in study.at(scale) if len(study.scores(m, scale))]
        methods.sort(key=lambda m: -study.mean(m, scale))
        for place, method in enumerate(methods, start=1):
            row = {
                "scale": scale,
                "method": method,
                "label": study.label(method),
                "rank": place,
                "networks": len(methods),
                "remark": failed.get(method, ""),
                "dataset": "",
                "a": method,
                "b": _subject(study, method),
                **study.summary(method, scale, ""),
                "share": study.cost(method, scale)["share"],
            }
            d = study.difference(method, row["b"], scale)
            if d is not None:
                scores, own = (study.scores(m, scale) for m in (method, row["b"]))
                row["iqm_minus_subject_db"] = interquartile_mean(d)
                row["probability"] = probability_of_improvement(scores, own)
            found.append(row)
    return pd.DataFrame(study.compared(found, "scale")).rename(columns=TO_SUBJECT)


def results_table(results: Results) -> Table:
    """Lay out the results: one row a method, its costs, and the test sets side by side."""
    frame, everything = _wide(results), results["overall"]
    key = ["scale", "method"]
    new = [*key, *(name for name in everything if name not in frame)]
    frame = frame.merge(everything[new].assign(kind="trained"), on=[*key, "kind"], how="left")
    remarks = frame[[f"remark@{name}" for name in results.datasets]].fillna("").to_numpy()
    remark = [joined(*dict.fromkeys(texts)) for texts in remarks]
    return results.table("results", frame.assign(remark=remark))


def table3(results: Results) -> Table:
    """Lay out Table 3 of the paper: PSNR and SSIM of all methods."""
    return results.table("table3", results_table(results).frame)


def table4(results: Results) -> Table:
    """Lay out Table 4 of the paper: parameters, Multi-Adds and PSNR at one scale on one set."""
    frame, sizes = _marked(results), results["sizes"]
    place = results.facts["complexity_scale"], results.facts["complexity_dataset"]
    frame = frame[(frame["scale"] == place[0]) & (frame["dataset"] == place[1])]
    full = sizes[sizes["kind"] == "paper"].rename(
        columns={"params": "full_params", "multi_adds": "full_multi_adds"}
    )
    key = ["network", "size", "scale"]
    for part in (full, results["counts"]):
        new = [name for name in part if str(name).startswith(("full_", "published_"))]
        named = part.rename(columns={"variant": "size"})[[*key, *new]]
        frame = frame.merge(named, on=key, how="left")
    frame = frame[frame["kind"] != "interpolation"].reset_index(drop=True)
    return results.table("table4", frame)


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
