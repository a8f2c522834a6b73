"""Loading weights into a network: what does not fit is refused by name."""

from collections.abc import Mapping
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from mesr.common.base import SRNetwork
from pipeline.support.errors import UserError


def load_state(network: SRNetwork, state: Mapping[str, Tensor], origin: str, remedy: str) -> None:
    """Load tensors into a network.

    Parameters
    ----------
    network : SRNetwork
        Keeps its weights when others are refused.
    state : mapping of str to Tensor
        A tensor for every name of ``network.state_dict()``, of the same shape and type, finite.
    origin : str
        Where the tensors come from, for messages.
    remedy : str
        A sentence on what to do when they do not fit, for messages.

    Raises
    ------
    UserError
        Naming the origin and a tensor that is missing, unexpected, of another shape or type, or
        that holds NaN or infinity.
    """

    def refused(problem: str) -> UserError:
        return UserError(
            f"{origin}: the weights do not fit {type(network).__name__} as configured: {problem}. "
            f"{remedy}"
        )

    expected = network.state_dict()
    if missing := sorted(expected.keys() - state.keys()):
        raise refused(f"{missing[0]} is missing, {len(missing)} in all")
    if unexpected := sorted(state.keys() - expected.keys()):
        raise refused(f"{unexpected[0]} is unexpected, {len(unexpected)} in all")
    for name, tensor in state.items():
        found, wanted = ((tuple(t.shape), t.dtype) for t in (tensor, expected[name]))
        if found != wanted:
            raise refused(f"{name} has shape {found[0]} and type {found[1]}; expected {wanted}")
        if not tensor.isfinite().all():
            raise refused(f"{name} holds NaN or infinity")
    network.load_state_dict(state)


def load_weights(network: SRNetwork, path: Path) -> None:
    """Load a safetensors file into a network.

    Raises
    ------
    UserError
        When the file is missing, damaged, or made for another network; see `load_state`.
    """
    try:
        state = load_file(path)
    except FileNotFoundError as error:
        raise UserError(f"{path}: not found; train the network first (dvc repro)") from error
    except (SafetensorError, OSError, ValueError) as error:
        raise UserError(
            f"{path}: not a readable safetensors file ({error}); make it again"
        ) from error
    remedy = "Give the settings that the network was trained with, or train it again."
    load_state(network, state, str(path), remedy)
