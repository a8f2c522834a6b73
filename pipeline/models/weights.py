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
    problems = {}
    expected, found = (
        {name: (tuple(tensor.shape), tensor.dtype) for name, tensor in tensors.items()}
        for tensors in (network.state_dict(), state)
    )
    for name in expected.keys() | found.keys():
        if found.get(name) != expected.get(name):
            problems[name] = (
                f"is {found.get(name, 'missing')}; expected {expected.get(name, 'none')}"
            )
        elif not state[name].isfinite().all():
            problems[name] = "holds NaN or infinity"
    if problems:
        name = min(problems)
        raise UserError(
            f"{origin}: the weights do not fit {type(network).__name__} as configured: {name} "
            f"{problems[name]} ({len(problems)} in all). {remedy}"
        )
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
