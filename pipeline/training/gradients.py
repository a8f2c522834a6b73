"""The loss of a batch and its gradients: step by step, or as one recorded graph of GPU kernels.

A small network keeps a GPU waiting: launching a kernel from Python takes longer than running it.
A CUDA graph holds all kernels of forward and backward pass and launches them at once. They are
the same kernels on the same numbers, so the result is that of the loop without a graph.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from pipeline.support.errors import UserError

# (input, target, share of the training done) -> loss
LossOf = Callable[[Tensor, Tensor, float], Tensor]
# A graph, and where it finds input and target and leaves the loss.
Recording = tuple[torch.cuda.CUDAGraph, Tensor, Tensor, Tensor]

WARM_UP = 3  # passes before the recording, in which cuDNN and the allocator settle


class Gradients:
    """Computes losses and leaves the gradients in ``parameter.grad``.

    Parameters
    ----------
    network : nn.Module
        What is trained.
    loss_of : callable
        Returns the scalar loss of an input and a target, both on the network's device.
    graph : bool
        Record a CUDA graph at the first call. Then every batch must have the shapes of the first,
        and `loss_of` must not depend on the share of the training done.
    """

    def __init__(self, network: nn.Module, loss_of: LossOf, *, graph: bool) -> None:
        self.network, self.loss_of, self.graph = network, loss_of, graph
        self._recorded: Recording | None = None

    def compute(self, x: Tensor, target: Tensor, progress: float) -> Tensor:
        """Return the loss of a batch, a scalar; its gradients replace those of the last batch.

        Raises
        ------
        UserError
            When the network does something that cannot be recorded.
        """
        if not self.graph:
            self.network.zero_grad(set_to_none=True)
            loss = self.loss_of(x, target, progress)
            loss.backward()
            return loss.detach()
        if self._recorded is None:
            self._recorded = self._record(x, target)
        graph, own_x, own_target, loss = self._recorded
        own_x.copy_(x)
        own_target.copy_(target)
        graph.replay()
        return loss.clone()  # the next replay writes into the same memory

    def _record(self, x: Tensor, target: Tensor) -> Recording:
        # The passes of the warm-up may change statistics that a network keeps of its inputs.
        buffers = {name: buffer.clone() for name, buffer in self.network.named_buffers()}
        x, target = x.clone(), target.clone()
        side, graph = torch.cuda.Stream(), torch.cuda.CUDAGraph()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(WARM_UP):
                self.network.zero_grad(set_to_none=True)
                self.loss_of(x, target, 0.0).backward()
        torch.cuda.current_stream().wait_stream(side)
        # Without gradients in place the recorded backward pass writes them, rather than adds.
        self.network.zero_grad(set_to_none=True)
        try:
            with torch.cuda.graph(graph, capture_error_mode="thread_local"):
                loss = self.loss_of(x, target, 0.0)
                loss.backward()
        except RuntimeError as error:
            raise UserError(
                f"{type(self.network).__name__}: a training step cannot be recorded as a CUDA "
                f"graph ({error}). Set running.cuda_graph: false."
            ) from error
        for name, buffer in self.network.named_buffers():
            buffer.copy_(buffers[name])
        return graph, x, target, loss.detach()


def gradients_of(parameters: Sequence[nn.Parameter]) -> list[Tensor]:
    """Return the gradients that the last batch left; a parameter without influence has none."""
    return [parameter.grad for parameter in parameters if parameter.grad is not None]
