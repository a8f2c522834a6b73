"""Weights that come with the code: `weights/`, its manifest, writing and reading both."""

import hashlib
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Literal

import torch
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from mesr.common.base import SRNetwork
from pipeline.imaging.backend import choose_device
from pipeline.imaging.packed import PackedImages
from pipeline.imaging.protocol import get_protocol
from pipeline.models.networks import build_network, network_variants
from pipeline.models.weights import load_state
from pipeline.scoring.evaluation import evaluate_images
from pipeline.study.keys import Key
from pipeline.study.labels import label
from pipeline.study.paths import SHIPPED, hr_file, run_folder
from pipeline.study.results import first_problem, read_json, write_json
from pipeline.study.subjects import Subject, trained_subject
from pipeline.support.errors import UserError
from pipeline.support.files import atomic_path
from pipeline.tools.pages import render
from pipeline.tools.recorded import Recorded, read_recorded, weights_licence

LARGEST_TOTAL = 20_000_000  # bytes; every clone carries the folder
LARGEST_LOSS_DB = 0.005  # of mean PSNR, by storing in half precision
RESTORE = "Restore it: git checkout weights"


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class Figure(_Strict):
    """Means over the images of a dataset, of the weights as shipped and of bicubic."""

    dataset: str
    protocol: str
    images: int
    psnr_db: float
    ssim: float
    bicubic_psnr_db: float
    bicubic_ssim: float


class Training(_Strict):
    """What determined the weights."""

    profile: str
    images: str
    steps: int
    settings: dict[str, Any]
    precision: str
    machine: str
    threads: int
    torch: str
    code_digest: str
    data_digest: str
    fingerprint: str


class Shipped(_Strict):
    """One file of weights.

    Attributes
    ----------
    model, variant, scale, seed, settings, params
        Which network it is of.
    file, sha256 : str
        Name in the folder, and digest of the content in hexadecimal.
    stored : {"float16", "float32"}
        Type of the numbers in the file; networks compute in float32.
    half_loss_db : float
        Largest loss of mean PSNR over the datasets when stored as float16; infinite values make
        float16 impossible, which is written as null.
    toy : bool
        Whether the weights are a demonstration only.
    licence : str
        Terms of the weights and of the training images.
    training : Training
        What determined them.
    figures : list of Figure
        Of the weights as shipped.
    """

    model: str
    variant: str
    scale: int
    seed: int
    settings: dict[str, Any]
    params: int
    file: str = Field(pattern=r"^[a-z0-9_]+\.safetensors$")
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    stored: Literal["float16", "float32"]
    half_loss_db: float | None
    toy: bool
    licence: str
    training: Training
    figures: list[Figure]

    @property
    def name(self) -> str:
        """Network and scale as tables print them."""
        return f"{label(self.model, self.variant)} x{self.scale}"


class Manifest(_Strict):
    """Content of manifest.json."""

    weights: list[Shipped]


def read_manifest(folder: Path = SHIPPED) -> Manifest:
    """Read and check the manifest.

    Raises
    ------
    UserError
        When it is missing, is not JSON or does not fit.
    """
    path = folder / "manifest.json"
    facts = read_json(path, "git checkout weights")
    try:
        return Manifest.model_validate(facts)
    except ValidationError as error:
        raise UserError(f"{first_problem(path, error)}. {RESTORE}") from error


def find_shipped(model: str, scale: int, folder: Path = SHIPPED) -> Shipped | None:
    """Return the entry of the manifest for a network at a scale; None without any."""
    if not (folder / "manifest.json").is_file():
        return None
    entries = read_manifest(folder).weights
    return next((e for e in entries if (e.model, e.scale) == (model, scale)), None)


def shipped_subject(model: str, scale: int, folder: Path = SHIPPED) -> Subject:
    """Load shipped weights into their network.

    Raises
    ------
    UserError
        When there are none for this network and scale, or the file is missing or is not the one
        that the manifest describes.
    """
    entry = find_shipped(model, scale, folder)
    if entry is None:
        path = folder / "manifest.json"
        entries = read_manifest(folder).weights if path.is_file() else []
        have = ", ".join(f"{e.model} x{e.scale}" for e in entries) or "none"
        raise UserError(
            f"{path}: no weights of {model} at x{scale} come with the code; there are: {have}. "
            "Train the network (dvc repro) or give other weights: --weights published, or a file"
        )
    path = folder / entry.file
    content = _content(entry, folder)
    try:
        state = load(content)
    except (SafetensorError, ValueError) as error:
        raise UserError(f"{path}: not readable as safetensors ({error}). {RESTORE}") from error
    network = build_network(entry.model, entry.scale, **entry.settings)
    load_state(network, _widened(state), str(path), RESTORE)
    return Subject(network, entry.model, entry.variant, "shipped", entry.seed, str(path))


def _content(entry: Shipped, folder: Path) -> bytes:
    path = folder / entry.file
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UserError(f"{path}: not readable ({error.strerror}). {RESTORE}") from error
    found = hashlib.sha256(content).hexdigest()
    if found != entry.sha256:
        raise UserError(
            f"{path}: is not the file that manifest.json describes (SHA-256 {found}, expected "
            f"{entry.sha256}). {RESTORE}"
        )
    return content


def describe_shipped(entry: Shipped) -> str:
    """Say in a sentence or two what shipped weights are, for people who did not choose them."""
    steps = f"{entry.training.steps:,} steps on {entry.training.images}"
    text = f"{entry.name} as shipped with the code, trained for {steps}"
    if entry.toy:
        text += (
            ". This is a toy that shows how the program works; for a better picture use "
            "--model pan --weights published"
        )
    return text


