"""Options that several commands have."""

from pathlib import Path
from typing import Annotated

import typer

from pipeline.study.runs import parse_scale

Scale = Annotated[int, typer.Option("--scale", parser=parse_scale, help="2, 3 or 4")]
Data = Annotated[str, typer.Option(help="dataset by name, or a folder of HR images")]
SOURCES = "trained, published, shipped, or a .safetensors file"
Weights = Annotated[str | None, typer.Option(help=f"{SOURCES} [trained]")]
WeightsForUse = Annotated[str | None, typer.Option(help=f"{SOURCES} [the best that is here]")]
Variant = Annotated[str, typer.Option(help="size or variant of the network")]
Ensemble = Annotated[bool, typer.Option("--self-ensemble", help="average over flips and turns")]
Out = Annotated[Path | None, typer.Option(help="file or folder to write")]
Seed = Annotated[int | None, typer.Option(min=0, help="which of the trained networks [0]")]
Pairs = Annotated[bool, typer.Option("--pairs", help="print which file belongs to which HR image")]
