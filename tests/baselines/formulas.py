"""Layers written out without the operations of torch that they test, and the authors' names."""

import re
from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def conv(x: Tensor, weight: Tensor, bias: Tensor, groups: int = 1) -> Tensor:
    """Compute a 'same' convolution from columns."""
    parts = []
    for part, kernels in zip(x.chunk(groups, 1), weight.chunk(groups, 0), strict=True):
        columns = F.unfold(part, weight.shape[-1], padding=weight.shape[-1] // 2)
        parts.append(torch.einsum("ok,bkn->bon", kernels.flatten(1), columns))
    return (torch.cat(parts, 1) + bias[:, None]).reshape(len(x), len(weight), *x.shape[-2:])


def same(x: Tensor, layer: nn.Conv2d) -> Tensor:
    """Convolve with a layer's weights, the image extended by zeros, whatever the layer does."""
    return F.conv2d(x, layer.weight, layer.bias, padding=layer.weight.shape[-1] // 2)


def authors_state(model: str, scale: int, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return a state dict under the names of the authors' files."""
    return {_theirs(name, model, scale): tensor for name, tensor in state.items()}


def _theirs(name: str, model: str, scale: int) -> str:
    tail = 8 if scale == 4 else 5  # of DPSR, whose network is one sequence
    renamed = {
        "a2f": {
            r"body\.(\d+)\.input_scale": r"x_scale_list.\1.scale",
            r"body\.(\d+)\.residual_scale": r"res_scale_list.\1.scale",
            r"body\.(\d+)\.auxiliary_scale": r"auxilary_scale_list.\1.scale",
            r"body\.(\d+)\.project": r"fusion_conv_list.\1.0",
            r"body\.(\d+)\.attention\.1": r"fusion_conv_list.\1.1.conv_du.0",
            r"body\.(\d+)\.attention\.3": r"fusion_conv_list.\1.1.conv_du.2",
            r"\.residual\.": ".body.",
            r"^(head|tail|skip)": r"\1.0",
            r"parametrizations\.weight\.original0": "weight_g",
            r"parametrizations\.weight\.original1": "weight_v",
        },
        "dasr": {
            r"encoder\.layers": "E.encoder_q.E",
            r"encoder\.projection": "E.encoder_q.mlp",
            "generator": "G",
            "subtract_mean": "sub_mean",
            r"G\.head": "G.head.0",
            r"groups\.(\d)\.end": r"body.\1.body.5",
            r"groups\.(\d)\.blocks": r"body.\1.body",
            "body_end": "body.5",
            r"G\.tail": "G.tail.1",
            "upsampler": "tail.0",
            r"adapt(\d)": r"da_conv\1",
            "mix": "conv",
            "attention": "ca.conv_du",
        },
        "dpsr": {
            "head": "model.0",
            r"body\.(\d+)\.residual": r"model.1.sub.\1.res",
            "body": "model.1.sub",
            r"upsampler\.0": "model.2",
            r"upsampler\.3": "model.5",
            r"tail\.0": f"model.{tail}",
            r"tail\.2": f"model.{tail + 2}",
        },
        "msrn": {
            "subtract_mean": "sub_mean",
            "head": "head.0",
            r"conv(\d_\d)": r"conv_\1",
            r"(body\.\d)\.fuse": r"\1.confusion",
            "tail": "tail.3",
            "^fuse": "tail.1",
            "upsample": "tail.2",
            "bottleneck": "tail.0",
        },
        "idn": {
            r"extract\.0": "conv1",
            r"extract\.1": "conv2",
            **{rf"blocks\.{n}\.enhance\.{k}": f"conv{n + 3}_{k + 1}"
               for n in range(4) for k in range(6)},
            **{rf"blocks\.{n}\.compress": f"down{n + 1}" for n in range(4)},
        },
    }  # fmt: skip
    for pattern, replacement in renamed[model].items():
        name = re.sub(pattern, replacement, name)
    return name
