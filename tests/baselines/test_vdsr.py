import torch

from baselines.vdsr import VDSR
from tests.baselines.formulas import conv


def test_is_the_input_plus_a_chain_of_convolutions() -> None:
    torch.manual_seed(0)
    net, x = VDSR(2, features=5, depth=3), torch.rand(2, 1, 6, 7)
    y = x
    for number, layer in enumerate(net.convs):
        y = conv(y, layer.weight, layer.bias)
        y = y if number == 2 else y.clamp(min=0)
    torch.testing.assert_close(net(x)[-1], x + y)
