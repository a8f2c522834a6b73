"""Weights that come with the code: the folder `weights/` and its manifest."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import torch
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from safetensors import SafetensorError
from safetensors.torch import load
from torch import Tensor

from mesr.common.base import SRNetwork
from pipeline.assets.registry import Asset
from pipeline.models.networks import build_network, code_of, load_class
from pipeline.models.weights import load_state
from pipeline.study.paths import SHIPPED
from pipeline.support.errors import UserError
from pipeline.support.json import read_json

RESTORE = "Restore it: git checkout weights"
CODE_LICENCE = "Apache-2.0"  # as in pyproject.toml


def is_toy(images: Asset | None) -> bool:
    """Whether a training on these images can give no more than a demonstration."""
    return images is not None and images.kind == "photos"


def weights_licence(images: Asset | None) -> str:
    """Terms of weights that were trained here, on `images` if these are known."""
    if images is None:
        return f"{CODE_LICENCE}; terms of the training images unknown"
    return f"{CODE_LICENCE}; trained on {images.name}, whose terms are: {images.licence}"


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


class Training(BaseModel):
    """What determined the weights: all that the study recorded, these three for people."""

    model_config = ConfigDict(strict=True, extra="allow", frozen=True)

    profile: str
    images: str
    steps: int


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
        """Network and scale as people write them."""
        return f"{load_class(code_of(self.model)).__name__} x{self.scale}"

    def sentence(self) -> str:
        """Say what the weights are, for people who did not choose them."""
        text = (
            f"{self.name} as shipped with the code, trained for {self.training.steps:,} steps on "
            f"{self.training.images}"
        )
        if self.toy:
            text += (
                ". This is a toy that shows how the program works; for a better picture use "
                "--model pan --weights published"
            )
        return text

    def content(self, folder: Path = SHIPPED) -> bytes:
        """Return the bytes of the file.

        Raises
        ------
        UserError
            When it is missing or is not the file that the manifest describes.
        """
        path = folder / self.file
        try:
            content = path.read_bytes()
        except OSError as error:
            raise UserError(f"{path}: not readable ({error.strerror}). {RESTORE}") from error
        found = hashlib.sha256(content).hexdigest()
        if found != self.sha256:
            raise UserError(
                f"{path}: is not the file that manifest.json describes (SHA-256 {found}, expected "
                f"{self.sha256}). {RESTORE}"
            )
        return content

    def network(self, folder: Path = SHIPPED) -> SRNetwork:
        """Build the network with these weights; raises like `content`."""
        path = folder / self.file
        try:
            state = load(self.content(folder))
        except (SafetensorError, ValueError) as error:
            raise UserError(f"{path}: not readable as safetensors ({error}). {RESTORE}") from error
        network = build_network(self.model, self.scale, **self.settings)
        load_state(network, widened(state), str(path), RESTORE)
        return network


class Manifest(_Strict):
    """Content of manifest.json."""

    weights: list[Shipped]


def read_manifest(folder: Path = SHIPPED) -> Manifest:
    """Read and check the manifest; without any there are no weights.

    Raises
    ------
    UserError
        When it is not JSON or does not fit.
    """
    path = folder / "manifest.json"
    if not path.is_file():
        return Manifest(weights=[])
    facts = read_json(path, "git checkout weights")
    try:
        return Manifest.model_validate(facts)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise UserError(
            f"{path}: {where}: {first['msg']}; found {first['input']!r}. {RESTORE}"
        ) from error


def find_shipped(model: str, scale: int, folder: Path = SHIPPED) -> Shipped | None:
    """Return the entry of the manifest for a network at a scale; None without any."""
    entries = read_manifest(folder).weights
    return next((e for e in entries if (e.model, e.scale) == (model, scale)), None)


def widened(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Turn half precision into single."""
    return {n: t.float() if t.dtype == torch.float16 else t for n, t in state.items()}
