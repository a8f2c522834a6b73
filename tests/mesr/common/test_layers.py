import pytest
import torch

from mesr.common.layers import SubPixelUpsampler


@pytest.mark.parametrize(("scale", "params"), [(2, 147_712), (3, 332_352), (4, 295_424)])
def test_upsampler_enlarges_in_stages_of_two_or_three(scale: int, params: int) -> None:
    upsampler = SubPixelUpsampler(scale, 64)
    assert sum(p.numel() for p in upsampler.parameters()) == params
    assert upsampler(torch.rand(1, 64, 3, 5)).shape == (1, 64, 3 * scale, 5 * scale)


def test_upsampler_refuses_other_scales() -> None:
    with pytest.raises(ValueError, match="scale is 8; expected one of 2, 3, 4"):
        SubPixelUpsampler(8, 4)
