"""How much memory a training will need, before it starts.

The system kills a process that asks for more than there is, without a word, after an hour perhaps
of reading and swapping. What a step must hold at the same time can be measured on one and two
patches and is proportional beyond.
"""

from collections.abc import Callable
from copy import deepcopy

import torch
from torch import Tensor

from mesr.common.base import SRNetwork
from pipeline.support.errors import UserError

Probe = Callable[[SRNetwork, int], Tensor]


def saved_bytes(network: SRNetwork, loss_of: Probe, patches: int) -> int:
    """Return how many bytes the backward pass of a loss needs, parameters left out.

    Parameters
    ----------
    network : SRNetwork
        On the device. Statistics that it keeps in its buffers change.
    loss_of : callable
        Returns the loss of a network on a number of patches.
    patches : int
        Passed on to `loss_of`.
    """
    own = {parameter.untyped_storage().data_ptr() for parameter in network.parameters()}
    sizes: dict[int, int] = {}
    kept = []  # memory that is handed out again would be taken for the same tensor

    def pack(tensor: Tensor) -> Tensor:
        if tensor.layout is not torch.strided:  # the matrices of imresize: small, and shared
            return tensor
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            sizes[storage.data_ptr()] = storage.nbytes()
            kept.append(storage)
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        loss_of(network, patches)
    return sum(sizes.values())


def step_memory(network: SRNetwork, loss_of: Probe, *, ema: bool) -> tuple[int, int]:
    """Return the bytes that every step of a training holds at least.

    What comes on top is left out, so that nothing is refused that would work: temporary results,
    gradients of activations, the next batch.

    Parameters
    ----------
    network : SRNetwork
        On the device; it is not changed.
    loss_of : callable
        Returns the loss of a network on a number of patches.
    ema : bool
        Whether a moving average of the weights is kept.

    Returns
    -------
    fixed, per_patch : int
        Weights, gradients, Adam's moments and the average; what each patch adds.
    """
    copy = deepcopy(network)
    one, two = (saved_bytes(copy, loss_of, patches) for patches in (1, 2))
    per_patch = max(0, two - one)
    constants = max(0, one - per_patch)  # of interpolation, say
    weights = sum(parameter.nbytes for parameter in network.parameters())
    trained = sum(p.nbytes for p in network.parameters() if p.requires_grad)
    return (1 + ema) * weights + 3 * trained + constants, per_patch


def check_memory(
    fixed: int, per_patch: int, *, patches: int, processes: int, available: int, where: str
) -> None:
    """Refuse a training for which the memory does not suffice.

    Parameters
    ----------
    fixed, per_patch : int
        As `step_memory` returned them.
    patches : int
        In the batch of one process.
    processes : int
        Among which the whole batch is shared.
    available : int
        Bytes that one process may use.
    where : str
        Name of the device.

    Raises
    ------
    UserError
        With figures and the largest batch that would fit.
    """
    needed = fixed + patches * per_patch
    if needed <= available:
        return
    fits = max(0, available - fixed) // per_patch * processes if per_patch else 0
    remedy = (
        f"Lower train.batch to {fits} at most, or train.patch"
        if fits
        else "Not even one patch fits: lower train.patch, or make the network smaller"
    )
    raise UserError(
        f"train.batch is {patches * processes}: a step needs at least {_gib(needed)} of memory in "
        f"each process ({_mib(per_patch)} a patch and {_mib(fixed)} for weights and optimizer); "
        f"{_gib(available)} are available on {where}. {remedy}."
    )


def _gib(size: int) -> str:
    return f"{size / 2**30:,.1f} GiB"


def _mib(size: int) -> str:
    return f"{size / 2**20:,.2f} MiB"
