import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from mesr.common.loss import charbonnier


@given(difference=st.floats(-1, 1), zeta=st.floats(1e-4, 1))
def test_one_pixel_matches_equation_21(difference: float, zeta: float) -> None:
    prediction = torch.full((1, 1, 1, 1), difference, dtype=torch.float64)
    loss = charbonnier(prediction, torch.zeros_like(prediction), zeta)
    assert float(loss) == pytest.approx(math.hypot(difference, zeta), rel=1e-12)


def test_gradient_at_equality_is_zero_not_nan() -> None:
    a = torch.rand(1, 3, 4, 4, requires_grad=True)
    charbonnier(a, a.detach()).backward()
    assert a.grad is not None
    assert torch.equal(a.grad, torch.zeros_like(a))


def test_half_precision_is_summed_in_float32() -> None:
    a = torch.zeros(1, 3, 64, 64, dtype=torch.bfloat16)
    loss = charbonnier(a, torch.full_like(a, 0.5), 1e-3)
    assert loss.dtype == torch.float32
    assert float(loss) == pytest.approx(math.hypot(0.5, 1e-3), rel=1e-6)


def test_refuses_other_shapes_and_reductions() -> None:
    a = torch.zeros(1, 3, 4, 4)
    with pytest.raises(ValueError, match=r"\(1, 3, 4, 4\).*\(1, 1, 4, 4\)"):
        charbonnier(a, a[:, :1])
    with pytest.raises(ValueError, match="'sum'"):
        charbonnier(a, a, reduction="sum")  # type: ignore[arg-type]
