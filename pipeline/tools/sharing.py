"""`mesr card` and `mesr ship`: a training of the study, given to others with what was recorded."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import pandas as pd
import torch
import typer
import yaml
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from safetensors.torch import save

from mesr.common.base import SRNetwork
from pipeline.assets.registry import Asset, registry
from pipeline.imaging.backend import choose_device
from pipeline.imaging.protocol import get_protocol
from pipeline.models.counting import weightless
from pipeline.models.networks import (
    build_network,
    network_names,
    published_sizes,
    size_name,
    size_of,
)
from pipeline.models.runs import load_run, read_run
from pipeline.scoring.evaluation import evaluate_images
from pipeline.study.params import Params, load_params
from pipeline.study.paths import RESULTS, SHIPPED, run_folder
from pipeline.study.runs import Run, run_key
from pipeline.support.errors import UserError
from pipeline.support.files import atomic_path
from pipeline.support.json import read_json, write_json
from pipeline.support.names import canonical
from pipeline.tables.statistics import bootstrap_interval
from pipeline.tools.folders import hr_images
from pipeline.tools.options import Out, Scale, Seed, Variant
from pipeline.tools.shipped import CODE_LICENCE, Shipped, is_toy, read_manifest, weights_licence

REMEDY = "dvc repro tables"
LARGEST_TOTAL = 20_000_000  # bytes; every clone carries the folder
LARGEST_LOSS_DB = 0.005  # of mean PSNR, by storing in half precision
# Name in the card's front matter and in .eval_results, in words for either.
METRICS = {
    "psnr_db": ("psnr", "psnr_y", "PSNR-Y [dB]", "PSNR-Y in dB"),
    "ssim": ("ssim", "ssim", "SSIM", "SSIM of luma"),
}


def card(
    model: Annotated[str, typer.Argument(help="network that was trained here")],
    scale: Scale,
    variant: Variant = "",
    seed: Seed = None,
    out: Out = None,
) -> None:
    """Write a model card of a trained network, with Hugging Face's front matter, or print it."""
    recorded = Recorded.of(canonical(model, network_names()), scale, variant, seed)
    if out is None:
        print(model_card(recorded), end="")
        return
    results = out.parent / ".eval_results" / f"{recorded.run.key}.yaml"
    for path, text in ((out, model_card(recorded)), (results, eval_results(recorded))):
        with atomic_path(path) as temporary:
            temporary.write_text(text, encoding="utf-8")
    print(f"{out}: card of {recorded.run.key}\n{results}: its results")


def ship(
    models: Annotated[list[str] | None, typer.Argument(help="networks [mesr]")] = None,
    variant: Variant = "",
    seed: Seed = None,
    out: Out = None,
) -> None:
    """Take the study's weights into the folder `weights` beside the code, with a manifest."""
    names = [canonical(model, network_names()) for model in models or ["mesr"]]
    scales = [int(scale[1:]) for scale in load_params().scales]
    folder = out or SHIPPED
    chosen = [Recorded.of(name, scale, variant, seed) for name in names for scale in scales]
    for entry in ship_runs(chosen, folder):
        print(f"{folder / entry.file}: {entry.name}, stored as {entry.stored}")


