"""The loss of a batch and its gradients, with and without a CUDA graph."""

import numpy as np
import pytest
import torch
from skimage.color import rgb2ycbcr

from baselines.lapsrn import LapSRN
from pipeline.imaging.backend import backend_flags
from pipeline.support.errors import UserError
from pipeline.training.settings import TrainSettings
from pipeline.training.step import Gradients, batch_loss, objective, to_batch
from tests.pipeline.training.toy import Toy, settings

needs_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")


def test_to_batch_gives_rgb_and_matlab_luma_in_channels_last():
    pixels = np.random.default_rng(0).integers(0, 256, (2, 5, 7, 3), dtype=np.uint8)
    rgb = to_batch(torch.from_numpy(pixels), "rgb")
    assert rgb.is_contiguous(memory_format=torch.channels_last)
    np.testing.assert_allclose(rgb.permute(0, 2, 3, 1), pixels / 255, atol=1e-7)
    y = to_batch(torch.from_numpy(pixels), "y")
    assert y.shape == (2, 1, 5, 7)
    np.testing.assert_allclose(y[:, 0], rgb2ycbcr(pixels)[..., 0] / 255, atol=1e-6)


def test_objective_is_the_weighted_sum_over_outputs():
    rng = np.random.default_rng(1)
    coarse, fine, target = (rng.random((2, 3, 6, 6)) for _ in range(3))
    network = Toy()
    network.output_weights = (0.25, 2.0)
    outputs = [torch.from_numpy(x) for x in (coarse, fine)]

    def pixel(x):
        return np.sqrt((x - target) ** 2 + 1e-3**2).mean()

    expected = 0.25 * pixel(coarse) + 2 * pixel(fine)
    loss = objective(network, outputs, torch.from_numpy(target), settings())
    assert float(loss) == pytest.approx(expected, rel=1e-6)
    loss = objective(network, outputs, torch.from_numpy(target), settings(loss_weight=2.0))
    assert float(loss) == pytest.approx(2 * expected, rel=1e-6)

    def image(x):
        return np.sqrt(((x - target) ** 2).sum((1, 2, 3)) + 0.1**2).mean()

    literal = settings(charbonnier="image", charbonnier_zeta=0.1)
    loss = objective(network, outputs, torch.from_numpy(target), literal)
    assert float(loss) == pytest.approx(0.25 * image(coarse) + 2 * image(fine), rel=1e-6)


def test_objective_reduces_the_target_for_smaller_outputs():
    # Bicubic interpolation keeps a linear ramp inside; at half size it is sampled between pixels.
    ramp = torch.arange(32.0).div(40).expand(1, 1, 32, 32).contiguous()
    half = ramp[..., 0::2, 0::2] / 2 + ramp[..., 1::2, 1::2] / 2
    loss = objective(Toy(), [half, ramp], ramp, settings())
    assert float(loss) == pytest.approx((0.5 + 1.0) * 1e-3, rel=0.5)  # borders differ slightly
    wrong = objective(Toy(), [half + 0.1, ramp], ramp, settings())
    assert float(wrong) == pytest.approx(0.5 * 0.1 + 1e-3, rel=0.05)
    network = Toy()
    network.output_weights = (0.0, 1.0)  # an output of weight zero has no part, whatever it is
    loss = objective(network, [half * torch.nan, ramp], ramp, settings())
    assert float(loss) == pytest.approx(1e-3)


def lapsrn_and_batches(device):
    torch.manual_seed(0)
    network = LapSRN(4, features=4, depth=1).to(device)
    shapes = (2, 1, 6, 6), (2, 1, 24, 24)
    return network, [[torch.rand(shape, device=device) for shape in shapes] for _ in range(3)]


def loss_of(network, x, target):
    return batch_loss(network, x, target, "fp32", TrainSettings())


def test_gradients_replace_those_of_the_batch_before():
    network, batches = lapsrn_and_batches("cpu")
    gradients = Gradients(network, loss_of, graph=False)
    for x, target in batches:
        loss = gradients.compute(x, target)
        expected = loss_of(network, x, target)
        assert torch.equal(loss, expected.detach())
        parameters = list(network.parameters())
        own = torch.autograd.grad(expected, parameters)
        assert all(torch.equal(p.grad, g) for p, g in zip(parameters, own, strict=True))


@needs_cuda
def test_a_cuda_graph_gives_the_same_bits():
    network, batches = lapsrn_and_batches("cuda")
    plain, recorded = (Gradients(network, loss_of, graph=graph) for graph in (False, True))
    parameters = list(network.parameters())
    with backend_flags():
        for x, target in batches:
            loss = plain.compute(x, target)
            expected = [parameter.grad.clone() for parameter in parameters]
            # The recorded graph has its own memory for gradients: they are put in place anew.
            network.zero_grad(set_to_none=True)
            assert torch.equal(Gradients(network, loss_of, graph=True).compute(x, target), loss)
            assert all(torch.equal(p.grad, g) for p, g in zip(parameters, expected, strict=True))
        losses = [recorded.compute(x, target) for x, target in batches]
        assert losses == [plain.compute(x, target) for x, target in batches]


@needs_cuda
def test_what_cannot_be_recorded_is_refused_with_the_remedy():
    network, batches = lapsrn_and_batches("cuda")

    def waiting(network, x, target):
        loss = loss_of(network, x, target)
        return loss * float(loss.item() > 0)  # waits for the GPU

    with pytest.raises(UserError, match=r"LapSRN.*running\.cuda_graph: false"):
        Gradients(network, waiting, graph=True).compute(*batches[0])
