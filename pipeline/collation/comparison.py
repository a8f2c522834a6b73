"""Table 3: every method at every scale on every test set, beside its published figure."""

from collections.abc import Sequence

import pandas as pd

from pipeline.collation.cells import PAPER_DATASETS, Row, joined, narrowing, number
from pipeline.collation.evaluations import Quality
from pipeline.models.networks import NETWORKS, main_variant, network_variants
from pipeline.study.further_metrics import FURTHER
from pipeline.study.keys import Key, parse_scale
from pipeline.study.labels import label
from pipeline.study.params import Params
from pipeline.study.published_figures import PublishedQuality, published_quality, published_variants

# Column `provenance`: how a figure came about, in the order of the tables.
PROVENANCES = ("interpolation", "trained", "self-ensemble", "published", "quoted")
OVER_SEEDS = ("trained", "self-ensemble")
_PROVENANCE = {
    "bicubic": "interpolation",
    "trained": "trained",
    "ensemble": "self-ensemble",
    "published": "published",
}


def order(row: Row) -> tuple[int, int, int]:
    """Sort key: the networks as the registry lists them, MESR last as in the paper."""
    models = [*(name for name in NETWORKS if name != "mesr"), "mesr"]
    variants = list(network_variants(row["model"]))
    variant = row["variant"]
    return (
        models.index(row["model"]),
        variants.index(variant) if variant in variants else len(variants),
        PROVENANCES.index(row["provenance"]),
    )


def quotable() -> list[str]:
    """Networks that have rows of quoted figures: MESR and those whose figures were collected."""
    networks = (model for model in NETWORKS if model != "bicubic")
    return [model for model in networks if model == "mesr" or published_variants(model)]


def methods(params: Params, quality: Quality) -> list[tuple[Row, list[Key]]]:
    """Group the evaluations' seeds by method: scale, model, variant and provenance."""
    groups: dict[tuple[int, str, str, str], list[Key]] = {}
    for of in quality.evaluated:
        if of.key.kind != "ablation":
            method = (of.key.scale, of.key.model, of.variant, _PROVENANCE[of.key.kind])
            groups.setdefault(method, []).append(of.key)
    for scale in map(parse_scale, params.scales):
        for model in quotable():
            variant = main_variant(model)
            # A figure is quoted where the weights behind it were not evaluated here.
            if (scale, model, variant, "published") not in groups:
                groups[scale, model, variant, "quoted"] = []
    names = ("scale", "model", "variant", "provenance")
    found = [(dict(zip(names, group, strict=True)), keys) for group, keys in groups.items()]
    return sorted(found, key=lambda method: (method[0]["scale"], *order(method[0])))


def table3(params: Params, quality: Quality) -> list[Row]:
    """Table 3: every method at every scale on every test set, ranked among comparable rows."""
    published = published_quality()
    rows: list[Row] = []
    for method, keys in methods(params, quality):
        model, variant, provenance = (method[n] for n in ("model", "variant", "provenance"))
        for dataset in params.data.test:
            if provenance == "quoted" and dataset not in PAPER_DATASETS:
                continue
            # Published figures are of the plain networks.
            entry = (
                published.get((model, variant, method["scale"], dataset))
                if provenance != "self-ensemble"
                else None
            )
            rows.append(
                {
                    **method,
                    "label": label(model, variant) + ("+" if provenance == "self-ensemble" else ""),
                    "dataset": dataset,
                    "seeds": len(keys) if provenance in OVER_SEEDS else "",
                    **quality.measured_cells(keys, dataset),
                    "published_psnr_db": number(entry.psnr_db) if entry else "",
                    "published_ssim": number(entry.ssim) if entry else "",
                    "source": entry.source if entry else "",
                    "rank_psnr": "",
                    "rank_ssim": "",
                    "note": _note(params, model, provenance, entry),
                }
            )
    rank(rows, "rank_psnr", "psnr_db", digits=2)
    rank(rows, "rank_ssim", "ssim", digits=4)
    return rows


def _note(params: Params, model: str, provenance: str, entry: PublishedQuality | None) -> str:
    note = _published_note(entry, params.evaluate.protocol)
    if provenance in OVER_SEEDS:
        return joined(narrowing(model, params.networks[model]), note)
    if provenance == "quoted":
        if model == "mesr":
            return "the paper's Table 3 is not available as numbers"
        if entry is not None and entry.psnr_db is not None:
            return joined("no published weights evaluated here", note)
    return note


def _published_note(entry: PublishedQuality | None, protocol: str) -> str:
    if entry is None:
        return ""
    if entry.psnr_db is None and entry.ssim is None:
        return entry.note
    other = f"published under protocol {entry.protocol}" if entry.protocol != protocol else ""
    return joined(other, entry.note)


def further_table(params: Params, quality: Quality, rows3: Sequence[Row]) -> list[Row]:
    """Further metrics of the rows of Table 3 that were measured, one row for each metric."""
    keys_of = {tuple(method.values()): keys for method, keys in methods(params, quality)}
    names = ("scale", "model", "variant", "provenance")
    found: list[Row] = []
    for name in params.evaluate.metrics:
        metric = FURTHER[name]
        rows: list[Row] = []
        for row in rows3:
            keys = keys_of[tuple(row[n] for n in names)]
            if not keys:
                continue
            summary = quality.summary(keys, row["dataset"], name)
            rows.append(
                {
                    **{n: row[n] for n in (*names, "label", "dataset", "seeds")},
                    "metric": name,
                    "metric_label": metric.label,
                    "better": "lower" if metric.lower_is_better else "higher",
                    "digits": metric.digits,
                    "value": number(summary.mean),
                    "value_sd": number(summary.sd),
                    "rank": "",
                    "note": row["note"] if row["provenance"] in OVER_SEEDS else "",
                }
            )
        rank(rows, "rank", "value", digits=metric.digits, lower_is_better=metric.lower_is_better)
        found += rows
    return found


def rank(
    rows: list[Row], column: str, values: str, *, digits: int, lower_is_better: bool = False
) -> None:
    """Mark best and second best among rows of the same provenance, scale and dataset.

    Values that print alike share a rank; a lone row has none to compare with. Quoted rows have no
    measured value and get no rank: each source has its own protocol.
    """
    frame = pd.DataFrame(rows)
    if frame.empty:
        return
    frame["value"] = pd.to_numeric(frame[values]).round(digits)
    for _, group in frame.groupby(["provenance", "scale", "dataset"]):
        if group["value"].notna().sum() < 2:
            continue
        positions = group["value"].rank(method="dense", ascending=lower_is_better)
        for index, position in positions.items():
            if position in (1, 2):
                rows[int(str(index))][column] = int(position)
