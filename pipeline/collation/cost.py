"""Table 4: parameters and Multi-Adds at the papers' sizes, and PSNR on one dataset."""

from collections.abc import Sequence

import pandas as pd

from pipeline.collation.cells import Row, joined, narrowing, number
from pipeline.collation.comparison import order, quotable
from pipeline.models.networks import main_variant
from pipeline.study.keys import parse_scale
from pipeline.study.labels import label
from pipeline.study.params import Params
from pipeline.study.published_figures import published_complexity


def table4(params: Params, rows3: Sequence[Row], complexity: pd.DataFrame) -> list[Row]:
    """Table 4: one row for each row of Table 3 at one scale on one dataset, and its costs.

    Parameters
    ----------
    params : Params
        ``tables.complexity_scale`` and ``complexity_dataset`` choose the rows.
    rows3 : sequence of dict
        Table 3.
    complexity : DataFrame
        results/complexity.csv.
    """
    scale, dataset = parse_scale(params.tables.complexity_scale), params.tables.complexity_dataset
    counted = {
        (r["model"], r["variant"], int(r["scale"])): r for r in complexity.to_dict("records")
    }
    published = published_complexity()
    rows = []
    for row in sorted(_methods(params, rows3, scale, dataset), key=order):
        model, variant = row["model"], row["variant"]
        count = counted.get((model, variant, scale))
        figure = published.get((model, variant, scale))
        narrowed = row["provenance"] == "trained" and narrowing(model, params.networks[model])
        rows.append(
            {
                "model": model,
                "label": row["label"],
                "variant": variant,
                "params": number(count["params"], 0) if count else "",
                "multi_adds": number(count["multi_adds"], 0) if count else "",
                "published_params": number(figure.params, 0) if figure else "",
                "published_multi_adds": number(figure.multi_adds, 0) if figure else "",
                "complexity_source": figure.source if figure else "",
                "scale": scale,
                "dataset": dataset,
                "provenance": row["provenance"],
                "psnr_db": row["psnr_db"],
                "published_psnr_db": row["published_psnr_db"],
                "quality_source": row["source"],
                "rank_psnr": row["rank_psnr"],
                "note": joined(
                    "counts are of the published size" if narrowed else "",
                    row["note"],
                    "" if count else "not counted",
                    f"published counts: {joined(figure.convention, figure.note)}" if figure else "",
                ),
            }
        )
    return rows


def _methods(params: Params, rows3: Sequence[Row], scale: int, dataset: str) -> list[Row]:
    """Rows of Table 3 at `scale` on `dataset`, and one for each network that has none there."""
    chosen = [
        row
        for row in rows3
        if (row["scale"], row["dataset"]) == (scale, dataset)
        and row["model"] != "bicubic"
        and row["provenance"] != "self-ensemble"  # eight times the Multi-Adds
    ]
    present = {row["model"] for row in chosen}
    empty = dict.fromkeys(("psnr_db", "published_psnr_db", "source", "rank_psnr"), "")
    return chosen + [
        {
            **empty,
            "model": model,
            "label": label(model, main_variant(model)),
            "variant": main_variant(model),
            "provenance": "quoted",
            "note": f"not trained in profile {params.profile}",
        }
        for model in quotable()
        if model not in present
    ]
