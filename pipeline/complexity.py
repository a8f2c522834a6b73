"""Stage `complexity`: parameters and Multi-Adds of every network.

Writes `results/complexity.csv` (every network at its paper's size), beside every published count
`results/counts.csv`, and `results/sizes.csv`: the trained networks at the size of this study.
"""

import argparse
from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd
import torch

from mesr.common.base import SCALES
from pipeline.models.counting import Complexity, count, parse_size
from pipeline.models.networks import (
    NETWORKS,
    build_network,
    main_variant,
    network_variants,
    settings_variant,
)
from pipeline.study.keys import ABLATION_MODEL, ABLATION_SCALE, parse_scale
from pipeline.study.params import Params, load_params
from pipeline.study.published_figures import PublishedComplexity, published_complexity
from pipeline.study.results import COMPLEXITY, COUNTS, SIZES
from pipeline.support.console import run


def subjects(names: Sequence[str], *, variants: bool) -> Iterator[tuple[str, str, int, Any]]:
    """Yield network, variant, scale and settings of what is counted.

    The first variant of a network is the one that the paper's tables mean; the others follow when
    `variants` is set. Those of the ablation exist at x4 alone.
    """
    for name in names:
        for variant, settings in network_variants(name).items():
            main = variant == main_variant(name)
            if main or variants:
                scales = SCALES if main or name != ABLATION_MODEL else (ABLATION_SCALE,)
                yield from ((name, variant, scale, settings) for scale in scales)


def count_all(
    names: Sequence[str] | None = None,
    scales: Sequence[int] = SCALES,
    hr_height: int = 720,
    hr_width: int = 1280,
    *,
    variants: bool = True,
) -> pd.DataFrame:
    """Count networks at their papers' sizes.

    Parameters
    ----------
    names : sequence of str, optional
        Networks; all by default.
    scales : sequence of int
        Upscaling factors.
    hr_height, hr_width : int
        Size of the HR output in pixels.
    variants : bool
        Whether every published size of a network is counted, or the main one alone.

    Returns
    -------
    DataFrame
        Columns model, variant, scale, params, multi_adds.
    """
    rows = []
    for name, variant, scale, settings in subjects(names or list(NETWORKS), variants=variants):
        if scale in scales:
            with torch.device("meta"):
                network = build_network(name, scale, **settings)
            found = count(network, hr_height, hr_width)
            rows.append((name, variant, scale, found.params, found.multi_adds))
    return pd.DataFrame(rows, columns=COMPLEXITY.names)


def study_sizes(params: Params) -> pd.DataFrame:
    """Count the networks of a study on one of its training patches.

    Returns
    -------
    DataFrame
        Columns of `SIZES`: LR patches of ``patch`` x ``patch`` pixels.
    """
    rows = []
    for name in (*params.baselines, *params.models):
        settings = params.network_settings(name)
        for scale in map(parse_scale, params.scales):
            with torch.device("meta"):
                network = build_network(name, scale, **settings)
            side = params.train.patch * scale
            found = count(network, side, side)
            variant, patch = settings_variant(name, settings), params.train.patch
            rows.append((name, variant, scale, patch, found.params, found.multi_adds))
    return pd.DataFrame(rows, columns=SIZES.names)


def verdict(ours: int, as_published: int, published: int | None, digit: int) -> str:
    """Compare a count with a printed one.

    Parameters
    ----------
    ours, as_published : int
        The count by this benchmark's rule, and by the rule of the source as far as it is known.
    published, digit : int
        The printed count and the worth of its last digit. Printed counts are rounded or cut off.

    Returns
    -------
    str
        "equal", "explained", "differs", or "" when nothing was published.
    """
    if published is None:
        return ""

    def printed(count: int) -> bool:
        return published in (count // digit * digit, (2 * count + digit) // (2 * digit) * digit)

    if printed(ours):
        return "equal"
    return "explained" if printed(as_published) else "differs"


def compare(entry: PublishedComplexity) -> dict[str, Any]:
    """Count a network as the source of a published count did, and as this benchmark does.

    Returns
    -------
    dict
        One row of results/counts.csv. `counted_params` and `counted_multi_adds` follow the rule
        of the source.
    """

    def counted(scale: int) -> Complexity:
        with torch.device("meta"):
            settings = network_variants(entry.model).get(entry.variant, {})
            network = build_network(entry.model, scale, **settings)
        return count(network, *parse_size(entry.hr))

    own = counted(entry.scale)
    other = next((int(a[1:]) for a in entry.params_as.split() if a != "weights"), entry.scale)
    counted_network = own if other == entry.scale else counted(other)
    without_biases = "weights" in entry.params_as
    counted_params = counted_network.weights if without_biases else counted_network.params
    counted_multi_adds = own.multi_adds + entry.multi_adds_offset
    extras = {"biases": own.biases, "rectifiers": own.rectifiers, "pooling": own.pooling}
    counted_multi_adds += sum(extras[kind] for kind in entry.multi_adds_with.split())
    return {
        "model": entry.model,
        "variant": entry.variant,
        "scale": entry.scale,
        "hr": entry.hr,
        "params": own.params,
        "counted_params": counted_params,
        "published_params": entry.params,
        "params_verdict": verdict(own.params, counted_params, entry.params, entry.params_digit),
        "multi_adds": own.multi_adds,
        "counted_multi_adds": counted_multi_adds,
        "published_multi_adds": entry.multi_adds,
        "multi_adds_verdict": verdict(
            own.multi_adds, counted_multi_adds, entry.multi_adds, entry.multi_adds_digit
        ),
        "explanation": entry.explanation,
        "source": entry.source,
        "note": entry.note,
    }


def main(argv: Sequence[str] | None = None) -> None:
    """Write results/complexity.csv, results/counts.csv and results/sizes.csv."""
    argparse.ArgumentParser(description=main.__doc__).parse_args(argv)
    print("count every network, variant and scale", flush=True)
    params = load_params()
    height, width = parse_size(params.complexity.hr)
    table = count_all(hr_height=height, hr_width=width)
    comparison = pd.DataFrame([compare(entry) for entry in published_complexity().values()])
    whole = ["published_params", "published_multi_adds"]
    comparison[whole] = comparison[whole].astype("Int64")
    SIZES.write(study_sizes(params))
    COMPLEXITY.write(table)
    COUNTS.write(comparison)
    verdicts = [*comparison["params_verdict"], *comparison["multi_adds_verdict"]]
    summary = ", ".join(f"{verdicts.count(v)} {v}" for v in ("equal", "explained", "differs"))
    print(f"counted {len(table)} networks, variants and scales into {COMPLEXITY.path}")
    print(f"compared them with published counts in {COUNTS.path}: {summary}")


if __name__ == "__main__":
    raise SystemExit(run(main))
