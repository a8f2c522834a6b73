"""The command `mesr`: single jobs beside the DVC stages."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import pandas as pd
import typer
from rich.console import Console
from rich.table import Table

from pipeline.study.params import parse_scale
from pipeline.support.console import run
from pipeline.support.errors import UserError

app = typer.Typer(
    name="mesr",
    help="Reproduction benchmark of MESR and the super-resolution networks it is compared with.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)

Scale = Annotated[int, typer.Option("--scale", parser=parse_scale, help="2, 3 or 4")]


@app.command()
def fetch(
    names: Annotated[list[str] | None, typer.Argument(help="assets; none lists them all")] = None,
    data: Annotated[Path, typer.Option(help="data folder")] = Path("data"),
    partial: Annotated[
        bool,
        typer.Option("--partial", help="weights: do without files whose servers cannot be reached"),
    ] = False,
) -> None:
    """Download datasets and published weights, verified, and show licence and citation."""
    from pipeline.assets.registry import describe_size, registry  # noqa: PLC0415
    from pipeline.fetch import fetch_assets  # noqa: PLC0415

    if names:
        fetch_assets(names, data, partial=partial)
        return
    table = Table("asset", "kind", "files", "size", "licence")
    for name, asset in registry().items():
        table.add_row(
            name, asset.kind, str(len(asset.files)), describe_size(asset.files), asset.licence
        )
    Console().print(table)


@app.command()
def evaluate(
    model: Annotated[
        str, typer.Argument(help="network, spandrel:FILE, or images:FOLDER with SR images")
    ],
    scale: Scale,
    data: Annotated[str, typer.Option(help="dataset by name, or a folder of HR images")],
    weights: Annotated[
        str, typer.Option(help="trained, published, or a .safetensors file")
    ] = "trained",
    variant: Annotated[str, typer.Option(help="size or ablation variant of the network")] = "",
    seed: Annotated[int, typer.Option(help="which of the trained networks")] = 0,
    protocol: Annotated[str, typer.Option(help="rgb, y, lapsrn, pan, srcnn or vdsr")] = "rgb",
    out: Annotated[Path | None, typer.Option(help="folder for the CSV and the images")] = None,
) -> None:
    """Measure PSNR and SSIM image by image."""
    from pipeline.evaluate import evaluate_images, save_images, summary  # noqa: PLC0415
    from pipeline.imaging.protocol import get_protocol  # noqa: PLC0415
    from pipeline.support.files import atomic_path  # noqa: PLC0415

    chosen = get_protocol(protocol)
    dataset, images = _images(data)
    if model.startswith("images:"):
        table = _score_folder(Path(model.removeprefix("images:")), images, dataset, scale, chosen)
    else:
        subject = _subject(model, scale, weights, variant, seed)

        def keep(name: str, found: Any) -> None:
            if out is not None:
                save_images(out / name, found, with_inputs=False)

        table = evaluate_images(subject, images, dataset, chosen, keep)
    if out is not None:
        with atomic_path(out / "quality.csv") as temporary:
            table.to_csv(temporary, index=False)
    _show(table)
    print(summary(table))


def _images(data: str) -> tuple[str, list[tuple[str, Callable[[], Any]]]]:
    from pipeline.assets.registry import registry  # noqa: PLC0415
    from pipeline.imaging.images import PackedImages  # noqa: PLC0415
    from pipeline.tools.external import folder_images  # noqa: PLC0415

    packed = Path("data/hr") / f"{data}.h5"
    if Path(data).is_dir() and not packed.is_file():
        return Path(data).name, folder_images(Path(data))
    if packed.is_file():
        images = PackedImages(packed)
        return data, [(name, partial(images.__getitem__, name)) for name in images.names]
    if data in registry():
        raise UserError(f"{packed}: not there yet; get it with: mesr fetch {data}")
    raise UserError(f"--data {data}: neither a folder nor a dataset. Datasets: mesr fetch")


def _subject(model: str, scale: int, weights: str, variant: str, seed: int) -> Any:
    from mesr import variant_settings  # noqa: PLC0415
    from pipeline.evaluate import Subject, load_weights, subject_of, trained_subject  # noqa: PLC0415
    from pipeline.study.networks import build_network, network_variants  # noqa: PLC0415
    from pipeline.study.published_weights import load_published  # noqa: PLC0415
    from pipeline.tools.external import SpandrelNetwork  # noqa: PLC0415

    if model.startswith("spandrel:"):
        external = SpandrelNetwork(Path(model.removeprefix("spandrel:")))
        if external.scale != scale:
            raise UserError(f"{model}: enlarges {external.scale} times, but --scale is {scale}")
        return Subject(external, external.name, "", "published")
    if model == "bicubic":
        return subject_of(f"bicubic_x{scale}")
    if weights == "trained":
        is_ablation = model == "mesr" and variant not in ("", "full")
        return trained_subject(
            f"ablation_{variant}_s{seed}" if is_ablation else f"{model}_x{scale}_s{seed}"
        )
    if weights == "published":
        return Subject(load_published(model, scale, variant or None), model, variant, "published")
    path = Path(weights)
    if path.suffix != ".safetensors":
        raise UserError(
            f"--weights {weights}: expected trained, published, or a .safetensors file. "
            "For checkpoints of other projects use: mesr evaluate spandrel:FILE"
        )
    if (path.parent / "run.json").is_file() and path.name == "weights.safetensors":
        return trained_subject(path.parent.name, path.parent.parent)
    if model == "mesr":
        settings = variant_settings(variant or "full")
    else:
        settings = network_variants(model).get(variant, {})
    network = build_network(model, scale, **settings)
    load_weights(network, path)
    return Subject(network, model, variant, "trained")


def _score_folder(
    folder: Path,
    images: list[tuple[str, Callable[[], Any]]],
    dataset: str,
    scale: int,
    protocol: Any,
) -> pd.DataFrame:
    from pipeline.evaluate import COLUMNS  # noqa: PLC0415
    from pipeline.imaging.images import read_image  # noqa: PLC0415
    from pipeline.tools.external import matching_files, score_given  # noqa: PLC0415

    files = matching_files(folder, [name for name, _ in images], "SR")
    rows = []
    for name, read in images:
        psnr_db, ssim = score_given(read_image(files[name]), read(), scale, protocol, name)
        rows.append(
            (folder.name, "", "given", scale, dataset, name, protocol.name, None,
             f"{psnr_db:.6f}", f"{ssim:.6f}")
        )  # fmt: skip
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _show(table: pd.DataFrame) -> None:
    shown = Table("image", "PSNR-Y [dB]", "SSIM")
    for row in table.to_dict("records"):
        shown.add_row(row["image"], f"{float(row['psnr_db']):.2f}", f"{float(row['ssim']):.4f}")
    mean = table[["psnr_db", "ssim"]].astype(float).mean()
    shown.add_section()
    shown.add_row("mean", f"{mean.psnr_db:.2f}", f"{mean.ssim:.4f}")
    Console().print(shown)


@app.command()
def upscale(
    images: Annotated[list[Path], typer.Argument(help="image files")],
    scale: Scale,
    out: Annotated[Path, typer.Option(help="folder for the enlarged images")],
    model: Annotated[str, typer.Option(help="network, or spandrel:FILE")] = "mesr",
    weights: Annotated[
        str, typer.Option(help="trained, published, or a .safetensors file")
    ] = "trained",
    variant: Annotated[str, typer.Option(help="size or ablation variant of the network")] = "",
    seed: Annotated[int, typer.Option(help="which of the trained networks")] = 0,
    tile: Annotated[
        int, typer.Option(min=0, help="largest tile in LR pixels; 0 takes whole images")
    ] = 256,
) -> None:
    """Enlarge images of any size in bounded memory; gray stays gray and alpha is kept."""
    from pipeline.evaluate import default_device  # noqa: PLC0415
    from pipeline.tools.upscale import upscale_file  # noqa: PLC0415

    network = _subject(model, scale, weights, variant, seed).network.to(default_device())
    targets = [out / f"{path.stem}_x{scale}.png" for path in images]
    if len(set(targets)) < len(targets):
        raise UserError("two images have the same name; enlarge them into different folders")
    for path, target in zip(images, targets, strict=True):
        print(upscale_file(network, path, target, tile))


@app.command()
def count(
    models: Annotated[list[str] | None, typer.Argument(help="networks; none counts all")] = None,
    scale: Annotated[
        int | None, typer.Option(parser=parse_scale, help="2, 3 or 4; none counts all three")
    ] = None,
    hr: Annotated[str, typer.Option(help="size of the HR output")] = "1280x720",
    variants: Annotated[bool, typer.Option(help="count every published size")] = False,
) -> None:
    """Count parameters and Multi-Adds beside the published counts."""
    from pipeline.complexity import SCALES, count_all, parse_size  # noqa: PLC0415
    from pipeline.study.networks import NETWORKS  # noqa: PLC0415
    from pipeline.study.published_figures import published_complexity  # noqa: PLC0415

    for model in models or ():
        if model not in NETWORKS:
            raise UserError(f"network {model!r} is unknown. Known: {', '.join(sorted(NETWORKS))}")
    chosen = SCALES if scale is None else [scale]
    counted = count_all(models, chosen, *parse_size(hr), variants=variants or bool(models))
    published = published_complexity()
    table = Table("network", "scale", box=None)
    for title in ("parameters", "published", "Multi-Adds [G]", "published", "note"):
        table.add_column(title, justify="right", no_wrap=True)
    conventions: dict[str, str] = {"": ""}
    for row in counted.to_dict("records"):
        known = published.get((row["model"], row["variant"], row["scale"]))
        convention = known.convention if known else ""
        mark = conventions.setdefault(convention, chr(ord("a") + len(conventions) - 1))
        table.add_row(
            f"{row['model']} {row['variant']}".strip(),
            f"x{row['scale']}",
            f"{row['params']:,}",
            f"{known.params:,}" if known and known.params is not None else "",
            f"{row['multi_adds'] / 1e9:,.1f}",
            f"{known.multi_adds / 1e9:,.1f}" if known and known.multi_adds is not None else "",
            mark,
        )
    Console().print(table)
    for convention, mark in conventions.items():
        if mark:
            print(f"{mark}: published counts are for {convention}")
    print(f"Multi-Adds are for one {hr} output; a transposed convolution counts on its input grid.")


def main() -> None:
    """Entry point of the command `mesr`."""
    raise SystemExit(run(app))


if __name__ == "__main__":
    main()
