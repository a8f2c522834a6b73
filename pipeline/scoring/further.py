"""Metrics beside PSNR and SSIM, computed by pyiqa from pixels alone or with verified weights.

pyiqa is imported when such a metric is built and never before: it takes seconds. It would download
weights by itself and unpickle them; here networks are built without weights and filled from files
that the caller names, read as tensors and nothing else.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor

from pipeline.imaging.inference import Device
from pipeline.imaging.protocol import Protocol
from pipeline.imaging.tensors import Image, crop_border, round_to_uint8, to_tensor
from pipeline.support.errors import UserError

# Position of a convolution in torchvision's backbone, in the names that pyiqa gives its slices.
_BACKBONE = re.compile(r"(?:net\.slice|stage)\d+\.(\d+\.(?:weight|bias))")


class FurtherMetrics:
    """Several metrics of pyiqa, ready to score images.

    Parameters
    ----------
    weights : mapping of str to sequence of Path
        pyiqa's name of each metric -> the verified files that it needs: none, or the backbone as
        torchvision publishes it and the metric's own weights.
    device : torch.device or str, optional
        Where to compute; the CPU by default.

    Attributes
    ----------
    names : list of str
        Of the metrics, in the order given.

    Raises
    ------
    ValueError
        When a metric's weights do not fill its network.
    """

    def __init__(self, weights: Mapping[str, Sequence[Path]], device: Device = None) -> None:
        self._device = torch.device(device or "cpu")
        self._metrics = {n: _build(n, paths, self._device) for n, paths in weights.items()}
        self.names = list(weights)

    def score(
        self, sr: Image, reference: Image, scale: int, protocol: Protocol, *, name: str = "image"
    ) -> dict[str, float]:
        """Score an SR image.

        Parameters
        ----------
        sr, reference : ndarray
            (H, W, 3) or (H, W) in 0..255, as for `pipeline.scoring.evaluation.score`. All metrics
            get what `metric_input` makes of them; those without reference get the SR image.
        scale : {2, 3, 4}
            Decides the border that is not scored.
        protocol : Protocol
            Its colour space, rounding of the SR image and border.
        name : str
            Of the image, for messages.

        Raises
        ------
        UserError
            When a metric cannot be computed, which it says of small images above all, or is not
            finite.
        """
        width = protocol.border_width(scale)
        x, y = (
            metric_input(crop_border(image, width, name)).to(self._device)
            for image in (sr, reference)
        )
        found = {}
        for metric, network in self._metrics.items():
            pair = (x, y) if network.metric_mode == "FR" else (x,)
            try:
                found[metric] = float(network(*pair))
                reason = "" if torch.isfinite(torch.tensor(found[metric])) else "it is not finite"
            except (AssertionError, IndexError, RuntimeError, ValueError) as error:
                reason = " ".join(str(error).split()) or type(error).__name__
            if reason:
                raise UserError(
                    f"{name}: {metric} cannot be computed on the {x.shape[-1]}x{x.shape[-2]} "
                    f"pixels inside the border of {width} ({reason}). Leave the metric out, or "
                    "use larger images."
                )
        return found


def metric_input(image: Image) -> Tensor:
    """Turn an image into what pyiqa's metrics read.

    Parameters
    ----------
    image : ndarray
        (H, W, 3) or (H, W) in 0..255; rounded to 8 bits here where it is not already.

    Returns
    -------
    Tensor
        (1, 3, H, W) float32 in [0, 1]; gray images and luma three times. pyiqa reduces it to the
        planes that a metric is defined on.
    """
    planes = to_tensor(round_to_uint8(image)).float() / 255
    return planes.expand(1, 3, *planes.shape[-2:]).contiguous()


def _build(name: str, weights: Sequence[Path], device: torch.device) -> Any:
    """Build a metric of pyiqa without a download: every parameter from one of two files.

    They are the backbone as torchvision publishes it (AlexNet or VGG16), and what the metric's
    authors trained: the layers ``lin<k>`` of LPIPS, ``alpha`` and ``beta`` of DISTS.
    """
    from pyiqa.models.inference_model import InferenceModel  # noqa: PLC0415 (takes 2 s)

    if not weights:
        return InferenceModel(name, device=device)
    with _untrained_backbones():
        metric = InferenceModel(name, device=device, pretrained=False)
    backbone, own = (torch.load(path, map_location="cpu", weights_only=True) for path in weights)
    for parameter_name, parameter in metric.net.named_parameters():
        match = _BACKBONE.fullmatch(parameter_name)
        source, key = (backbone, f"features.{match[1]}") if match else (own, parameter_name)
        if key not in source or source[key].shape != parameter.shape:
            raise ValueError(f"the weights have no {key} of shape {tuple(parameter.shape)}")
        with torch.no_grad():
            parameter.copy_(source[key])
    return metric


@contextmanager
def _untrained_backbones() -> Iterator[None]:
    # pyiqa asks torchvision for trained weights, which it would download, whatever it is told.
    from pyiqa.archs import dists_arch, lpips_arch  # noqa: PLC0415
    from torchvision.models import alexnet, vgg16  # noqa: PLC0415

    untrained = SimpleNamespace(
        alexnet=lambda **_: alexnet(weights=None), vgg16=lambda **_: vgg16(weights=None)
    )
    originals = {module: module.models for module in (dists_arch, lpips_arch)}
    for module in originals:
        module.models = untrained
    try:
        yield
    finally:
        for module, original in originals.items():
            module.models = original