@dataclass(frozen=True)
class Recorded:
    """A training and what the study in the working directory recorded of it.

    Attributes
    ----------
    run : Run
        What it is.
    params : Params
        Of the study.
    images : Asset
        What it was trained on.
    label : str
        Name of its network in tables.
    facts : dict
        Its run.json.
    quality : dict
        For each dataset, one row per image: psnr_db, ssim, bicubic_psnr_db, bicubic_ssim.
    """

    run: Run
    params: Params
    images: Asset
    label: str
    facts: dict[str, Any]
    quality: dict[str, pd.DataFrame]

    @classmethod
    def of(cls, network: str, scale: int, variant: str = "", seed: int | None = None) -> "Recorded":
        """Read what is recorded of a training.

        Raises
        ------
        UserError
            When the study has no such training, or its tables are of another time.
        """
        params = load_params()
        size = size_name(network, params.networks.get(network, {}))
        own = "" if variant == size else variant
        run = params.run(run_key(network, own, scale, seed or 0))
        facts = read_run(run_folder(run.key), run.identity)
        path = RESULTS / "runs.csv"
        if not path.is_file():
            raise UserError(f"{path}: not found. Run: {REMEDY}")
        runs = pd.read_csv(path, keep_default_na=False, dtype=str).set_index("key")
        if runs["weights_sha256"].get(run.key) != facts["weights_sha256"]:
            folder = run_folder(run.key)
            raise UserError(f"{path}: says nothing of the weights in {folder}. Run: {REMEDY}")
        table = pd.read_csv(RESULTS / "quality.csv", dtype={"image": str})
        table = table.set_index(["key", "dataset", "image"])[list(METRICS)]
        rows = table.loc[run.key].join(table.loc[f"bicubic_x{scale}"].add_prefix("bicubic_"))
        quality = {str(name): group for name, group in rows.groupby("dataset", sort=False)}
        images = registry()[params.data.train]
        return cls(run, params, images, str(runs.loc[run.key, "label"]), facts, quality)


def model_card(recorded: Recorded) -> str:
    """Write the card of a training: Markdown after a block of YAML with the model-index."""
    run, params = recorded.run, recorded.params

    def mean(values: pd.Series) -> dict[str, float]:
        low, high = bootstrap_interval(values.to_numpy()[None], **params.statistics.model_dump())
        return {"mean": float(values.mean()), "low": low, "high": high, "images": len(values)}

    scores = [
        (dataset, metric, mean(rows[metric]), mean(rows[metric] - rows[f"bicubic_{metric}"]))
        for dataset, rows in recorded.quality.items()
        for metric in METRICS
    ]
    name = f"{recorded.label} x{run.scale}"
    size = published_sizes(run.network)[size_of(run.network, run.settings)]
    results = [
        {
            "task": {"type": "image-to-image", "name": "Image super-resolution"},
            "dataset": {"type": dataset, "name": f"{dataset}, protocol {params.evaluate.protocol}"},
            "metrics": [
                {"type": kind, "name": text, "value": round(float(rows[metric].mean()), 6)}
                for metric, (kind, _, text, _) in METRICS.items()
            ],
        }
        for dataset, rows in recorded.quality.items()
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
        toy=is_toy(recorded.images),
        paper_setting=read_json(RESULTS / "study.json", REMEDY)["paper_setting"],
        train=params.train | run.train,
        front_matter=Markup(yaml.safe_dump(front_matter, sort_keys=False, allow_unicode=True)),
        scores=scores,
        licence=CODE_LICENCE,
        departures={n: v for n, v in run.settings.items() if size.get(n) != v},
    )


def eval_results(recorded: Recorded) -> str:
    """Write the means over images in the format of Hugging Face's ``.eval_results/*.yaml``.

    See https://huggingface.co/docs/hub/eval-results. The Hub makes leaderboards of datasets that
    are registered there as benchmarks. Those of super-resolution are not: `id` is the dataset's
    name here.
    """
    scale, protocol = recorded.run.scale, recorded.params.evaluate.protocol
    entries = [
        {
            "dataset": {"id": dataset, "task_id": f"{task}_x{scale}"},
            "value": round(float(rows[metric].mean()), 6),
            "notes": f"{text} at x{scale}, protocol {protocol}, mean of {len(rows)} images",
        }
        for dataset, rows in recorded.quality.items()
        for metric, (_, task, _, text) in METRICS.items()
    ]
    return yaml.safe_dump(entries, sort_keys=False, allow_unicode=True)


