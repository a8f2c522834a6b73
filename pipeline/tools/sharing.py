"""`mesr card` and `mesr ship`: a training of the study, given to others with what was recorded."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import pandas as pd
import torch
import typer
import yaml
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from numpy.typing import NDArray
from safetensors.torch import save
from scipy import stats

from mesr.common.base import SRNetwork
from pipeline.assets.registry import Asset, registry
from pipeline.imaging.backend import choose_device
from pipeline.imaging.packed import PackedImages
from pipeline.imaging.protocol import get_protocol
from pipeline.models.counting import weightless
from pipeline.models.networks import build_network, network_names, published_sizes, size_of
from pipeline.models.runs import load_run, read_run
from pipeline.models.weights import load_state
from pipeline.scoring.evaluation import evaluate_images
from pipeline.study.params import Params, load_params
from pipeline.study.paths import RESULTS, SHIPPED, hr_file, run_folder
from pipeline.study.runs import Run, run_key
from pipeline.support.errors import UserError
from pipeline.support.files import atomic_path
from pipeline.support.json import read_json, write_json
from pipeline.support.names import canonical
from pipeline.tools.eval_results import write_eval_results
from pipeline.tools.options import Scale, Seed, Variant
from pipeline.tools.shipped import (
    CODE_LICENCE,
    Figure,
    Manifest,
    Shipped,
    Training,
    is_toy,
    read_manifest,
    weights_licence,
    widened,
)

REMEDY = "dvc repro tables"
LARGEST_TOTAL = 20_000_000  # bytes; every clone carries the folder
LARGEST_LOSS_DB = 0.005  # of mean PSNR, by storing in half precision
METRICS = {"psnr_db": ("psnr", "PSNR-Y [dB]"), "ssim": ("ssim", "SSIM")}


def card(
    model: Annotated[str, typer.Argument(help="network that was trained here")],
    scale: Scale,
    variant: Variant = "",
    seed: Seed = None,
    out: Annotated[Path | None, typer.Option(help="file to write; none prints the card")] = None,
) -> None:
    """Write a model card of a trained network, with Hugging Face's front matter."""
    recorded = Recorded.of(canonical(model, network_names()), scale, variant, seed)
    text = model_card(recorded)
    if out is None:
        print(text, end="")
        return
    with atomic_path(out) as temporary:
        temporary.write_text(text, encoding="utf-8")
    print(f"{out}: card of {recorded.run.key}")
    protocol = recorded.params.evaluate.protocol
    print(f"{write_eval_results(out, recorded.run, protocol, recorded.quality)}: its results")


def ship(
    models: Annotated[list[str] | None, typer.Argument(help="networks [mesr]")] = None,
    seed: Seed = None,
    out: Annotated[
        Path | None, typer.Option(help="folder to write [weights, beside the code]")
    ] = None,
) -> None:
    """Take the study's weights into the folder that comes with the code, with a manifest."""
    names = [canonical(model, network_names()) for model in models or ["mesr"]]
    scales = [int(scale[1:]) for scale in load_params().scales]
    folder = out or SHIPPED
    chosen = [Recorded.of(name, scale, seed=seed) for name in names for scale in scales]
    for entry in ship_runs(chosen, folder).weights:
        loss = "" if entry.half_loss_db is None else f" ({entry.half_loss_db:+.4f} dB lost by half)"
        print(f"{folder / entry.file}: {entry.name}, stored as {entry.stored}{loss}")


@dataclass(frozen=True)
class Recorded:
    """A training and what the study in the working directory recorded of it.

    Attributes
    ----------
    run : Run
        What it is.
    params : Params
        Of the study.
    facts : dict
        Its run.json and its row of results/runs.csv.
    study : dict
        results/study.json.
    """

    run: Run
    params: Params
    facts: dict[str, Any]
    study: dict[str, Any]

    @classmethod
    def of(cls, network: str, scale: int, variant: str = "", seed: int | None = None) -> "Recorded":
        """Read what is recorded of a training.

        Raises
        ------
        UserError
            When the study has no such training, or a file is missing, damaged or is about another.
        """
        params = load_params()
        own = "" if variant == size_of(network, params.networks.get(network, {})) else variant
        run = params.run(run_key(network, own.replace("full", ""), scale, seed or 0))
        record = read_run(run_folder(run.key), run.identity)
        rows = _read("runs.csv", "key", str)
        if run.key not in rows.index:
            raise UserError(
                f"{RESULTS / 'runs.csv'}: has no {run.key}. Bring it up to date: {REMEDY}"
            )
        facts = record | {str(n): v for n, v in rows.loc[run.key].items()}
        if facts["weights_sha256"] != record.get("weights_sha256"):
            raise UserError(
                f"{RESULTS / 'runs.csv'}: is about other weights than {run_folder(run.key)}. "
                f"Bring it up to date: {REMEDY}"
            )
        return cls(run, params, facts, read_json(RESULTS / "study.json", REMEDY))

    @property
    def images(self) -> Asset:
        """What it was trained on."""
        return registry()[self.params.data.train]

    @cached_property
    def quality(self) -> dict[str, pd.DataFrame]:
        """For each dataset, one row per image: psnr_db, ssim, bicubic_psnr_db, bicubic_ssim.

        Raises
        ------
        UserError
            When the training was scored on other images than bicubic interpolation.
        """
        table = _read("quality.csv", "image")
        found = {}
        for dataset, rows in table[table["key"] == self.run.key].groupby("dataset", sort=False):
            bicubic = table[
                (table["key"] == f"bicubic_x{self.run.scale}") & (table["dataset"] == dataset)
            ]
            if set(bicubic.index) != set(rows.index):
                raise UserError(
                    f"{RESULTS / 'quality.csv'}: {self.run.key} was scored on other images of "
                    f"{dataset} than bicubic interpolation. Bring it up to date: {REMEDY}"
                )
            columns = list(METRICS)
            found[str(dataset)] = rows[columns].join(bicubic[columns].add_prefix("bicubic_"))
        return found


