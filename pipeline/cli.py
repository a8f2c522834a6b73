"""The command `mesr`: single jobs beside the DVC stages."""

from contextlib import nullcontext
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from pipeline.study.keys import parse_scale
from pipeline.support.console import run
from pipeline.support.errors import UserError
from pipeline.support.names import canonical, suggestion

if TYPE_CHECKING:  # slow to import, and `mesr repro` with nothing to do should take no time
    from collections.abc import Mapping

    import pandas as pd

    from pipeline.study.further_metrics import FurtherMetric

app = typer.Typer(
    name="mesr",
    help="Reproduction benchmark of MESR and the super-resolution networks it is compared with.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)

Scale = Annotated[int, typer.Option("--scale", parser=parse_scale, help="2, 3 or 4")]
Weights = Annotated[
    str | None,
    typer.Option(help="trained (the default), published, shipped, or a .safetensors file"),
]
WeightsForUse = Annotated[
    str | None,
    typer.Option(
        help="trained, published, shipped, or a .safetensors file [trained if here, else shipped]"
    ),
]
Variant = Annotated[str, typer.Option(help="size or ablation variant of the network")]
Ensemble = Annotated[
    bool, typer.Option("--self-ensemble", help="average over the eight flips and turns")
]
Seed = Annotated[int | None, typer.Option(min=0, help="which of the trained networks [0]")]


def _version(wanted: bool) -> None:
    if wanted:
        print(f"mesr {version('mesr-benchmark')}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="show the version")
    ] = False,
) -> None:
    """Reproduction benchmark of MESR and the networks it is compared with."""


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
    from pipeline.assets.fetching import fetch_assets  # noqa: PLC0415
    from pipeline.assets.registry import describe_size, registry  # noqa: PLC0415

    if names:
        names = [canonical(name, registry()) for name in names]
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
    weights: Weights = None,
    variant: Variant = "",
    seed: Seed = None,
    protocol: Annotated[
        str, typer.Option(help="rgb, y, idn, lapsrn, pan, srcnn, vdsr or ntire")
    ] = "rgb",
    lr: Annotated[
        str | None,
        typer.Option(help="LR images to take as they are: folder, or asset"),
    ] = None,
    self_ensemble: Ensemble = False,
    metric: Annotated[
        list[str] | None, typer.Option(help="also lpips, dists, fsim ...; may be given repeatedly")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(file_okay=False, help="folder for CSV and images")
    ] = None,
) -> None:
    """Measure PSNR, SSIM and, on request, further metrics image by image."""
    from pipeline.imaging.backend import choose_device  # noqa: PLC0415
    from pipeline.imaging.protocol import get_protocol  # noqa: PLC0415
    from pipeline.scoring.evaluation import save_images  # noqa: PLC0415
    from pipeline.scoring.further import FurtherMetrics  # noqa: PLC0415
    from pipeline.study.further_metrics import FURTHER, metric_weights  # noqa: PLC0415
    from pipeline.study.quality import quality_table, summary  # noqa: PLC0415
    from pipeline.support.files import atomic_path  # noqa: PLC0415
    from pipeline.tools.folders import given_lr, score_folder  # noqa: PLC0415
    from pipeline.tools.selection import (  # noqa: PLC0415
        folder_of_images,
        refuse_options,
        select_images,
        select_subject,
    )

    chosen = get_protocol(protocol)
    names = list(dict.fromkeys(canonical(name, FURTHER) for name in metric or ()))
    further = FurtherMetrics(metric_weights(names), choose_device())
    dataset, images = select_images(data)
    if (folder := folder_of_images(model)) is not None:
        refuse_options(
            "a folder of SR images", weights=weights, variant=variant, seed=seed,
            self_ensemble=self_ensemble or None, lr=lr,
        )  # fmt: skip
        table = score_folder(folder, images, dataset, scale, chosen, further)
    else:
        subject = select_subject(
            model, scale, weights=weights, variant=variant, seed=seed, self_ensemble=self_ensemble
        )

        readers = None
        if lr is not None:
            readers = given_lr(lr, images, scale)
            chosen = chosen.with_given_lr()

        def keep(name: str, found: Any) -> None:
            if out is not None:
                save_images(out / name, found, with_inputs=False)

        table = quality_table(subject, images, dataset, chosen, keep, readers, further)
    if out is not None:
        with atomic_path(out / "quality.csv") as temporary:
            table.to_csv(temporary, index=False)
    _show(table, {name: FURTHER[name] for name in names})
    print(summary(table))


