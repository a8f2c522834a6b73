"""The Charbonnier loss of equation (21)."""

from typing import Literal

import torch
from torch import Tensor

Reduction = Literal["pixel", "image"]


def charbonnier(
    prediction: Tensor, target: Tensor, zeta: float = 1e-3, reduction: Reduction = "pixel"
) -> Tensor:
    """Differentiable relative of the L1 loss (Section III-E, equation 21).

    Parameters
    ----------
    prediction, target : Tensor
        Images of shape (B, C, H, W) in [0, 1].
    zeta : float
        The paper's small constant, in the units of the images.
    reduction : {"pixel", "image"}
        ``"pixel"`` averages sqrt(d^2 + zeta^2) over all values, as LapSRN's code (the source
        that the paper cites) takes the root value by value. ``"image"`` reads equation (21)
        literally, sqrt(||d||^2 + zeta^2) with the norm over an image, averaged over the batch.

    Returns
    -------
    Tensor
        Scalar, float32 or wider whatever the inputs are.

    Raises
    ------
    ValueError
        When the shapes differ or the reduction is unknown.
    """
    if prediction.shape != target.shape:
        raise ValueError(
            f"prediction has shape {tuple(prediction.shape)}, target {tuple(target.shape)}; "
            "they must be equal"
        )
    wide = torch.promote_types(prediction.dtype, torch.float32)
    difference = prediction.to(wide) - target.to(wide)
    # Not torch.sqrt: that of float32 depends on the processor in its last bit.
    if reduction == "pixel":
        return torch.hypot(difference, difference.new_tensor(zeta)).mean()
    if reduction == "image":
        squared = difference.square().flatten(1).sum(1) + zeta**2
        return squared.double().sqrt().to(wide).mean()
    raise ValueError(f"reduction is {reduction!r}; expected 'pixel' or 'image'")
