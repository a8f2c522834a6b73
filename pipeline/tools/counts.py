"""`mesr count`: parameters and Multi-Adds beside the published counts."""

from functools import partial
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from mesr.common.base import SCALES
from pipeline.models.counting import count as count_network
from pipeline.models.counting import weightless
from pipeline.models.networks import build_network, network_names, published_sizes
from pipeline.study.published_figures import published_complexity
from pipeline.study.runs import parse_scale
from pipeline.support.names import canonical

Models = Annotated[list[str] | None, typer.Argument(help="networks, or files such as nets/my.py")]


def count(
    models: Models = None,
    scale: Annotated[int | None, typer.Option(parser=parse_scale, help="2, 3 or 4 [all]")] = None,
) -> None:
    """Count parameters and Multi-Adds beside the published counts."""
    names = [canonical(model, network_names()) for model in models or network_names()]
    published = published_complexity()
    table = Table("network", "scale", box=None)
    for title in ("parameters", "published", "Multi-Adds [G]", "published", "note"):
        table.add_column(title, justify="right", no_wrap=True)
    marks: dict[str, str] = {"": ""}
    for name in names:
        sizes = list(published_sizes(name).items())
        for variant, settings in sizes if models else sizes[:1]:
            for factor in SCALES if scale is None else [scale]:
                network = weightless(partial(build_network, name, factor, **settings))
                found = count_network(network)
                row = [f"{found.params:,}", "", f"{found.multi_adds / 1e9:,.1f}", "", ""]
                if known := published.get((name, variant, factor)):
                    row[1] = "" if known.params is None else f"{known.params:,}"
                    if known.multi_adds is not None:
                        row[3] = f"{known.multi_adds / 1e9:,.1f}"
                    row[4] = marks.setdefault(known.convention, chr(ord("a") + len(marks) - 1))
                table.add_row(f"{name} {variant}".strip(), f"x{factor}", *row)
    Console().print(table)
    for convention, mark in list(marks.items())[1:]:
        print(f"{mark}: published counts are for {convention}")
    print(
        "Multi-Adds are for one 1280x720 output; a transposed convolution counts on its input grid."
    )