@app.command()
def audit(
    subject: Annotated[str, typer.Argument(help="folder of SR images, network, or spandrel:FILE")],
    scale: Scale,
    data: Annotated[str, typer.Option(help="dataset by name, or a folder of HR images")],
    psnr: Annotated[str | None, typer.Option(help="the claimed PSNR, as printed")] = None,
    ssim: Annotated[str | None, typer.Option(help="the claimed SSIM, as printed")] = None,
    weights: Weights = None,
    variant: Variant = "",
    seed: Seed = None,
    csv: Annotated[
        Path | None, typer.Option(dir_okay=False, help="file for all combinations")
    ] = None,
) -> None:
    """Say which evaluation gives a claimed PSNR or SSIM: every protocol is tried."""
    from pipeline.imaging.backend import choose_device  # noqa: PLC0415
    from pipeline.support.files import atomic_path  # noqa: PLC0415
    from pipeline.tools import audit as audits  # noqa: PLC0415
    from pipeline.tools.folders import pair_images  # noqa: PLC0415
    from pipeline.tools.selection import (  # noqa: PLC0415
        folder_to_audit,
        refuse_options,
        select_images,
        select_subject,
    )

    claim = audits.Claim(psnr, ssim)
    _, images = select_images(data)
    # Opened before the work, which is lost where the file cannot be written.
    with atomic_path(csv) if csv is not None else nullcontext() as temporary:
        if (folder := folder_to_audit(subject)) is not None:
            refuse_options("a folder of SR images", weights=weights, variant=variant, seed=seed)
            pairs = pair_images(folder, images, scale)
            measured = audits.measure_images(pairs, scale, ssim=ssim is not None)
        else:
            chosen = select_subject(subject, scale, weights=weights, variant=variant, seed=seed)
            network = chosen.network.to(choose_device())
            measured = audits.measure_network(network, images, ssim=ssim is not None)
        findings = audits.explain(measured, claim)
        if temporary is not None:
            audits.table(findings).to_csv(temporary, index=False)
    shown = Table("evaluation", r"PSNR \[dB]", *(["SSIM"] if ssim is not None else []))
    for finding in [f for f in findings if f.meets] or findings[:5]:
        figures = [f"{finding.psnr_db:.4f}", f"{finding.ssim:.6f}"]
        shown.add_row(Text(finding.description), *figures[: len(shown.columns) - 1])
    Console().print(shown)
    print(audits.verdict(findings, claim))
    if not findings[0].meets and (hint := audits.separately(measured, claim)):
        print(hint)


def _show(table: "pd.DataFrame", further: "Mapping[str, FurtherMetric]") -> None:
    digits = {"psnr_db": 2, "ssim": 4} | {name: metric.digits for name, metric in further.items()}
    titles = [f"{metric.label} {metric.arrow}" for metric in further.values()]
    shown = Table("image", r"PSNR-Y \[dB]", "SSIM", *titles)
    values = table[list(digits)].astype(float)

    def cells(row: "pd.Series") -> list[str]:
        return [f"{row[name]:.{after}f}" for name, after in digits.items()]

    for image, (_, row) in zip(table["image"], values.iterrows(), strict=True):
        shown.add_row(Text(image), *cells(row))
    shown.add_section()
    shown.add_row("mean", *cells(values.mean()))
    Console().print(shown)


