import pytest

from mesr.common.layers import SubPixelUpsampler


def test_upsampler_refuses_other_scales() -> None:
    with pytest.raises(ValueError, match="scale is 8; expected one of 2, 3, 4"):
        SubPixelUpsampler(8, 4)
