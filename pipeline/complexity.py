"""Stage `complexity`: parameters and Multi-Adds of the networks of the study.

``results/sizes.csv`` has every method of the study, and its networks at the sizes that their papers
publish; ``results/parts.csv`` has the share of each of their modules in the Multi-Adds;
``results/counts.csv`` puts every published count beside ours.
"""

import argparse
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from pipeline.models.counting import Complexity, count, parse_size, weightless
from pipeline.models.networks import build_network, network_names, published_sizes, size_of
from pipeline.study.params import Params, load_params
from pipeline.study.paths import RESULTS
from pipeline.study.published_figures import PublishedComplexity, published_complexity
from pipeline.study.runs import Run, parse_scale
from pipeline.support.console import run
from pipeline.support.files import atomic_path

PARTS = ("method", "network", "variant", "kind", "scale", "part", "multi_adds", "share")
COUNTS = (
    *("network", "variant", "scale", "hr"),
    *("params", "counted_params", "published_params", "params_verdict"),
    *("multi_adds", "counted_multi_adds", "published_multi_adds", "multi_adds_verdict"),
    *("explanation", "source", "note"),
)


def _count(code: str, scale: int, settings: Mapping[str, Any], *hr: int) -> Complexity:
    """Count a network, by its name or code, for an HR output of a height and width."""
    return count(weightless(lambda: build_network(code, scale, **settings)), *hr)


def study_sizes(params: Params) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Count every method of a study, and its networks at their papers' sizes.

    Returns
    -------
    sizes : DataFrame
        Columns of sizes.csv: one row per method and scale; kind ``"paper"`` are the published
        sizes, whose name is the variant. Multi-Adds of an HR image of ``complexity.hr``, and of
        one LR patch of `patch` x `patch` pixels.
    parts : DataFrame
        Columns of parts.csv: of each of these its modules, see `Complexity.parts`, with their
        Multi-Adds of the HR image and their share.
    """
    patch, hr = params.train["patch"], parse_size(params.complexity.hr)
    runs = list(params.runs().values())
    wanted: dict[Any, Run] = {(found.kind, found.method, found.scale): found for found in runs}
    order = [found.network for found in runs if found.kind != "interpolation"]
    sizes = {(r.network, size_of(r.network, r.settings)) for r in runs if r.network in order}
    for name, size in sorted(sizes, key=lambda place: (order.index(place[0]), place[1])):
        settings = published_sizes(name)[size]
        for scale in map(parse_scale, params.scales) if name in network_names() else ():
            paper = Run("", name, size, "published", scale, None, name, settings)
            wanted["paper", paper.method, scale] = paper
    rows, parts = [], []
    for (kind, method, scale), found in wanted.items():
        what = (found.code, scale, found.settings)
        whole, small = _count(*what, *hr), _count(*what, *[patch * scale] * 2)
        about = {"method": method, "network": found.network, "variant": found.variant}
        about |= {"kind": kind, "scale": scale}
        counted = {"params": whole.params, "multi_adds": whole.multi_adds, "patch": patch}
        rows.append(about | counted | {"patch_multi_adds": small.multi_adds})
        parts += [
            about | {"part": part, "multi_adds": own, "share": own / whole.multi_adds}
            for part, own in whole.parts.items()
            if own
        ]
    return pd.DataFrame(rows), pd.DataFrame(parts, columns=PARTS)


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
        settings = published_sizes(entry.model).get(entry.variant, {})
        return _count(entry.model, scale, settings, *parse_size(entry.hr))

    own = counted(entry.scale)
    other = next((int(a[1:]) for a in entry.params_as.split() if a != "weights"), entry.scale)
    as_published = counted(other)
    params = as_published.weights if "weights" in entry.params_as else as_published.params
    extras = {"biases": own.biases, "rectifiers": own.rectifiers, "pooling": own.pooling}
    multi_adds = own.multi_adds + entry.multi_adds_offset
    multi_adds += sum(extras[kind] for kind in entry.multi_adds_with.split())
    return {
        "network": entry.model,
        "variant": entry.variant,
        "scale": entry.scale,
        "hr": entry.hr,
        "params": own.params,
        "counted_params": params,
        "published_params": entry.params,
        "params_verdict": verdict(own.params, params, entry.params, entry.params_digit),
        "multi_adds": own.multi_adds,
        "counted_multi_adds": multi_adds,
        "published_multi_adds": entry.multi_adds,
        "multi_adds_verdict": verdict(
            own.multi_adds, multi_adds, entry.multi_adds, entry.multi_adds_digit
        ),
        "explanation": entry.explanation,
        "source": entry.source,
        "note": entry.note,
    }


def main(argv: Sequence[str] | None = None) -> None:
    """Write results/counts.csv, results/sizes.csv and results/parts.csv."""
    argparse.ArgumentParser(description=main.__doc__).parse_args(argv)
    params = load_params()
    networks = {*params.certify.networks, *(found.network for found in params.runs().values())}
    print(f"count {len(networks)} networks", flush=True)
    rows = [compare(e) for e in published_complexity().values() if e.model in networks]
    counts = pd.DataFrame(rows, columns=COUNTS)
    whole = ["published_params", "published_multi_adds"]
    counts[whole] = counts[whole].astype("Int64")
    sizes, parts = study_sizes(params)
    for table, name in ((sizes, "sizes"), (parts, "parts"), (counts, "counts")):
        with atomic_path(RESULTS / f"{name}.csv") as temporary:
            table.to_csv(temporary, index=False, float_format="%.6f", lineterminator="\n")
    verdicts = [*counts["params_verdict"], *counts["multi_adds_verdict"]]
    found = ", ".join(f"{verdicts.count(v)} {v}" for v in ("equal", "explained", "differs"))
    print(f"published counts: {found}")


if __name__ == "__main__":
    raise SystemExit(run(main))
