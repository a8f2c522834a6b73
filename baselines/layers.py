"""Layers that several baselines share."""

from mesr.layers import DIV2K_MEAN, ChannelShift, SubPixelUpsampler, check_scale

__all__ = ["DIV2K_MEAN", "ChannelShift", "SubPixelUpsampler", "check_scale"]
