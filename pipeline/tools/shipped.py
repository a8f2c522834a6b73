"""Weights that come with the code: the folder `weights/` and its manifest."""

import hashlib
from pathlib import Path
from types import SimpleNamespace

from safetensors.torch import load

from mesr.common.base import SRNetwork
from pipeline.assets.registry import Asset
from pipeline.models.networks import build_network, code_of, load_class
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


class Shipped(SimpleNamespace):
    """One file of weights, an entry of manifest.json.

    Attributes
    ----------
    model, variant, scale, seed, settings, params
        Which network it is of.
    file, sha256 : str
        Name in the folder, and digest of the content in hexadecimal.
    stored : {"float16", "float32"}
        Type of the numbers in the file; networks compute in float32.
    half_loss_db : float or None
        Largest loss of mean PSNR over the datasets when stored as float16; None where infinite
        values make that impossible.
    toy : bool
        Whether the weights are a demonstration only.
    licence : str
        Terms of the weights and of the training images.
    training : dict
        Profile, images, steps, and what else determined the training.
    figures : list of dict
        For each dataset the protocol and the means over its images, of the weights as shipped and
        of bicubic interpolation.
    """

    @property
    def name(self) -> str:
        """Network and scale as people write them."""
        return f"{load_class(code_of(self.model)).__name__} x{self.scale}"

    def sentence(self) -> str:
        """Say what the weights are, for people who did not choose them."""
        text = (
            f"{self.name} as shipped with the code, trained for {self.training['steps']:,} steps "
            f"on {self.training['images']}"
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
        network = build_network(self.model, self.scale, **self.settings)
        network.load_state_dict(load(self.content(folder)))
        return network


def read_manifest(folder: Path = SHIPPED) -> list[Shipped]:
    """Read the entries of the manifest; without any there are no weights."""
    path = folder / "manifest.json"
    if not path.is_file():
        return []
    return [Shipped(**entry) for entry in read_json(path, "git checkout weights")["weights"]]


def find_shipped(model: str, scale: int, folder: Path = SHIPPED) -> Shipped | None:
    """Return the entry of the manifest for a network at a scale; None without any."""
    entries = read_manifest(folder)
    return next((e for e in entries if (e.model, e.scale) == (model, scale)), None)