@app.command()
def upscale(
    images: Annotated[list[Path], typer.Argument(help="image files")],
    scale: Scale,
    out: Annotated[
        Path, typer.Option(file_okay=False, help="folder for the enlarged images")
    ] = Path(),
    model: Annotated[str, typer.Option(help="network, or spandrel:FILE")] = "mesr",
    weights: WeightsForUse = None,
    variant: Variant = "",
    seed: Seed = None,
    self_ensemble: Ensemble = False,
    tile: Annotated[
        int, typer.Option(min=0, help="largest tile in LR pixels; 0 takes whole images")
    ] = 256,
) -> None:
    """Enlarge images of any size in bounded memory; gray stays gray and alpha is kept."""
    from pipeline.imaging.backend import choose_device  # noqa: PLC0415
    from pipeline.tools.selection import select_for_use  # noqa: PLC0415
    from pipeline.tools.upscale import upscale_file  # noqa: PLC0415

    subject, told = select_for_use(
        model, scale, weights=weights, variant=variant, seed=seed, self_ensemble=self_ensemble
    )
    if told:
        print(told)
    network = subject.network.to(choose_device())
    targets = [out / f"{path.stem}_x{scale}.png" for path in images]
    if len(set(targets)) < len(targets):
        raise UserError("two images have the same name; enlarge them into different folders")
    for path, target in zip(images, targets, strict=True):
        print(upscale_file(network, path, target, tile))


@app.command()
def export(
    model: Annotated[str, typer.Argument(help="network, or spandrel:FILE")],
    scale: Scale,
    out: Annotated[Path, typer.Option(help="file to write: NAME.onnx, or NAME.pt2 of PyTorch")],
    weights: WeightsForUse = None,
    variant: Variant = "",
    seed: Seed = None,
) -> None:
    """Write a network as ONNX or as a program of PyTorch, compared with the network itself."""
    from pipeline.tools.exporting import describe_weights, export_network  # noqa: PLC0415
    from pipeline.tools.selection import select_for_use  # noqa: PLC0415

    subject, told = select_for_use(model, scale, weights=weights, variant=variant, seed=seed)
    if told:
        print(told)
    found = export_network(subject.network, out, describe_weights(subject))
    for name, value in found.metadata.items():
        print(f"{name}: {value}")
    sizes = ", ".join(f"{width}x{height}" for height, width in found.deviations)
    worst = max(found.deviations.values())
    print(
        f"{out}: differs from PyTorch by at most {worst:.2g} of full scale on LR images of {sizes}"
    )


@app.command()
def card(
    model: Annotated[str, typer.Argument(help="network that was trained here")],
    scale: Scale,
    variant: Variant = "",
    seed: Seed = None,
    out: Annotated[Path | None, typer.Option(help="file to write; none prints the card")] = None,
) -> None:
    """Write a model card of a trained network, with Hugging Face's front matter."""
    from pipeline.models.networks import NETWORKS  # noqa: PLC0415
    from pipeline.support.files import atomic_path  # noqa: PLC0415
    from pipeline.tools.cards import model_card  # noqa: PLC0415
    from pipeline.tools.recorded import read_recorded  # noqa: PLC0415
    from pipeline.tools.selection import trained_key  # noqa: PLC0415

    key = trained_key(canonical(model, NETWORKS), scale, variant, seed)
    text = model_card(read_recorded(key))
    if out is None:
        print(text, end="")
        return
    with atomic_path(out) as temporary:
        temporary.write_text(text, encoding="utf-8")
    print(f"{out}: card of {key}")


@app.command()
def ship(
    models: Annotated[list[str] | None, typer.Argument(help="networks [mesr]")] = None,
    seed: Seed = None,
    out: Annotated[
        Path | None, typer.Option(help="folder to write [weights, beside the code]")
    ] = None,
) -> None:
    """Take the study's weights into the folder that comes with the code, with a manifest."""
    from pipeline.models.networks import NETWORKS  # noqa: PLC0415
    from pipeline.study.paths import SHIPPED  # noqa: PLC0415
    from pipeline.study.results import read_study  # noqa: PLC0415
    from pipeline.tools.selection import trained_key  # noqa: PLC0415
    from pipeline.tools.shipping import ship as write  # noqa: PLC0415

    names = [canonical(model, NETWORKS) for model in models or ["mesr"]]
    scales = read_study(remedy="dvc repro tables").scales
    keys = [trained_key(name, scale, seed=seed) for name in names for scale in scales]
    folder = out or SHIPPED
    for entry in write(keys, folder).weights:
        loss = "" if entry.half_loss_db is None else f" ({entry.half_loss_db:+.4f} dB lost by half)"
        print(f"{folder / entry.file}: {entry.name}, stored as {entry.stored}{loss}")


