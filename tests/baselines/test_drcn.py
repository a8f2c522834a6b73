import pytest
import torch
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

from baselines.drcn import DRCN


def test_counts_equal_the_published_ones() -> None:
    with torch.device("meta"):
        net, x = DRCN(2), torch.empty(1, 1, 720, 1280)
    kernels = sum(p.numel() for p in net.parameters() if p.dim() == 4)
    assert kernels == 2 * 2_304 + 3 * 589_824  # "1,774K" counts no biases
    # Four layers of 256 biases, the last one's single bias, and the 16 weights of the sum.
    assert sum(p.numel() for p in net.parameters()) == kernels + 4 * 256 + 1 + 16 == 1_775_121
    with FlopCounterMode(display=False) as counter:
        net(x)
    # Published: every recursion is reconstructed at its own cost.
    assert counter.get_total_flops() / 2e9 == pytest.approx(17_974.3, abs=0.05)


def test_recursions_and_their_sum_have_equal_weight() -> None:
    net = DRCN(3, features=4, recursions=5)
    assert len(net.output_weights) == 6
    assert sum(net.output_weights[:-1]) == pytest.approx(net.output_weights[-1])


def test_without_recursions_is_refused() -> None:
    with pytest.raises(ValueError, match="recursions is 0"):
        DRCN(2, recursions=0)


def test_is_the_papers_recursion() -> None:
    torch.manual_seed(0)
    net, x = DRCN(2, features=3, recursions=3), torch.rand(2, 1, 5, 6)
    for parameter in net.parameters():
        torch.nn.init.normal_(parameter, std=0.5)
    p = net.state_dict()

    def conv(value: torch.Tensor, name: str) -> torch.Tensor:
        columns = F.unfold(value, 3, padding=1)
        y = torch.einsum("ok,bkn->bon", p[f"{name}.weight"].flatten(1), columns)
        return (y + p[f"{name}.bias"][:, None]).reshape(2, -1, 5, 6)

    h = conv(conv(x, "embed.0").clamp(min=0), "embed.1").clamp(min=0)
    images = []
    for _ in range(3):
        h = conv(h, "recurse").clamp(min=0)
        images.append(x + conv(conv(h, "reconstruct.0").clamp(min=0), "reconstruct.1"))
    expected = [*images, sum(w * y for w, y in zip(p["ensemble"], images, strict=True))]
    for found, wanted in zip(net(x), expected, strict=True):
        torch.testing.assert_close(found, wanted, atol=1e-4, rtol=1e-4)


def test_recursion_begins_as_the_identity() -> None:
    outputs = DRCN(2, features=6, recursions=4)(torch.rand(1, 1, 7, 7))
    for output in outputs[1:]:  # every recursion and their mean equal the first
        torch.testing.assert_close(output, outputs[0])
