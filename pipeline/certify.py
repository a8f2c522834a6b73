"""Stage `certify`: published weights, measured here, against the figures published for them.

The same weights give PSNR values up to 1.3 dB apart under different evaluation code. An evaluator
that reproduces the figures of many papers from the papers' own weights has none of those faults.
Each network is evaluated as its authors did it: under one of the two protocols, with the named
options that `published/quality.csv` lists where they differ from it.
"""

import argparse
import math
from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pandas as pd

from mesr.common.base import SCALES, SRNetwork
from pipeline.imaging.backend import choose_device
from pipeline.imaging.packed import PackedImages
from pipeline.imaging.protocol import RGB, Protocol, Y
from pipeline.models.networks import build_network, network_variants
from pipeline.models.published_weights import RAW, load_published, published_weights
from pipeline.scoring.evaluation import evaluate_image
from pipeline.study.params import load_params
from pipeline.study.published_figures import (
    CERTIFICATE_COLUMNS,
    PUBLISHED_FOLDER,
    PublishedQuality,
    published_quality,
)
from pipeline.support.console import run
from pipeline.support.errors import UserError
from pipeline.support.files import atomic_path
from pipeline.support.revision import git_revision

HR = Path("data/hr")
CERTIFICATES = Path("certificates")
RECORD = PUBLISHED_FOLDER / "certificate.csv"

# Papers print two digits of PSNR and four of SSIM; the tolerance covers their rounding and that of
# single precision on other hardware, and nothing else.
TOLERANCE_DB = 0.02
TOLERANCE_SSIM = 0.001


def protocol_with(name: str, details: str) -> Protocol:
    """Return protocol `name` ("rgb" or "y") with options, ``"option=value; option=value"``.

    Raises
    ------
    UserError
        For an option or a value that `Protocol` does not have.
    """
    base = {"rgb": RGB, "y": Y}[name]
    kinds = get_type_hints(Protocol)
    options: dict[str, Any] = {}
    for detail in filter(None, details.split("; ")):
        option, _, text = detail.partition("=")
        if option == "name" or option not in {field.name for field in fields(Protocol)}:
            raise UserError(
                f"published/quality.csv, details: {option!r} is no option of the protocols. "
                f"Options: {', '.join(f.name for f in fields(Protocol) if f.name != 'name')}."
            )
        allowed = {"yes": True, "no": False}
        if kinds[option] is not bool:
            allowed = {value: value for value in get_args(kinds[option])}
        if text not in allowed:
            raise UserError(
                f"published/quality.csv, details: {option} is {text!r}; "
                f"expected one of {', '.join(allowed)}."
            )
        options[option] = allowed[text]
    return replace(base, **options)


def authors_protocol(
    model: str, variant: str, entry: PublishedQuality | None, domain: str
) -> tuple[str, str]:
    """Name and options of the protocol that a network's authors used.

    Where the dataset has no published figure, the network's other figures tell; without any,
    the network's domain does.
    """
    if entry is None:
        entries = published_quality().values()
        entry = next((e for e in entries if (e.model, e.variant) == (model, variant)), None)
    return (entry.protocol, entry.details) if entry else (domain, "")


def within_tolerance(
    entry: PublishedQuality | None, psnr_db: float | None, ssim: float | None
) -> str:
    """Verdict on a cell: "true", "false", or "" when there is nothing to compare."""
    if entry is None or psnr_db is None or ssim is None:
        return ""
    deviations = [
        abs(measured - published) <= tolerance + 1e-9
        for measured, published, tolerance in (
            (psnr_db, entry.psnr_db, TOLERANCE_DB),
            (ssim, entry.ssim, TOLERANCE_SSIM),
        )
        if published is not None
    ]
    return str(all(deviations)).lower() if deviations else ""


def measure(network: SRNetwork, images: PackedImages, protocol: Protocol) -> tuple[float, float]:
    """Mean PSNR in dB and mean SSIM of a network over the images of a dataset."""
    network = network.to(choose_device())
    found = [evaluate_image(network, images[n], protocol, name=n) for n in images.names]
    return (
        math.fsum(e.psnr_db for e in found) / len(found),
        math.fsum(e.ssim for e in found) / len(found),
    )


