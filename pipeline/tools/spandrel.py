"""Checkpoints of other projects, recognised by Spandrel and read without running any code."""

from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from baselines.weights.state_dict import REMEDY, read_data
from mesr.common.base import SRNetwork
from pipeline.support.errors import UserError


def read_checkpoint(path: Path) -> dict[str, Any]:
    """Read a checkpoint as data: safetensors, or what ``torch.load(weights_only=True)`` admits.

    Spandrel's own loader hands files ending in ``.pt`` to `torch.jit.load`, which runs code from
    the file, and unpacks compressed archives of any size.

    Parameters
    ----------
    path : Path
        The file; how it is read depends on its first bytes, not on its ending.

    Returns
    -------
    dict
        A state dict, or a dict that holds one, on the CPU.

    Raises
    ------
    UserError
        When the file is missing, damaged, TorchScript, holds anything but tensors and plain
        containers, or would take more memory than its own size.
    """
    if not path.is_file():
        raise UserError(f"{path}: not found; expected a checkpoint file")
    with path.open("rb") as stream:
        start = stream.read(9)
    if start[8:9] == b"{":  # eight bytes of length, then JSON
        try:
            return dict(load_file(path))
        except (SafetensorError, ValueError) as error:
            raise UserError(f"{path}: not a readable safetensors file ({error})") from error
    try:
        state = read_data(path)
    except ValueError as error:
        raise UserError(str(error)) from error
    if not isinstance(state, dict) or not state:
        raise UserError(f"{path}: holds a {type(state).__name__}, not a state dict. {REMEDY}")
    needed = sum(tensor.nbytes for tensor in _tensors(state))
    if needed > path.stat().st_size:
        raise UserError(
            f"{path}: its tensors share memory and would take {needed:,} bytes, more than the "
            f"file has. {REMEDY}"
        )
    return state


def _tensors(state: dict[str, Any]) -> list[Tensor]:
    nested = [value for value in state.values() if isinstance(value, dict)]
    found = [value for value in state.values() if isinstance(value, Tensor)]
    return found + [t for inner in nested for t in inner.values() if isinstance(t, Tensor)]


class SpandrelNetwork(SRNetwork):
    """A checkpoint of another project, recognised and loaded by Spandrel.

    Parameters
    ----------
    path : Path
        Checkpoint file, see `read_checkpoint`.

    Raises
    ------
    UserError
        When Spandrel is not installed, does not recognise the file, or it is no SR network of
        scale 2, 3 or 4 for RGB images with finite weights.
    """

    def __init__(self, path: Path) -> None:
        try:
            from spandrel import (  # noqa: PLC0415
                ImageModelDescriptor,
                ModelLoader,
                canonicalize_state_dict,
            )
        except ImportError as error:
            remedy = "pip install -e '.[spandrel]'"
            raise UserError(f"spandrel is not installed; install it with: {remedy}") from error
        state = read_checkpoint(path)
        try:
            descriptor = ModelLoader().load_from_state_dict(canonicalize_state_dict(state))
        except Exception as error:  # Spandrel raises whatever its parsers raise
            raise UserError(
                f"{path}: Spandrel cannot load it ({type(error).__name__}: {error}). "
                "It may be damaged, or an architecture Spandrel does not know."
            ) from error
        if not isinstance(descriptor, ImageModelDescriptor):
            raise UserError(f"{path}: is no network from one image to one image")
        if descriptor.scale not in (2, 3, 4) or descriptor.input_channels != 3:
            raise UserError(
                f"{path}: enlarges {descriptor.input_channels}-channel images "
                f"{descriptor.scale} times; expected RGB and scale 2, 3 or 4"
            )
        for name, tensor in descriptor.model.state_dict().items():
            if tensor.is_floating_point() and not tensor.isfinite().all():
                raise UserError(f"{path}: weight {name} holds NaN or infinity")
        super().__init__(descriptor.scale)
        self.name = descriptor.architecture.name
        self._descriptor = descriptor
        self.network = descriptor.model

    def forward(self, x: Tensor) -> tuple[Tensor]:
        """Super-resolve (B, 3, h, w) in [0, 1], padded to the size that the network needs."""
        return (self._descriptor(x),)
