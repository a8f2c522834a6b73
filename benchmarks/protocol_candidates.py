"""Which MATLAB did each author use? Cells met at their printed digits, by how LR images are made.

Usage: python -m benchmarks.protocol_candidates [--networks idn ...] [--datasets Set5 ...]

For every published cell whose weights are at hand, the network runs on the LR images of each
candidate: MATLAB's `imresize` of doubles (not rounded, or rounded once when the file is written)
or of 8-bit images (rounded between the passes as well), with either border. Everything else is as
in the authors' protocol. Measurements are kept in `--kept`, one JSON line each, so that a run that
was stopped goes on where it was. Prints the table of docs/protocols.md: cells whose PSNR and SSIM
round to the published digits, by source and candidate, and every deviation.
"""

import argparse
import json
import math
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any, Literal

import torch

from pipeline.imaging.degradation import degrade, make_reference
from pipeline.imaging.inference import super_resolve
from pipeline.imaging.packed import PackedImages
from pipeline.imaging.protocol import Protocol, get_protocol
from pipeline.models.networks import build_network
from pipeline.models.published_weights import load_published, published_weights
from pipeline.scoring.evaluation import score
from pipeline.study.published_figures import published_quality
from pipeline.study.verdicts import rounds_to
from pipeline.support.console import run

NETWORKS = ("bicubic", "srcnn", "vdsr", "lapsrn", "idn", "pan", "a2f")
# What goes into `imresize` and what is kept of its result: (lr_rounding, lr_pass_rounding).
PRECISIONS = {"double": (False, False), "rounded": (True, False), "uint8": (True, True)}
BORDERS: tuple[Literal["mirror", "clamp"], ...] = ("mirror", "clamp")
SSIM_BORDERS: tuple[Literal["valid", "replicate"], ...] = ("valid", "replicate")
Row = dict[str, Any]


def cells(networks: Iterable[str], datasets: Iterable[str], raw: Path) -> list[tuple[Any, ...]]:
    """List published cells whose weights are at hand: (model, variant, scale, dataset)."""
    found = []
    for dataset, model in product(datasets, networks):
        for entry in published_quality().values():
            if (entry.model, entry.dataset) != (model, dataset):
                continue
            if entry.psnr_db is None and entry.ssim is None:
                continue
            weights = published_weights(model, entry.scale)
            here = [w for w in weights if w.variant == entry.variant and not w.missing(raw)]
            if model == "bicubic" or here:
                found.append((model, entry.variant, entry.scale, dataset))
    return found


def measure(network: Any, images: PackedImages, scale: int, protocol: Protocol) -> Row:
    """Mean scores over the images of a dataset, SSIM with both borders."""
    psnr_db, ssims = [], defaultdict(list)
    for name in images.names:
        reference = make_reference(images[name], scale, protocol, name)
        lr = degrade(reference, scale, protocol)
        sr = super_resolve(network, lr, protocol)[-1]
        for border in SSIM_BORDERS:
            value, ssim = score(
                sr, reference, scale, replace(protocol, ssim_border=border), name=name
            )
            ssims[border].append(ssim)
        psnr_db.append(value)
    return {
        "psnr_db": math.fsum(psnr_db) / len(psnr_db),
        **{f"ssim_{border}": math.fsum(v) / len(v) for border, v in ssims.items()},
    }


def measure_all(arguments: argparse.Namespace) -> list[Row]:
    """Measure what is not kept yet."""
    kept = arguments.kept
    rows = [json.loads(line) for line in kept.read_text().splitlines()] if kept.is_file() else []
    have = {(*row["cell"], row["precision"], row["border"]) for row in rows}
    for cell in cells(arguments.networks, arguments.datasets, arguments.data / "raw"):
        model, variant, scale, dataset = cell
        todo = [c for c in product(arguments.precisions, BORDERS) if (*cell, *c) not in have]
        if not todo:
            continue
        network = (
            build_network(model, scale)
            if model == "bicubic"
            else load_published(model, scale, variant, arguments.data / "raw")
        )
        images = PackedImages(arguments.data / f"hr/{dataset}.h5")
        base = get_protocol(published_quality()[cell].protocol)
        for precision, border in todo:
            rounding, pass_rounding = PRECISIONS[precision]
            protocol = replace(
                base, lr_rounding=rounding, lr_pass_rounding=pass_rounding, lr_border=border
            )
            row = {"cell": cell, "precision": precision, "border": border}
            row |= measure(network, images, scale, protocol)
            rows.append(row)
            with kept.open("a") as stream:
                stream.write(json.dumps(row) + "\n")
    return rows


def report(rows: Iterable[Row]) -> Iterator[str]:
    """Yield Markdown: cells met by source and candidate, then every deviation in dB."""
    by_network: dict[tuple[str, str], dict[tuple[str, str], list[Row]]] = {}
    for row in rows:
        model, variant, *_ = row["cell"]
        by_candidate = by_network.setdefault((model, variant), {})
        by_candidate.setdefault((row["precision"], row["border"]), []).append(row)
    yield "| weights | LR images | border | PSNR | SSIM | deviations of PSNR [mdB] |"
    yield "|---|---|---|---|---|---|"
    for (model, variant), by_candidate in by_network.items():
        for (precision, border), found in by_candidate.items():
            psnrs, ssims, deviations = [], [], []
            for row in found:
                entry = published_quality()[tuple(row["cell"])]
                protocol = get_protocol(entry.protocol)
                if entry.psnr_db is not None:
                    deviation = row["psnr_db"] - float(entry.psnr_db)
                    psnrs.append(rounds_to(row["psnr_db"], entry.psnr_db))
                    deviations.append(f"{entry.dataset} x{entry.scale} {1000 * deviation:+.1f}")
                if entry.ssim is not None:
                    ssims.append(rounds_to(row[f"ssim_{protocol.ssim_border}"], entry.ssim))
            yield (
                f"| {model} {variant} | {precision} | {border} | {sum(psnrs)} of {len(psnrs)} | "
                f"{sum(ssims)} of {len(ssims)} | {', '.join(deviations)} |"
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("data"), help="hr/ and raw/ in it")
    parser.add_argument("--networks", nargs="+", default=list(NETWORKS))
    parser.add_argument("--datasets", nargs="+", default=["Set5", "Set14"])
    parser.add_argument("--precisions", nargs="+", default=list(PRECISIONS), choices=PRECISIONS)
    parser.add_argument("--kept", type=Path, default=Path("protocol_candidates.jsonl"))
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    torch.set_grad_enabled(False)
    for line in report(measure_all(arguments)):
        print(line)


if __name__ == "__main__":
    raise SystemExit(run(main))
