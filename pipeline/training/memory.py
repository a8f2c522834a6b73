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
from pipeline.imaging.backend import available_memory, device_name
from pipeline.support.errors import UserError
from pipeline.training.processes import Processes

LossOf = Callable[[SRNetwork, int], Tensor]  # of a network on a number of patches


def saved_bytes(network: SRNetwork, loss_of: LossOf, patches: int) -> int:
    """Return how many bytes the backward pass of a loss needs, parameters left out."""
    own = {parameter.untyped_storage().data_ptr() for parameter in network.parameters()}
    saved = {}  # holds what was saved: memory handed out again would be taken for the same tensor

    def pack(tensor: Tensor) -> Tensor:
        if tensor.layout is torch.strided:  # imresize's matrices are sparse, small, and shared
            storage = tensor.untyped_storage()
            saved[storage.data_ptr()] = storage
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        loss_of(network, patches)
    return sum(storage.nbytes() for place, storage in saved.items() if place not in own)


def check_memory(network: SRNetwork, loss_of: LossOf, share: int, processes: Processes) -> None:
    """Refuse a training for which the memory does not suffice.

    Weights, gradients, Adam's moments and what the backward pass needs are counted. What comes on
    top is left out, so that nothing is refused that would work: temporary results, gradients of
    activations, the next batch.

    Parameters
    ----------
    network : SRNetwork
        On its device; it is not changed.
    loss_of : callable
        Returns the loss of a network on a number of patches.
    share : int
        Patches in the batch of one process.
    processes : Processes
        Among which the whole batch is shared.

    Raises
    ------
    UserError
        With figures and the largest batch that would fit.
    """
    copy = deepcopy(network)
    one, two = (saved_bytes(copy, loss_of, patches) for patches in (1, 2))
    per_patch = max(1, two - one)
    fixed = sum(p.nbytes * (4 if p.requires_grad else 1) for p in network.parameters())
    fixed += max(0, one - per_patch)  # constants of interpolation, say
    needed, available = fixed + share * per_patch, available_memory(processes.device)
    if needed > available:
        fits = max(0, available - fixed) // per_patch * processes.count
        raise UserError(
            f"train.batch is {share * processes.count}: a step needs at least "
            f"{needed / 2**30:,.2f} GiB of memory in each process, {available / 2**30:,.2f} GiB "
            f"are available on {device_name(processes.device)}. Lower train.batch to "
            f"{max(fits, 1)} at most, or train.patch."
        )