def ship(keys: Sequence[Key], folder: Path = SHIPPED) -> Manifest:
    """Put the trainings `keys` of the study that is here into the folder of shipped weights.

    Weights are stored as float16 where that costs less than `LARGEST_LOSS_DB`. They take the place
    of others of the same network and scale; those of other networks and scales stay.

    Parameters
    ----------
    keys : sequence of Key
        One training for each network and scale.
    folder : Path
        Has one file for each, manifest.json and README.md.

    Raises
    ------
    UserError
        When a training, its figures or a dataset is missing, what is in the folder is damaged, or
        the files would take more than `LARGEST_TOTAL`. The folder stays as it was then.
    """
    packed = {}
    if (folder / "manifest.json").is_file():
        packed = {
            (e.model, e.scale): (e, _content(e, folder)) for e in read_manifest(folder).weights
        }
    packed |= {(key.model, key.scale): _pack(key) for key in keys}
    entries = [packed[name][0] for name in sorted(packed)]
    contents = {entry.file: content for entry, content in packed.values()}
    if (total := sum(map(len, contents.values()))) > LARGEST_TOTAL:
        raise UserError(
            f"{folder}: the weights take {total:,} bytes; expected at most {LARGEST_TOTAL:,}, "
            "because every clone carries them. Ship fewer or narrower networks"
        )
    manifest = Manifest(weights=entries)
    page = shipped_page(manifest, total)
    with atomic_path(folder) as temporary:
        temporary.mkdir()
        for name, content in contents.items():
            (temporary / name).write_bytes(content)
        write_json(temporary / "manifest.json", manifest)
        (temporary / "README.md").write_text(page, encoding="utf-8")
    return manifest


def shipped_page(manifest: Manifest, total: int) -> str:
    """Write README.md of the folder, whose files take `total` bytes."""
    shares = {entry.file: entry.params / _paper_params(entry) for entry in manifest.weights}
    return render("weights.md.j2", manifest=manifest, total=total, shares=shares)


def _paper_params(entry: Shipped) -> int:
    """Count the parameters of the network at the size in its own paper."""
    settings = network_variants(entry.model).get(entry.variant, {})
    with torch.device("meta"):
        network = build_network(entry.model, entry.scale, **settings)
    return sum(parameter.numel() for parameter in network.parameters())


def _pack(key: Key) -> tuple[Shipped, bytes]:
    recorded = read_recorded(key)
    subject = trained_subject(run_folder(key))
    full = dict(subject.network.state_dict())
    half = {
        name: t.to(torch.float16) if t.dtype == torch.float32 else t for name, t in full.items()
    }
    means = {name: rows.mean() for name, rows in recorded.quality.items()}
    figures = {name: (float(m["psnr_db"]), float(m["ssim"])) for name, m in means.items()}
    loss = None
    stored: Literal["float16", "float32"] = "float32"
    if all(bool(tensor.isfinite().all()) for tensor in half.values()):
        load_state(subject.network, _widened(half), str(key), "Train it again.")
        halved = {name: _measure(subject.network, name, recorded) for name in figures}
        loss = max(figures[name][0] - halved[name][0] for name in figures)
        if loss < LARGEST_LOSS_DB:
            stored, figures = "float16", halved
    content = save(half if stored == "float16" else full)
    run = recorded.run
    return Shipped(
        model=run.model,
        variant=run.variant,
        scale=run.scale,
        seed=run.seed,
        settings=run.settings,
        params=run.params,
        file=f"{run.model}_x{run.scale}.safetensors",
        sha256=hashlib.sha256(content).hexdigest(),
        stored=stored,
        half_loss_db=None if loss is None else round(loss, 6),
        toy=recorded.toy,
        licence=weights_licence(recorded.images),
        training=Training(
            profile=recorded.study.profile,
            images=recorded.images.name,
            settings=run.train,
            **run.model_dump(
                include=set(Training.model_fields) - {"profile", "images", "settings"}
            ),
        ),
        figures=[
            Figure(
                dataset=name,
                protocol=recorded.study.protocol,
                images=len(recorded.quality[name]),
                psnr_db=round(psnr_db, 6),
                ssim=round(ssim, 6),
                bicubic_psnr_db=round(float(means[name]["bicubic_psnr_db"]), 6),
                bicubic_ssim=round(float(means[name]["bicubic_ssim"]), 6),
            )
            for name, (psnr_db, ssim) in figures.items()
        ],
    ), content


def _measure(network: SRNetwork, dataset: str, recorded: Recorded) -> tuple[float, float]:
    """Mean PSNR in dB and SSIM of a network on a dataset under the study's protocol; says so."""
    images = PackedImages(hr_file(dataset))
    name = type(network).__name__
    print(f"score {name} x{network.scale} on {len(images)} images of {dataset}", flush=True)
    readers = [(name, partial(images.__getitem__, name)) for name in images.names]
    protocol = get_protocol(recorded.study.protocol)
    found = [
        (evaluation.psnr_db, evaluation.ssim)
        for _, evaluation in evaluate_images(network, readers, dataset, protocol, choose_device())
    ]
    psnr_db, ssim = (sum(values) / len(values) for values in zip(*found, strict=True))
    return psnr_db, ssim


def _widened(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {n: t.float() if t.dtype == torch.float16 else t for n, t in state.items()}
