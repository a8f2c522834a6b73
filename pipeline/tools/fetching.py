"""`mesr fetch` and `mesr register`: datasets and published weights, and images of one's own."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from pipeline.assets.fetching import fetch_assets
from pipeline.assets.registered import register_folder
from pipeline.assets.registry import describe_size, registry
from pipeline.support.names import canonical


def fetch(
    names: Annotated[list[str] | None, typer.Argument(help="assets; none lists them all")] = None,
    data: Annotated[Path, typer.Option(help="data folder")] = Path("data"),
    partial: Annotated[
        bool, typer.Option("--partial", help="do without unreachable files")
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


def register(
    name: Annotated[str, typer.Argument(help="of the dataset: letters, digits and underscores")],
    folder: Annotated[Path, typer.Argument(help="folder of images")],
    title: Annotated[str, typer.Option(help="for people")] = "",
    licence: Annotated[str, typer.Option(help="terms of the images")] = "",
) -> None:
    """Make a folder of images a dataset, known by the digests of its files."""
    asset = register_folder(name, folder, title=title, licence=licence)
    print(f"{asset.name}: {len(asset.files)} images registered; a profile names it under data")