def _read(name: str, index: str, kind: type | None = None) -> pd.DataFrame:
    path = RESULTS / name
    if not path.is_file():
        raise UserError(f"{path}: not found. Run: {REMEDY}")
    kinds: Any = kind or {index: str}
    return pd.read_csv(path, keep_default_na=False, dtype=kinds).set_index(index)


@dataclass(frozen=True)
class Mean:
    """A mean over images, with a bootstrap interval."""

    mean: float
    low: float
    high: float
    images: int


def mean_over_images(values: NDArray[np.float64], settings: Any) -> Mean:
    """Mean of one value per image, with a percentile bootstrap interval over images."""
    if len(values) < 2 or np.ptp(values) < 1e-12:
        mean = float(values.mean())
        return Mean(mean, mean, mean, len(values))
    found = stats.bootstrap(
        (values,), np.mean, n_resamples=settings.resamples, method="percentile",
        confidence_level=settings.confidence, rng=np.random.default_rng(settings.seed),
    ).confidence_interval  # fmt: skip
    return Mean(float(values.mean()), float(found.low), float(found.high), len(values))


def model_card(recorded: Recorded) -> str:
    """Write the card of a training: Markdown after a block of YAML with the model-index."""
    scores = {}
    for dataset, rows in recorded.quality.items():
        scores[dataset] = {
            metric: {
                "mean": mean_over_images(rows[metric].to_numpy(), recorded.params.statistics),
                "gain": mean_over_images(
                    (rows[metric] - rows[f"bicubic_{metric}"]).to_numpy(),
                    recorded.params.statistics,
                ),
            }
            for metric in METRICS
        }
    run = recorded.run
    name = f"{recorded.facts['label']} x{run.scale}"
    size = published_sizes(run.network).get(size_of(run.network, run.settings), {})
    protocol = recorded.params.evaluate.protocol
    results = [
        {
            "task": {"type": "image-to-image", "name": "Image super-resolution"},
            "dataset": {"type": dataset, "name": f"{dataset}, protocol {protocol}"},
            "metrics": [
                {"type": kind, "name": text, "value": round(found[metric]["mean"].mean, 6)}
                for metric, (kind, text) in METRICS.items()
            ],
        }
        for dataset, found in scores.items()
    ]
    front_matter = {
        "license": CODE_LICENCE.lower(),
        "pipeline_tag": "image-to-image",
        "tags": ["super-resolution", "image-super-resolution", "pytorch"],
        "model-index": [{"name": name, "results": results}],
    }
    return page(
        "card.md.j2",
        name=name,
        recorded=recorded,
        run=run,
        facts=recorded.facts,
        toy=is_toy(recorded.images),
        train=recorded.params.train | run.train,
        front_matter=Markup(yaml.safe_dump(front_matter, sort_keys=False, allow_unicode=True)),
        scores=scores,
        licence=CODE_LICENCE,
        departures={n: v for n, v in run.settings.items() if size.get(n) != v},
    )


