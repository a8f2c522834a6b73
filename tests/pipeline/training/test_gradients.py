"""Losses and gradients, with and without a CUDA graph."""

import pytest
import torch

from mesr.common.base import SRNetwork
from pipeline.imaging.backend import backend_flags
from pipeline.models.networks import build_network
from pipeline.support.errors import UserError
from pipeline.training.gradients import Gradients, gradients_of
from pipeline.training.settings import TrainSettings
from pipeline.training.trainer import batch_loss

needs_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")


def network_and_batches(device: str) -> tuple[SRNetwork, list[tuple[torch.Tensor, torch.Tensor]]]:
    torch.manual_seed(0)
    network = build_network("lapsrn", 4, features=4, depth=1).to(device)
    shapes = (2, 1, 6, 6), (2, 1, 24, 24)
    batches = [tuple(torch.rand(shape, device=device) for shape in shapes) for _ in range(3)]
    return network, batches  # type: ignore[return-value]


def gradients_for(network: SRNetwork, *, graph: bool) -> Gradients:
    settings = TrainSettings()

    def loss_of(x: torch.Tensor, target: torch.Tensor, progress: float) -> torch.Tensor:
        return batch_loss(network, network, x, target, "fp32", progress, settings)

    return Gradients(network, loss_of, graph=graph)


def test_gradients_replace_those_of_the_batch_before() -> None:
    network, batches = network_and_batches("cpu")
    gradients = gradients_for(network, graph=False)
    for x, target in batches:
        loss = gradients.compute(x, target, 0.0)
        expected = batch_loss(network, network, x, target, "fp32", 0.0, TrainSettings())
        torch.testing.assert_close(loss, expected.detach(), rtol=0, atol=0)
        parameters = list(network.parameters())
        own = torch.autograd.grad(expected, parameters)
        for found, gradient in zip(gradients_of(parameters), own, strict=True):
            torch.testing.assert_close(found, gradient, rtol=0, atol=0)


def test_a_parameter_without_influence_has_no_gradient() -> None:
    used, unused = torch.nn.Parameter(torch.ones(2)), torch.nn.Parameter(torch.ones(2))
    used.sum().backward()
    assert len(gradients_of([used, unused])) == 1


@needs_cuda
def test_a_cuda_graph_gives_the_same_bits() -> None:
    network, batches = network_and_batches("cuda")
    plain, recorded = (gradients_for(network, graph=graph) for graph in (False, True))
    parameters = list(network.parameters())
    with backend_flags():
        for x, target in batches:
            loss = plain.compute(x, target, 0.0)
            expected = [gradient.clone() for gradient in gradients_of(parameters)]
            # The recorded graph has its own memory for gradients: they are put in place anew.
            network.zero_grad(set_to_none=True)
            fresh = gradients_for(network, graph=True)
            assert torch.equal(fresh.compute(x, target, 0.0), loss)
            for found, gradient in zip(gradients_of(parameters), expected, strict=True):
                assert torch.equal(found, gradient)
        losses = [recorded.compute(x, target, 0.0) for x, target in batches]
        assert losses == [plain.compute(x, target, 0.0) for x, target in batches]


@needs_cuda
def test_what_cannot_be_recorded_is_refused_with_the_remedy() -> None:
    network, batches = network_and_batches("cuda")

    def loss_of(x: torch.Tensor, target: torch.Tensor, progress: float) -> torch.Tensor:
        loss = batch_loss(network, network, x, target, "fp32", progress, TrainSettings())
        return loss * float(loss.item() > 0)  # waits for the GPU

    gradients = Gradients(network, loss_of, graph=True)
    with pytest.raises(UserError, match=r"LapSRN.*running\.cuda_graph: false"):
        gradients.compute(*batches[0], 0.0)
