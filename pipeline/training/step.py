"""The loss of a batch and its gradients: step by step, or as one recorded graph of GPU kernels."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from mesr.common.base import SRNetwork
from mesr.common.imresize import imresize
from mesr.common.loss import charbonnier
from pipeline.imaging.colour import YCBCR, YCBCR_OFFSET
from pipeline.support.errors import UserError
from pipeline.training.patches import Batch
from pipeline.training.settings import TrainSettings

WARM_UP = 3  # passes before the recording, in which cuDNN and the allocator settle


def to_device(
    network: SRNetwork, batch: Batch, device: torch.device, settings: TrainSettings
) -> tuple[Tensor, Tensor]:
    """Make a network's input and its target of patches.

    Parameters
    ----------
    network : SRNetwork
        Whose domain and place of upsampling decide what it takes.
    batch : Batch
        Patches.
    device : torch.device
        Where the network is.
    settings : TrainSettings
        Memory order.

    Returns
    -------
    x, target : Tensor
        (B, C, H, W), float32 in [0, 1].
    """
    tensors = [torch.from_numpy(pixels) for pixels in batch]
    if device.type == "cuda":
        # Copies from pinned memory run while the GPU computes. PyTorch's pinned allocator does
        # not hand the buffer out again before the copy is done.
        tensors = [tensor.pin_memory() for tensor in tensors]
    x, target = (
        to_batch(tensor.to(device, non_blocking=True), network.domain) for tensor in tensors
    )
    if network.preupsampled:
        x = imresize(x, scale=network.scale)
    order = memory_format(settings)
    return x.contiguous(memory_format=order), target.contiguous(memory_format=order)


def memory_format(settings: TrainSettings) -> torch.memory_format:
    """Return the order of images and weights: channels_last saves oneDNN and cuDNN reordering."""
    return torch.channels_last if settings.channels_last else torch.contiguous_format


def to_batch(pixels: Tensor, domain: str) -> Tensor:
    """Turn uint8 RGB images (B, H, W, 3) into what networks take: (B, C, H, W) float in [0, 1].

    Keeps the memory order, which is channels_last. Domain ``"y"`` gives BT.601 studio luma.
    """
    x = pixels.permute(0, 3, 1, 2).float() / 255
    if domain == "rgb":
        return x
    weights = torch.tensor(YCBCR[0] / 255, dtype=x.dtype, device=x.device).view(1, 3, 1, 1)
    return (x * weights).sum(1, keepdim=True) + float(YCBCR_OFFSET[0] / 255)


def batch_loss(
    network: SRNetwork, x: Tensor, target: Tensor, precision: str, settings: TrainSettings
) -> Tensor:
    """Run a network on a batch and return its loss.

    Parameters
    ----------
    network : SRNetwork
        What is trained.
    x, target : Tensor
        As `to_device` returned them.
    precision : {"fp32", "bf16"}
        Of the network's own arithmetic.
    settings : TrainSettings
        Objective.
    """
    with torch.autocast(x.device.type, torch.bfloat16, enabled=precision == "bf16"):
        outputs = network(x)
    # The loss itself is float32: bfloat16 has 8 bits, no more than a pixel.
    return objective(network, [output.float() for output in outputs], target, settings)


def objective(
    network: SRNetwork, outputs: Sequence[Tensor], target: Tensor, settings: TrainSettings
) -> Tensor:
    """Return the loss of equation (20): a weighted sum of Charbonnier losses (21).

    Parameters
    ----------
    network : SRNetwork
        Whose `output_weights` are the omegas.
    outputs : sequence of Tensor
        Coarse to fine, (B, C, H', W').
    target : Tensor
        (B, C, H, W); reduced by MATLAB's bicubic for outputs of another size.
    settings : TrainSettings
        `charbonnier`, `charbonnier_zeta` and `loss_weight`.
    """
    loss = target.new_zeros(())
    for weight, output in zip(network.output_weights, outputs, strict=True):
        if weight:  # a weight of 0 (omega_1 of RB-dagger) costs nothing
            size = (output.shape[-2], output.shape[-1])
            goal = target if target.shape[-2:] == size else imresize(target, size=size)
            loss = loss + weight * charbonnier(
                output, goal, settings.charbonnier_zeta, settings.charbonnier
            )
    return loss * settings.loss_weight


class Gradients:
    """Computes losses and leaves the gradients in ``parameter.grad``.

    A small network keeps a GPU waiting: launching a kernel from Python takes longer than running
    it. A CUDA graph holds all kernels of forward and backward pass and launches them at once.
    They are the same kernels on the same numbers, so the result is that without a graph.

    Parameters
    ----------
    network : SRNetwork
        What is trained.
    loss_of : callable
        Returns the scalar loss of a network, an input and a target, all on one device.
    graph : bool
        Record a CUDA graph at the first call. Then every batch must have the shapes of the first.
    """

    def __init__(
        self,
        network: SRNetwork,
        loss_of: Callable[[SRNetwork, Tensor, Tensor], Tensor],
        *,
        graph: bool,
    ) -> None:
        self.network, self.loss_of, self.graph = network, loss_of, graph
        self._recorded: tuple[torch.cuda.CUDAGraph, Tensor, Tensor, Tensor] | None = None

    def compute(self, x: Tensor, target: Tensor) -> Tensor:
        """Return the loss of a batch, a scalar; its gradients replace those of the last batch.

        Raises
        ------
        UserError
            When the network does something that cannot be recorded.
        """
        if not self.graph:
            return self._pass(x, target)
        if self._recorded is None:
            self._recorded = self._record(x.clone(), target.clone())
        graph, own_x, own_target, loss = self._recorded
        own_x.copy_(x)
        own_target.copy_(target)
        graph.replay()
        return loss.clone()  # the next replay writes into the same memory

    def _pass(self, x: Tensor, target: Tensor) -> Tensor:
        # Without gradients in place the backward pass writes them, rather than adds.
        self.network.zero_grad(set_to_none=True)
        loss = self.loss_of(self.network, x, target)
        loss.backward()
        return loss.detach()

    def _record(
        self, x: Tensor, target: Tensor
    ) -> tuple[torch.cuda.CUDAGraph, Tensor, Tensor, Tensor]:
        # The passes of the warm-up may change statistics that a network keeps of its inputs.
        buffers = {name: buffer.clone() for name, buffer in self.network.named_buffers()}
        side, graph = torch.cuda.Stream(), torch.cuda.CUDAGraph()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(WARM_UP):
                self._pass(x, target)
        torch.cuda.current_stream().wait_stream(side)
        self.network.zero_grad(set_to_none=True)
        try:
            with torch.cuda.graph(graph, capture_error_mode="thread_local"):
                loss = self.loss_of(self.network, x, target)
                loss.backward()
        except RuntimeError as error:
            raise UserError(
                f"{type(self.network).__name__}: a training step cannot be recorded as a CUDA "
                f"graph ({error}). Set running.cuda_graph: false."
            ) from error
        for name, buffer in self.network.named_buffers():
            buffer.copy_(buffers[name])
        return graph, x, target, loss.detach()
