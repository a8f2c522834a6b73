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


def step_memory(network: SRNetwork, loss_of: LossOf) -> tuple[int, int]:
    """Return the bytes that every step of a training holds at least; `network` is not changed.

    What comes on top is left out, so that nothing is refused that would work: temporary results,
    gradients of activations, the next batch.

    Returns
    -------
    fixed, per_patch : int
        Weights, gradients and Adam's moments; what each patch adds.
    """
    copy = deepcopy(network)
    one, two = (saved_bytes(copy, loss_of, patches) for patches in (1, 2))
    per_patch = max(0, two - one)
    constants = max(0, one - per_patch)  # of interpolation, say
    weights = sum(parameter.nbytes for parameter in network.parameters())
    trained = sum(p.nbytes for p in network.parameters() if p.requires_grad)
    return weights + 3 * trained + constants, per_patch


def check_memory(network: SRNetwork, loss_of: LossOf, share: int, processes: Processes) -> None:
    """Refuse a training for which the memory does not suffice.

    Parameters
    ----------
    network : SRNetwork
        On its device.
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
    fixed, per_patch = step_memory(network, loss_of)
    needed, available = fixed + share * per_patch, available_memory(processes.device)
    if needed <= available:
        return
    fits = max(0, available - fixed) // max(1, per_patch) * processes.count
    remedy = (
        f"Lower train.batch to {fits} at most, or train.patch"
        if fits
        else "Not even one patch fits: lower train.patch, or make the network smaller"
    )
    raise UserError(
        f"train.batch is {share * processes.count}: a step needs at least "
        f"{needed / 2**30:,.1f} GiB of memory in each process ({per_patch / 2**20:,.2f} MiB a "
        f"patch and {fixed / 2**20:,.2f} MiB for weights and optimizer); "
        f"{available / 2**30:,.1f} GiB are available on {device_name(processes.device)}. {remedy}."
    )
