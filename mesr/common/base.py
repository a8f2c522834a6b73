"""What every network of the benchmark declares of itself, and what may be asked of it."""

from collections.abc import Callable, Sequence
from typing import Literal

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
    paper_objective : callable or None
        Loss of the network's own paper, a scalar: ``paper_objective(outputs, target, progress)``
        takes what the network returned, the HR images (B, C, H', W') in [0, 1], and the share of
        the training that is done, in [0, 1]. None where a network has no such loss.

    Raises
    ------
    ValueError
        For a scale other than 2, 3 and 4.
    """

    domain: Domain = "rgb"
    preupsampled: bool = False
    output_weights: tuple[float, ...] = (1.0,)
    paper_objective: Callable[[Sequence[Tensor], Tensor, float], Tensor] | None = None

    def __init__(self, scale: int) -> None:
        super().__init__()
        self.scale = check_scale(scale)