def page(template: str, **values: object) -> str:
    """Fill a template of ``pipeline/tools/templates``; a value that it lacks is an error."""
    environment = Environment(
        loader=PackageLoader("pipeline.tools"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True,
    )  # fmt: skip
    return environment.get_template(template).render(**values)


def ship_runs(chosen: Sequence[Recorded], folder: Path = SHIPPED) -> list[Shipped]:
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
    packed = {(e.model, e.scale): (e, e.content(folder)) for e in read_manifest(folder)}
    packed |= {(r.run.network, r.run.scale): _pack(r) for r in chosen}
    entries = [packed[name][0] for name in sorted(packed)]
    if (total := sum(len(content) for _, content in packed.values())) > LARGEST_TOTAL:
        remedy = "Ship fewer or smaller networks: every clone carries them"
        expected = f"expected at most {LARGEST_TOTAL:,}"
        raise UserError(f"{folder}: weights of {total:,} bytes; {expected}. {remedy}")
    with atomic_path(folder) as temporary:
        temporary.mkdir()
        for entry, content in packed.values():
            (temporary / entry.file).write_bytes(content)
        write_json(temporary / "manifest.json", {"weights": [vars(e) for e in entries]})
        (temporary / "README.md").write_text(shipped_page(entries, total), encoding="utf-8")
    return entries


def shipped_page(entries: Sequence[Shipped], total: int) -> str:
    """Write README.md of the folder, whose files take `total` bytes."""
    shares = {}
    for entry in entries:
        settings = published_sizes(entry.model)[size_of(entry.model, entry.settings)]
        network = weightless(partial(build_network, entry.model, entry.scale, **settings))
        shares[entry.file] = entry.params / sum(p.numel() for p in network.parameters())
    return page("weights.md.j2", entries=entries, total=total, shares=shares)


def _pack(recorded: Recorded) -> tuple[Shipped, bytes]:
    """Choose how a training is stored; return its entry and its file's content."""
    run, facts, protocol = recorded.run, recorded.facts, recorded.params.evaluate.protocol
    network = load_run(run_folder(run.key), run.identity)
    state = dict(network.state_dict())
    half = {n: t.half() if t.dtype == torch.float32 else t for n, t in state.items()}
    means = {name: rows.mean() for name, rows in recorded.quality.items()}
    loss, stored = None, "float32"
    if all(bool(tensor.isfinite().all()) for tensor in half.values()):
        network.load_state_dict(half)
        halved = {name: _measure(network, name, recorded) for name in means}
        loss = round(max(means[n]["psnr_db"] - halved[n]["psnr_db"] for n in means), 6)
        if loss < LARGEST_LOSS_DB:
            stored, state = "float16", half
            means = {name: pd.Series({**means[name], **halved[name]}) for name in means}
    content = save(state)
    same = run.settings == recorded.params.networks.get(run.network)  # but for its training
    entry = Shipped(
        model=run.network,
        variant=size_name(run.network, run.settings) if same else run.variant,
        scale=run.scale,
        seed=run.seed or 0,
        settings=run.settings,
        params=facts["params"],
        file=f"{run.network}_x{run.scale}.safetensors",
        sha256=hashlib.sha256(content).hexdigest(),
        stored=stored,
        half_loss_db=loss,
        toy=is_toy(recorded.images),
        licence=weights_licence(recorded.images),
        training={
            "profile": recorded.params.profile,
            "images": recorded.images.name,
            **{name: facts[name] for name in ("steps", *facts) if name not in run.identity},
        },
        figures=[
            {
                "dataset": name,
                "protocol": protocol,
                "images": len(rows),
                **{column: round(float(mean), 6) for column, mean in means[name].items()},
            }
            for name, rows in recorded.quality.items()
        ],
    )
    return entry, content


def _measure(network: SRNetwork, dataset: str, recorded: Recorded) -> pd.Series:
    """Mean PSNR in dB and SSIM of a network on a dataset under the study's protocol; says so."""
    _, images = hr_images(dataset)
    print(f"score {recorded.run.key} on {len(images)} images of {dataset}", flush=True)
    protocol = get_protocol(recorded.params.evaluate.protocol)
    scored = evaluate_images(network, images, dataset, protocol, choose_device())
    return pd.DataFrame([(e.psnr_db, e.ssim) for _, e in scored], columns=list(METRICS)).mean()