def certify_cell(
    model: str,
    variant: str,
    scale: int,
    dataset: str,
    *,
    images: PackedImages,
    raw: Path = RAW,
) -> dict[str, Any]:
    """Certify one network at one scale on one dataset.

    Returns
    -------
    dict
        One row, keys as `CERTIFICATE_COLUMNS`. Measured values are None when the weights are not
        here or were never published; `note` says so.
    """
    entry = published_quality().get((model, variant, scale, dataset))
    weights = next((w for w in published_weights(model, scale) if w.variant == variant), None)
    notes = [entry.note if entry else ""]
    if entry is None or (entry.psnr_db is None and entry.ssim is None):
        notes.insert(0, "no published figure to compare with")
    network: SRNetwork | None = None
    if model == "bicubic":
        network = build_network(model, scale)
    elif weights is None:
        notes.insert(0, "no published weights")
    elif missing := weights.missing(raw):
        notes.insert(0, f"weights not downloaded: {missing[0].relative_to(raw)}")
    else:
        network = load_published(model, scale, variant, raw)
        notes.append(weights.note)
    domain = network.domain if network else "rgb"
    name, details = authors_protocol(model, variant, entry, domain)
    psnr_db = ssim = None
    if network is not None:
        psnr_db, ssim = measure(network, images, protocol_with(name, details))
    return {
        "model": model,
        "scale": scale,
        "dataset": dataset,
        "protocol": name,
        "published_psnr_db": entry.psnr_db if entry else None,
        "psnr_db": psnr_db,
        "published_ssim": entry.ssim if entry else None,
        "ssim": ssim,
        "source": entry.source if entry else "",
        "within_tolerance": within_tolerance(entry, psnr_db, ssim),
        "variant": variant,
        "details": details,
        "note": "; ".join(dict.fromkeys(filter(None, notes))),
        "measured": "" if network is None else "measured",
        "git_revision": "",
    }


def variants(model: str) -> list[str]:
    """Variants of a network that have published figures or published weights."""
    known = list(network_variants(model))
    known += [e.variant for e in published_quality().values() if e.model == model]
    known += [w.variant for w in published_weights(model)]
    return list(dict.fromkeys(known))


def write_certificate(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    """Write certificate rows, dB and SSIM with 6 digits."""
    with atomic_path(path) as temporary:
        pd.DataFrame(rows, columns=list(CERTIFICATE_COLUMNS)).to_csv(
            temporary, index=False, float_format="%.6f", lineterminator="\n"
        )


def certify(network: str, dataset: str) -> list[dict[str, Any]]:
    """Certify every variant and scale of a network on a dataset; print a line for each cell."""
    images = PackedImages(HR / f"{dataset}.h5")
    rows = []
    for variant in variants(network):
        for scale in SCALES:
            row = certify_cell(network, variant, scale, dataset, images=images)
            rows.append(row)
            print(describe(row), flush=True)
    return rows


def describe(row: dict[str, Any]) -> str:
    """One line about a cell, for the terminal."""
    name = " ".join(filter(None, (row["model"], row["variant"], f"x{row['scale']}")))
    if row["psnr_db"] is None:
        return f"{name} {row['dataset']}: not measured ({row['note']})"
    published = "/".join(
        "-" if value is None else f"{value:.{digits}f}"
        for value, digits in ((row["published_psnr_db"], 2), (row["published_ssim"], 4))
    )
    verdict = {"true": "within tolerance", "false": "MISSES", "": "nothing to compare"}
    return (
        f"{name} {row['dataset']}: {row['psnr_db']:.3f} dB/{row['ssim']:.4f}, "
        f"published {published}: {verdict[row['within_tolerance']]}"
    )


def record() -> None:
    """Collate `certificates/` into the committed record that offline profiles show.

    Raises
    ------
    UserError
        When params.yaml certifies nothing, or one of its certificates is missing.
    """
    params = load_params().certify
    paths = [CERTIFICATES / f"{n}_{d}.csv" for n in params.networks for d in params.datasets]
    if not paths:
        raise UserError(
            "params.yaml: certify.networks is empty, so there is nothing to record. Compose a "
            "profile that certifies: python -m pipeline.configure profile=certify"
        )
    if absent := [path for path in paths if not path.is_file()]:
        raise UserError(f"{absent[0]}: missing. Measure it first: dvc repro certify")
    table = pd.concat([pd.read_csv(path, dtype=str, keep_default_na=False) for path in paths])
    measured = table["measured"] == "measured"
    table.loc[measured, "measured"] = "recorded"
    table.loc[measured, "git_revision"] = git_revision()
    with atomic_path(RECORD) as temporary:
        table.to_csv(temporary, index=False, lineterminator="\n")
    print(f"recorded {measured.sum()} measured cells of {len(table)} in {RECORD}")


def main(argv: Sequence[str] | None = None) -> None:
    """Measure NETWORK with its published weights on DATASET, or record all certificates."""
    parser = argparse.ArgumentParser(prog="python -m pipeline.certify", description=main.__doc__)
    parser.add_argument("network", nargs="?", help="name in pipeline/models/networks.py")
    parser.add_argument("dataset", nargs="?", help="dataset whose images are in data/hr")
    parser.add_argument(
        "--record",
        action="store_true",
        help="write published/certificate.csv from the certificates that params.yaml names",
    )
    arguments = parser.parse_args(argv)
    if arguments.record:
        record()
    elif arguments.network and arguments.dataset:
        rows = certify(arguments.network, arguments.dataset)
        path = CERTIFICATES / f"{arguments.network}_{arguments.dataset}.csv"
        write_certificate(path, rows)
    else:
        parser.error("give NETWORK and DATASET, or --record")


if __name__ == "__main__":
    raise SystemExit(run(main))
