"""Options that several commands have."""

from typing import Annotated

import typer

from pipeline.study.runs import parse_scale

Scale = Annotated[int, typer.Option("--scale", parser=parse_scale, help="2, 3 or 4")]
Weights = Annotated[
    str | None,
    typer.Option(help="trained (the default), published, shipped, or a .safetensors file"),
]
WeightsForUse = Annotated[
    str | None,
    typer.Option(
        help="trained, published, shipped, or a .safetensors file [the best that is here]"
    ),
]
Variant = Annotated[str, typer.Option(help="size or variant of the network")]
Ensemble = Annotated[
    bool, typer.Option("--self-ensemble", help="average over the eight flips and turns")
]
Seed = Annotated[int | None, typer.Option(min=0, help="which of the trained networks [0]")]
Pairs = Annotated[
    bool, typer.Option("--pairs", help="print which file is taken for which HR image")
]
