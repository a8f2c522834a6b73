"""`mesr evaluate`: scores of a network, or of SR images that others made, image by image."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Annotated

import pandas as pd
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text
from tqdm import tqdm

from mesr.common.base import SRNetwork
from pipeline.imaging.backend import choose_device
from pipeline.imaging.protocol import PROTOCOLS, Protocol, get_protocol, image_in_space
from pipeline.scoring.evaluation import Reader, evaluate_images, save_images, score
from pipeline.scoring.further import FurtherMetrics
from pipeline.study.further_metrics import FURTHER, metric_weights
from pipeline.support.files import atomic_path
from pipeline.support.names import canonical
from pipeline.tools.folders import GivenImages, given_lr, hr_images, sr_pairs
from pipeline.tools.options import Data, Ensemble, Pairs, Scale, Seed, Variant, Weights
from pipeline.tools.selection import folder_of_images, refuse_options, select_subject

Metrics = Annotated[list[str] | None, typer.Option(help="also lpips, dists ...; repeatable")]
GivenLR = Annotated[str | None, typer.Option(help="LR images to take: folder, or asset")]
Out = Annotated[Path | None, typer.Option(file_okay=False, help="folder for CSV and images")]


def evaluate(
    model: Annotated[str, typer.Argument(help="network, spandrel:FILE, or images:FOLDER of SR")],
    scale: Scale,
    data: Data,
    weights: Weights = None,
    variant: Variant = "",
    seed: Seed = None,
    protocol: Annotated[str, typer.Option(help=", ".join(PROTOCOLS))] = "rgb",
    lr: GivenLR = None,
    self_ensemble: Ensemble = False,
    metric: Metrics = None,
    out: Out = None,
    pairs: Pairs = False,
) -> None:
    """Measure PSNR, SSIM and, on request, further metrics image by image."""
    chosen = get_protocol(protocol)
    names = list(dict.fromkeys(canonical(name, FURTHER) for name in metric or ()))
    further = FurtherMetrics(metric_weights(names), choose_device())
    dataset, images = hr_images(data)
    if (folder := folder_of_images(model)) is not None:
        refuse_options(
            "a folder of SR images", weights=weights, variant=variant, seed=seed,
            self_ensemble=self_ensemble or None, lr=lr,
        )  # fmt: skip
        given = GivenImages(sr_pairs(folder, images, scale, show=pairs), scale)
        facts: dict[str, object] = {"model": folder.name, "variant": "", "source": "given"}
        rows = _of_images(given, chosen, further)
    else:
        subject = select_subject(
            model, scale, weights=weights, variant=variant, seed=seed, self_ensemble=self_ensemble
        )
        readers = None
        if lr is not None:
            readers = given_lr(lr, images, scale, show=pairs)
            chosen = chosen.with_given_lr()
        facts = {n: getattr(subject, n) for n in ("variant", "source", "seed")}
        facts["model"] = subject.name
        bar = tqdm(images, desc=f"{subject.name} x{scale} on {dataset}", disable=None, unit="image")
        rows = _of_network(subject.network, bar, dataset, chosen, readers, further, out)
    facts |= {"scale": scale, "dataset": dataset, "protocol": chosen.name}
    table = pd.DataFrame([facts | row for row in rows])
    columns = ("model", "variant", "source", "scale", "dataset", "image", "protocol", "seed")
    table = table.reindex(columns=[*columns, "psnr_db", "ssim", *names]).astype({"seed": "Int64"})
    if out is not None:
        with atomic_path(out / "quality.csv") as temporary:
            table.to_csv(temporary, index=False, float_format="%.6f")
    psnr = r"PSNR \[dB]" if chosen.metric == "rgb" else r"PSNR-Y \[dB]"
    shown = Table("image", psnr, "SSIM", *(f"{FURTHER[n].label} {FURTHER[n].arrow}" for n in names))
    digits = {"psnr_db": 2, "ssim": 4} | {name: FURTHER[name].digits for name in names}
    means = table[list(digits)].mean()
    for row in [*table.to_dict("records"), {"image": "mean", **means}]:
        cells = [f"{row[name]:.{after}f}" for name, after in digits.items()]
        shown.add_row(Text(row["image"]), *cells, end_section=len(shown.rows) == len(table) - 1)
    Console().print(shown)
    print(
        f"{facts['model']} x{scale} on {dataset} ({len(table)} images, protocol {chosen.name}): "
        f"PSNR {means.psnr_db:.2f} dB, SSIM {means.ssim:.4f}"
    )


def _of_network(
    network: SRNetwork,
    images: Iterable[tuple[str, Reader]],
    dataset: str,
    protocol: Protocol,
    lr: Mapping[str, Reader] | None,
    further: FurtherMetrics,
    out: Path | None,
) -> Iterator[dict[str, object]]:
    found = evaluate_images(network, images, dataset, protocol, choose_device(), lr)
    for name, image in found:
        if out is not None:
            save_images(out / name, image, with_inputs=False)
        label = f"{dataset}/{name}"
        values = further.score(image.sr, image.hr, network.scale, protocol, name=label)
        yield {"image": name, "psnr_db": image.psnr_db, "ssim": image.ssim, **values}


def _of_images(
    given: GivenImages, protocol: Protocol, further: FurtherMetrics
) -> Iterator[dict[str, object]]:
    for name, read_sr, read_hr in given.pairs:
        sr, reference = given.prepared(read_sr(), read_hr(), protocol, name)
        sr = image_in_space(sr, protocol)
        psnr_db, ssim = score(sr, reference, given.scale, protocol, name=name)
        values = further.score(sr, reference, given.scale, protocol, name=name)
        yield {"image": name, "psnr_db": psnr_db, "ssim": ssim, **values}
