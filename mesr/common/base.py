"""What every network of the benchmark declares of itself, and what may be asked of it."""

from typing import Any, Literal

import torch.nn.functional as F
from torch import Tensor, nn

SCALES = (2, 3, 4)

Domain = Literal["rgb", "y"]


def check_scale(scale: int) -> int:
    """Return `scale`, or raise ValueError when no network of this benchmark has it."""
    if scale not in SCALES:
        raise ValueError(f"scale is {scale!r}; expected one of {', '.join(map(str, SCALES))}")
    return scale


class SRNetwork(nn.Module):
    """Base of all super-resolution networks: declares the input format and the outputs.

    ``network(x)`` takes images (B, C, h, w) in [0, 1] and returns a tuple of images, coarse to
    fine, neither clamped nor rounded. The last one is the SR image, (B, C, scale * H, scale * W)
    for an LR image of H x W pixels.

    Parameters
    ----------
    scale : {2, 3, 4}
        Upscaling factor.

    Attributes
    ----------
    scale : {2, 3, 4}
        Upscaling factor.
    domain : {"rgb", "y"}
        Whether C is 3 (RGB) or 1 (BT.601 luma, 16/255 to 235/255).
    preupsampled : bool
        Whether `x` is the LR image already enlarged by bicubic interpolation.
    output_weights : tuple of float
        Weight of each output in the loss of equal budgets, one for each output.

    Raises
    ------
    ValueError
        For a scale other than 2, 3 and 4.
    """

    domain: Domain = "rgb"
    preupsampled: bool = False
    output_weights: tuple[float, ...] = (1.0,)

    def __init__(self, scale: int) -> None:
        super().__init__()
        self.scale = check_scale(scale)

    def gate(self, coarse: Tensor) -> Tensor | None:
        """Return what a second stage multiplies the coarse image by, if there is such a stage.

        Parameters
        ----------
        coarse : Tensor
            First output of the network, (B, C, H, W).

        Returns
        -------
        Tensor or None
            (B, C, H, W), in [0, 1].
        """
        return None

    def add_image_skip(self) -> None:
        """Add the bilinearly enlarged input to every output from now on.

        A diagnostic for networks that enlarge at their end and have no such skip of their own. It
        has no parameters: weights are loaded and saved as before.
        """
        if self.preupsampled:
            raise ValueError(f"{type(self).__name__}: its input is enlarged already")
        self.register_forward_hook(_add_input)


def enlarge(x: Tensor, scale: int) -> Tensor:
    """Enlarge images (B, C, h, w) bilinearly, pixels being squares (`align_corners` false)."""
    return F.interpolate(x, scale_factor=scale, mode="bilinear", align_corners=False)


def _add_input(network: SRNetwork, inputs: tuple[Any, ...], outputs: Any) -> tuple[Tensor, ...]:
    (x,) = inputs
    return tuple(y + enlarge(x, y.shape[-1] // x.shape[-1]) for y in outputs)