def page(template: str, **values: object) -> str:
    """Fill a template of ``pipeline/tools/templates``; a value that it lacks is an error."""
    environment = Environment(
        loader=PackageLoader("pipeline.tools"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=StrictUndefined,
    )
    return environment.get_template(template).render(**values)


def ship_runs(chosen: Sequence[Recorded], folder: Path = SHIPPED) -> Manifest:
    """Put trainings of the study into the folder of weights that come with the code.

    Weights are stored as float16 where that costs less than `LARGEST_LOSS_DB`. They take the place
    of others of the same network and scale; those of other networks and scales stay.

    Parameters
    ----------
    chosen : sequence of Recorded
        One training for each network and scale.
    folder : Path
        Has one file for each, manifest.json and README.md.

    Raises
    ------
    UserError
        When what is in the folder is damaged, or the files would take more than `LARGEST_TOTAL`.
        The folder stays as it was then.
    """
    packed = {(e.model, e.scale): (e, e.content(folder)) for e in read_manifest(folder).weights}
    packed |= {(r.run.network, r.run.scale): _pack(r) for r in chosen}
    manifest = Manifest(weights=[packed[name][0] for name in sorted(packed)])
    contents = {entry.file: content for entry, content in packed.values()}
    if (total := sum(map(len, contents.values()))) > LARGEST_TOTAL:
        raise UserError(
            f"{folder}: the weights take {total:,} bytes; expected at most {LARGEST_TOTAL:,}, "
            "because every clone carries them. Ship fewer or smaller networks"
        )
    text = shipped_page(manifest, total)
    with atomic_path(folder) as temporary:
        temporary.mkdir()
        for name, content in contents.items():
            (temporary / name).write_bytes(content)
        write_json(temporary / "manifest.json", manifest.model_dump(mode="json"))
        (temporary / "README.md").write_text(text, encoding="utf-8")
    return manifest


def shipped_page(manifest: Manifest, total: int) -> str:
    """Write README.md of the folder, whose files take `total` bytes."""
    shares = {entry.file: entry.params / _paper_params(entry) for entry in manifest.weights}
    return page("weights.md.j2", manifest=manifest, total=total, shares=shares)


def _paper_params(entry: Shipped) -> int:
    """Count the parameters of the network at the size in its own paper."""
    settings = published_sizes(entry.model).get(entry.variant, {})
    network = weightless(partial(build_network, entry.model, entry.scale, **settings))
    return sum(parameter.numel() for parameter in network.parameters())


def _pack(recorded: Recorded) -> tuple[Shipped, bytes]:
    run, facts = recorded.run, recorded.facts
    network = load_run(run_folder(run.key), run.identity)
    full = dict(network.state_dict())
    half = {n: t.half() if t.dtype == torch.float32 else t for n, t in full.items()}
    means = {name: rows.mean() for name, rows in recorded.quality.items()}
    figures = {name: (float(m["psnr_db"]), float(m["ssim"])) for name, m in means.items()}
    loss = None
    stored: Literal["float16", "float32"] = "float32"
    if all(bool(tensor.isfinite().all()) for tensor in half.values()):
        load_state(network, widened(half), run.key, "Train it again.")
        halved = {name: _measure(network, name, recorded) for name in figures}
        loss = max(figures[name][0] - halved[name][0] for name in figures)
        if loss < LARGEST_LOSS_DB:
            stored, figures = "float16", halved
    content = save(half if stored == "float16" else full)
    record = read_run(run_folder(run.key), run.identity)
    entry = Shipped(
        model=run.network,
        variant=run.variant or ("full" if run.network == "mesr" else ""),
        scale=run.scale,
        seed=run.seed or 0,
        settings=run.settings,
        params=int(facts["params"]),
        file=f"{run.network}_x{run.scale}.safetensors",
        sha256=hashlib.sha256(content).hexdigest(),
        stored=stored,
        half_loss_db=None if loss is None else round(loss, 6),
        toy=is_toy(recorded.images),
        licence=weights_licence(recorded.images),
        training=Training(
            profile=recorded.params.profile,
            images=recorded.images.name,
            steps=int(facts["steps"]),
            **{n: v for n, v in record.items() if n not in (*run.identity, "steps")},
        ),
        figures=[
            Figure(
                dataset=name,
                protocol=recorded.params.evaluate.protocol,
                images=len(recorded.quality[name]),
                psnr_db=round(psnr_db, 6),
                ssim=round(ssim, 6),
                bicubic_psnr_db=round(float(means[name]["bicubic_psnr_db"]), 6),
                bicubic_ssim=round(float(means[name]["bicubic_ssim"]), 6),
            )
            for name, (psnr_db, ssim) in figures.items()
        ],
    )
    return entry, content


def _measure(network: SRNetwork, dataset: str, recorded: Recorded) -> tuple[float, float]:
    """Mean PSNR in dB and SSIM of a network on a dataset under the study's protocol; says so."""
    images = PackedImages(hr_file(dataset))
    print(f"score {recorded.run.key} on {len(images)} images of {dataset}", flush=True)
    readers = [(name, partial(images.__getitem__, name)) for name in images.names]
    protocol = get_protocol(recorded.params.evaluate.protocol)
    scored = evaluate_images(network, readers, dataset, protocol, choose_device())
    found = [(evaluation.psnr_db, evaluation.ssim) for _, evaluation in scored]
    psnr_db, ssim = (sum(values) / len(values) for values in zip(*found, strict=True))
    return psnr_db, ssim
