"""Stages `evaluate*`: run one trained, published or parameter-free network on one dataset."""

import argparse
import sys
import time
from collections.abc import Callable, Collection, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from pipeline.imaging.backend import backend_flags, choose_device, computed_on, device_name
from pipeline.imaging.packed import PackedImages
from pipeline.imaging.protocol import Protocol, get_protocol
from pipeline.models.networks import network_class
from pipeline.scoring.evaluation import Evaluation, save_images
from pipeline.scoring.further import FurtherMetrics
from pipeline.study.further_metrics import metric_weights
from pipeline.study.keys import Key, parse_scale, parse_seed
from pipeline.study.params import load_params
from pipeline.study.paths import hr_file, pictures_folder, quality_file, record_file
from pipeline.study.quality import quality_table, summary
from pipeline.study.results import QUALITY, write_json
from pipeline.study.subjects import published_entry, subject_of
from pipeline.support.console import run
from pipeline.support.files import atomic_path
from pipeline.support.provenance import code_digest, network_code, write_log

SHARED_CODE = ("pipeline/imaging", "pipeline/scoring")


def evaluate(
    key: Key,
    dataset: str,
    protocol: Protocol,
    keep_images: Collection[str] | None,
    metrics: Sequence[str] = (),
) -> pd.DataFrame:
    """Evaluate ``key`` on a packed dataset into ``evaluations/<key>``.

    Parameters
    ----------
    key : Key
        Of the evaluation, see `subject_of`.
    dataset : str
        ``data/hr/<dataset>.h5`` holds its images.
    protocol : Protocol
        How to degrade and score.
    keep_images : collection of str or None
        ``dataset/image`` of the SR images to keep as PNG; None keeps all.
    metrics : sequence of str
        Names of metrics beside PSNR and SSIM.

    Returns
    -------
    DataFrame
        The rows written to ``quality/<dataset>.csv``; none for published weights that were not
        among those that could be downloaded. ``record/<dataset>.json`` says what determines them.
    """
    began = time.perf_counter()
    images = PackedImages(hr_file(dataset))
    missing = published_entry(key).missing() if key.kind == "published" else []
    further = FurtherMetrics(metric_weights(metrics), choose_device())
    contract = QUALITY.with_numbers(further.names)
    params = None
    print(f"evaluate {key} on {len(images)} images of {dataset}", flush=True)
    with atomic_path(pictures_folder(key, dataset)) as folder:
        folder.mkdir(parents=True)
        if missing:
            print(f"{key}: no rows, {missing[0]} was not downloaded", file=sys.stderr)
            table = pd.DataFrame(columns=contract.names)
        else:
            subject = subject_of(key)
            params = sum(parameter.numel() for parameter in subject.network.parameters())

            def keep(name: str, found: Evaluation) -> None:
                if keep_images is None or f"{dataset}/{name}" in keep_images:
                    save_images(folder / name, found, with_inputs=subject.model == "bicubic")

            readers = [(name, partial(images.__getitem__, name)) for name in images.names]
            table = quality_table(subject, readers, dataset, protocol, keep, further=further)

    device = choose_device()
    code = [*network_code(network_class(key.model)), *map(Path, SHARED_CODE)]
    record = {
        "key": str(key),
        "dataset": dataset,
        "protocol": protocol.name,
        "images": len(table),
        "params": params,
        **computed_on(device),
        "code_digest": code_digest(code),
        "data_digest": f"hr {images.digest}",
    }
    contract.write(table, quality_file(key, dataset))
    write_json(record_file(key, dataset), record)
    write_log(f"evaluations/{key}/{dataset}", began, processor=device_name(device))
    return table


def _option(name: str, text: str, read: Callable[[str], Any] = str) -> argparse.ArgumentParser:
    parent = argparse.ArgumentParser(add_help=False)
    parent.add_argument(f"--{name}", required=True, type=read, help=text)
    return parent


def read_arguments(argv: Sequence[str] | None) -> tuple[Key, str]:
    """Return what the command line says to evaluate, and on which dataset."""
    dataset = _option("dataset", "a name in params.yaml, data.images")
    model = _option("model", "a name in params.yaml, networks")
    scale = _option("scale", "x2, x3 or x4", parse_scale)
    seed = _option("seed", "s0, s1, ...", parse_seed)
    variant = _option("variant", "of MESR, in Tables 1 and 2")
    reading = _option("reading", "a name in params.yaml, readings.changes")
    steps = _option("steps", "length of a training of the ladder", int)
    weights = _option("weights", "network, variant if there are several, and scale: a2f_SD_x4")

    parser = argparse.ArgumentParser(prog="python -m pipeline.evaluate", description=main.__doc__)
    names = "bicubic|trained|ensemble|ablation|reading|ladder|published"
    kinds = parser.add_subparsers(metavar=names, required=True)

    def kind(name: str, key: Callable[[Any], Key], *options: argparse.ArgumentParser) -> None:
        kinds.add_parser(name, parents=[*options, dataset]).set_defaults(key=key)

    kind("bicubic", lambda a: Key.bicubic(a.scale), scale)
    kind("trained", lambda a: Key.trained(a.model, a.scale, a.seed), model, scale, seed)
    kind("ensemble", lambda a: Key.ensemble(a.model, a.scale, a.seed), model, scale, seed)
    kind("ablation", lambda a: Key.ablation(a.variant, a.seed), variant, seed)
    kind("reading", lambda a: Key.reading(a.reading, a.seed), reading, seed)
    kind("ladder", lambda a: Key.ladder(a.model, a.steps, a.seed), model, steps, seed)
    kind("published", lambda a: Key.parse(f"published_{a.weights}"), weights)
    arguments = parser.parse_args(argv)
    return arguments.key(arguments), arguments.dataset


def main(argv: Sequence[str] | None = None) -> None:
    """Score a network on a dataset and write evaluations/KEY."""
    key, dataset = read_arguments(argv)
    params = load_params().evaluate
    keep = None if params.keep_images == "all" else params.keep_images
    protocol = get_protocol(params.protocol)
    with backend_flags(threads=params.threads):
        print(summary(evaluate(key, dataset, protocol, keep, params.metrics)))


if __name__ == "__main__":
    raise SystemExit(run(main))
