import numpy as np
import pytest
import torch
from torch import nn

from baselines.drsan import (
    DRSAN,
    DynamicResidualModule,
    ResidualAttentionGroup,
    checkpoint_names,
)
from tests.baselines.formulas import same


def _tensorflow_prelu(x: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Activate (..., C) as the authors' TensorFlow code writes it."""
    return np.maximum(x, 0) + alpha * (x - abs(x)) / 2


def test_dynamic_residual_module_is_the_papers_formula() -> None:
    torch.manual_seed(0)
    module, x = DynamicResidualModule(4, 3, 6), torch.randn(2, 4, 5, 5)
    nn.init.normal_(module.activation.weight)
    weights = {name: p.detach().numpy() for name, p in module.named_parameters()}
    y = x.permute(0, 2, 3, 1).numpy()
    y = y @ weights["squeeze.weight"][:, :, 0, 0].T + weights["squeeze.bias"]
    y = _tensorflow_prelu(y, weights["activation.weight"])
    y = y @ weights["expand.weight"][:, :, 0, 0].T + weights["expand.bias"]
    np.testing.assert_allclose(module(x).detach(), y.mean(axis=(1, 2)), atol=1e-5)


def test_group_is_the_papers_formula() -> None:
    torch.manual_seed(0)
    group, f0 = ResidualAttentionGroup(4, 3, 2), torch.randn(2, 4, 5, 6)
    for unit in group.units:
        nn.init.normal_(unit[0].weight)
        nn.init.normal_(unit[2].weight)
    a = group.dynamic(f0).T[:, :, None, None, None]
    assert a.shape[0] == 6

    def residual(x: torch.Tensor, n: int) -> torch.Tensor:
        slope1, conv1, slope2, conv2 = group.units[n - 1]
        for slope, conv in ((slope1, conv1), (slope2, conv2)):
            x = x.clamp(min=0) + slope.weight[:, None, None] * x.clamp(max=0)
            x = same(x, conv)
        return x

    t1 = residual(f0, 1)
    f1 = (t1 + a[0] * f0) * torch.sigmoid(t1)
    t2 = residual(f1, 2)
    f2 = (t2 + a[1] * f0 + a[2] * f1) * torch.sigmoid(t2)
    t3 = residual(f2, 3)
    f3 = (t3 + a[3] * f0 + a[4] * f1 + a[5] * f2) * torch.sigmoid(t3)
    torch.testing.assert_close(group(f0), same(torch.cat([f0, f1, f2, f3], 1), group.fuse))


def test_initialisation_is_tensorflows() -> None:
    net = DRSAN(2, features=16, depth=1)
    conv = net.body[0].units[0][1]
    bound = (6 / (9 * 16 + 9 * 16)) ** 0.5  # Glorot and Bengio 2010, eq. 16
    assert 0.95 * bound < conv.weight.abs().max() <= bound
    for name, parameter in net.named_parameters():
        if parameter.dim() == 1:  # biases and PReLU slopes
            assert torch.equal(parameter, torch.zeros_like(parameter)), name


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_every_parameter_has_one_checkpoint_variable(scale: int) -> None:
    with torch.device("meta"):
        state = DRSAN(scale).state_dict()
    names = checkpoint_names(scale)
    assert names.keys() == state.keys()
    assert len(set(names.values())) == len(names)
