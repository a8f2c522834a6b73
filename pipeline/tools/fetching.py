"""`mesr fetch`: getting datasets and published weights."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from pipeline.assets.fetching import fetch_assets
from pipeline.assets.registry import describe_size, registry
from pipeline.support.names import canonical


def fetch(
    names: Annotated[list[str] | None, typer.Argument(help="assets; none lists them all")] = None,
    data: Annotated[Path, typer.Option(help="data folder")] = Path("data"),
    partial: Annotated[
        bool,
        typer.Option("--partial", help="weights: do without files whose servers cannot be reached"),
    ] = False,
) -> None:
    """Download datasets and published weights, verified, and show licence and citation."""
    if names:
        fetch_assets([canonical(name, registry()) for name in names], data, partial=partial)
        return
    table = Table("asset", "kind", "files", "size", "licence")
    for name, asset in registry().items():
        size = describe_size(asset.files)
        table.add_row(name, asset.kind, str(len(asset.files)), size, asset.licence)
    Console().print(table)
