"""What a network costs, counted: parameters, Multi-Adds, convolutions, activations.

Multi-Adds follow CARN's convention: the multiply-accumulates of convolutions and matrix products
for one 1280x720 HR output. Biases, activations, elementwise arithmetic, pooling and
interpolation are not counted. A transposed convolution is counted on its input grid, which is
what it costs.
"""

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from mesr.common.base import SRNetwork
from pipeline.support.errors import UserError

# Operations that do no multiply-accumulate in CARN's convention. An operation that is neither
# here nor known to torch's FLOP counter would silently count as zero, so it is refused.
UNCOUNTED = {
    "add_", "add", "avg_pool2d", "cat", "clamp", "clamp_min", "clone", "constant_pad_nd", "div",
    "div_", "empty", "expand", "full_like", "max_pool2d_with_indices", "mul", "mul_",
    "native_batch_norm", "_native_batch_norm_legit_no_training", "new_empty", "norm", "permute",
    "pixel_shuffle", "pow", "reflection_pad2d", "repeat", "replication_pad2d", "rsqrt", "select",
    "sigmoid", "slice", "_softmax", "split", "split_with_sizes", "sqrt", "squeeze", "stack",
    "std", "sub", "sum", "t", "transpose", "unbind", "_unsafe_view", "unsqueeze",
    "upsample_bicubic2d", "_upsample_bicubic2d_aa", "upsample_bilinear2d", "upsample_nearest2d",
    "var", "var_mean", "view", "_weight_norm_interface", "zeros_like",
}  # fmt: skip

RECTIFIERS = {"leaky_relu", "leaky_relu_", "_prelu_kernel", "relu", "relu_"}


class _MultiplyAdds(TorchDispatchMode):
    """Add up the FLOPs of each operation by the formulas of torch's FLOP counter.

    What `torch.utils.flop_counter.FlopCounterMode` does, without its bookkeeping by module (most
    of its time), and refusing operations whose cost nobody has thought about.
    """

    def __init__(self) -> None:
        super().__init__()
        self.flops = self.biases = self.rectifiers = self.pooling = 0
        self.convolutions = self.activations = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        packet = func._overloadpacket
        if packet in flop_registry:
            self.flops += flop_registry[packet](*args, **(kwargs or {}), out_val=result)
            if packet is torch.ops.aten.convolution:
                self.convolutions += 1
                self.activations += result.numel()
                self.biases += result.numel() if args[2] is not None else 0
        elif packet.__name__ in RECTIFIERS:
            self.rectifiers += result.numel()
        elif packet.__name__ == "mean":
            self.pooling += args[0].numel()
        elif packet.__name__ not in UNCOUNTED:
            raise UserError(
                f"operation {packet} has no known number of multiply-adds. Give torch's FLOP "
                "counter a formula for it, or list it in pipeline/models/counting.py as uncounted."
            )
        return result


@dataclass(frozen=True)
class Complexity:
    """Size and cost of a network.

    Attributes
    ----------
    params : int
        Elements of all parameters, frozen ones included, as papers count them.
    weights : int
        The same without biases.
    multi_adds : int
        Multiply-accumulates for one HR output.
    biases, rectifiers, pooling : int
        Additions of biases, outputs of (leaky, parametric) ReLUs and inputs of averages, which
        some papers count too.
    convolutions, activations : int
        Convolutions that are carried out (a shared one counts each time) and elements of all
        their outputs, as the NTIRE challenges on efficient SR count "#Conv" and "#Acts".
    """

    params: int
    weights: int
    multi_adds: int
    biases: int
    rectifiers: int
    pooling: int
    convolutions: int
    activations: int


def lr_size(hr_height: int, hr_width: int, scale: int) -> tuple[int, int]:
    """LR height and width with exactly ``hr_height * hr_width / scale**2`` pixels.

    1280x720 is not divisible by 3; papers scale by the pixel count. Among the sizes with the
    right number of pixels the one nearest to the HR aspect ratio is taken.

    Raises
    ------
    UserError
        When the number of HR pixels is not divisible by the square of the scale.
    """
    if hr_height % scale == 0 and hr_width % scale == 0:
        return hr_height // scale, hr_width // scale
    pixels, rest = divmod(hr_height * hr_width, scale**2)
    if rest:
        raise UserError(
            f"complexity.hr: {hr_width}x{hr_height} has no whole number of LR pixels at scale "
            f"{scale}; expected a size whose pixel count is divisible by {scale**2}, e.g. 1280x720"
        )
    divisors = [h for h in range(1, math.isqrt(pixels) + 1) if pixels % h == 0]
    height = min(divisors, key=lambda h: abs(math.log(pixels / h / h * hr_height / hr_width)))
    return height, pixels // height


def parse_size(text: str) -> tuple[int, int]:
    """Turn ``"1280x720"`` into (height, width) = (720, 1280).

    Raises
    ------
    UserError
        For anything else than two positive numbers with an x between them.
    """
    width, _, height = text.partition("x")
    if not (width.isdecimal() and height.isdecimal() and int(width) and int(height)):
        raise UserError(f"HR size {text!r} is not a size; expected WIDTHxHEIGHT, e.g. 1280x720")
    return int(height), int(width)


def count(network: SRNetwork, hr_height: int = 720, hr_width: int = 1280) -> Complexity:
    """Count the parameters and Multi-Adds of a network on the meta device.

    Parameters
    ----------
    network : SRNetwork
        A network of this benchmark, on the meta device so that nothing is computed.
    hr_height, hr_width : int
        Size of the HR output in pixels.

    Raises
    ------
    UserError
        When the network runs an operation whose cost is unknown.
    """
    height, width = lr_size(hr_height, hr_width, network.scale)
    if network.preupsampled:
        height, width = height * network.scale, width * network.scale
    x = torch.empty(1, 3 if network.domain == "rgb" else 1, height, width, device="meta")
    with torch.no_grad(), _MultiplyAdds() as counter:
        network.eval()(x)
    sizes = {name: parameter.numel() for name, parameter in network.named_parameters()}
    return Complexity(
        params=sum(sizes.values()),
        weights=sum(size for name, size in sizes.items() if name.rpartition(".")[2] != "bias"),
        multi_adds=counter.flops // 2,
        biases=counter.biases,
        rectifiers=counter.rectifiers,
        pooling=counter.pooling,
        convolutions=counter.convolutions,
        activations=counter.activations,
    )
