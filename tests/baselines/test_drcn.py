import pytest
import torch

from baselines.drcn import DRCN
from tests.baselines.formulas import conv


def test_recursions_and_their_sum_have_equal_weight() -> None:
    net = DRCN(3, features=4, recursions=5)
    assert len(net.output_weights) == 6
    assert sum(net.output_weights[:-1]) == pytest.approx(net.output_weights[-1])


def test_is_the_papers_recursion() -> None:
    torch.manual_seed(0)
    net, x = DRCN(2, features=3, recursions=3), torch.rand(2, 1, 5, 6)
    for parameter in net.parameters():
        torch.nn.init.normal_(parameter, std=0.5)
    p = net.state_dict()

    def layer(value: torch.Tensor, name: str) -> torch.Tensor:
        return conv(value, p[f"{name}.weight"], p[f"{name}.bias"])

    h = layer(layer(x, "embed.0").clamp(min=0), "embed.1").clamp(min=0)
    images = []
    for _ in range(3):
        h = layer(h, "recurse").clamp(min=0)
        images.append(x + layer(layer(h, "reconstruct.0").clamp(min=0), "reconstruct.1"))
    expected = [*images, sum(w * y for w, y in zip(p["ensemble"], images, strict=True))]
    for found, wanted in zip(net(x), expected, strict=True):
        torch.testing.assert_close(found, wanted, atol=1e-4, rtol=1e-4)


def test_recursion_begins_as_the_identity() -> None:
    outputs = DRCN(2, features=6, recursions=4)(torch.rand(1, 1, 7, 7))
    for output in outputs[1:]:  # every recursion and their mean equal the first
        torch.testing.assert_close(output, outputs[0])