@app.command()
def archive(
    folder: Annotated[Path | None, typer.Argument(help="[studies/PROFILE]")] = None,
    pdf: Annotated[bool, typer.Option(help="compile the report's LaTeX")] = True,
) -> None:
    """Keep the finished study of this folder: results, report, parameters and lock."""
    from dvc.repo import Repo  # noqa: PLC0415

    from pipeline.study.paths import STUDIES  # noqa: PLC0415
    from pipeline.study.results import read_study  # noqa: PLC0415
    from pipeline.tools.archiving import archive as write  # noqa: PLC0415

    folder = folder or STUDIES / read_study(remedy="dvc repro tables").profile
    write(folder, {stage.addressing for stage in Repo().index.stages}, pdf=pdf)
    print(f"{folder}: kept")


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
    from mesr.common.base import SCALES  # noqa: PLC0415
    from pipeline.complexity import count_all  # noqa: PLC0415
    from pipeline.models.counting import parse_size  # noqa: PLC0415
    from pipeline.models.networks import NETWORKS  # noqa: PLC0415
    from pipeline.study.published_figures import published_complexity  # noqa: PLC0415

    models = [canonical(model, NETWORKS) for model in models or ()] or None
    for model in models or ():
        if model not in NETWORKS:
            raise UserError(
                f"network {model!r} is unknown.{suggestion(model, NETWORKS)} "
                f"Known: {', '.join(sorted(NETWORKS))}"
            )
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


@app.command()
def verify(
    targets: Annotated[
        list[str] | None,
        typer.Argument(help="stages to bring up to date first, and to compare alone; none: all"),
    ] = None,
    revision: Annotated[
        str, typer.Option(help="commit whose dvc.lock and results are compared with")
    ] = "HEAD",
    optional: Annotated[
        bool,
        typer.Option(
            "--optional", help="exit status 0, and nothing said where there is nothing to compare"
        ),
    ] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="list the paths")] = False,
) -> None:
    """Say whether the study of this folder was computed here and equals the recorded one.

    The exit status tells what is said: docs/reproducibility.md lists them.
    """
    from pipeline.study.verification import Verdict, tell_report  # noqa: PLC0415
    from pipeline.study.verification import verify as compare  # noqa: PLC0415

    if targets:
        from pipeline.scheduling.repro import repro as run_stages  # noqa: PLC0415

        run_stages(targets)
    found = compare(revision=revision, targets=targets or ())
    if optional and found.verdict is Verdict.INCOMPARABLE:
        return
    if verbose:
        for told, path in found.paths:
            print(f"{told}: {path}")
    more = bool(found.paths) and not verbose
    print(found.sentence() + (" `mesr verify -v` lists them." if more else ""))
    if not targets:
        tell_report(found)
    if not optional:
        raise typer.Exit(found.verdict.status)


@app.command()
def repro(
    targets: Annotated[
        list[str] | None, typer.Argument(help="stages, with what they need; none means all")
    ] = None,
    jobs: Annotated[
        int | None,
        typer.Option("--jobs", "-j", min=1, help="stages at a time [one a GPU, else by cores]"),
    ] = None,
    pull: Annotated[
        bool, typer.Option("--pull", help="fetch missing data and run cache from the remote")
    ] = False,
    cluster: Annotated[
        str | None, typer.Option(help="run stages as jobs of a cluster, see conf/cluster: slurm")
    ] = None,
) -> None:
    """Run what is out of date, several stages at a time; the outcome is that of `dvc repro`."""
    from pipeline.scheduling.repro import repro as run_stages  # noqa: PLC0415

    run_stages(targets, jobs=jobs, pull=pull, cluster=cluster)


def main() -> None:
    """Entry point of the command `mesr`."""
    raise SystemExit(run(app))


if __name__ == "__main__":
    main()
