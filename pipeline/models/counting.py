"""What a network costs, counted: parameters, Multi-Adds, convolutions, activations.

Multi-Adds follow CARN's convention: the multiply-accumulates of convolutions and matrix products
for one 1280x720 HR output. Biases, activations, elementwise arithmetic, pooling and
interpolation are not counted. A transposed convolution is counted on its input grid, which is
what it costs.
"""

import math
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from mesr.common.base import SRNetwork
from pipeline.support.errors import UserError

# Operations that do no multiply-accumulate in CARN's convention beside those that torch marks as
# working point by point or as views: normalisation, pooling, interpolation, and what only moves or
# makes tensors. An operation that is neither here nor known to torch's FLOP counter would silently
# count as zero, so it is refused. Variants that write in place (``add_``) are meant as well.
_NAMES = """
    all amax amin any argmax argmin linalg_vector_norm logsumexp max min norm prod std sum topk sort
    var var_mean floor_divide
    glu hardswish log_sigmoid_forward _softmax _safe_softmax _log_softmax
    native_batch_norm _native_batch_norm_legit_no_training _native_batch_norm_legit
    native_group_norm native_layer_norm _fused_rms_norm _weight_norm_interface
    adaptive_max_pool2d max_pool2d_with_indices
    grid_sampler_2d _upsample_bicubic2d_aa _upsample_bilinear2d_aa upsample_bicubic2d
    upsample_bilinear2d upsample_nearest2d _upsample_nearest_exact2d
    arange bernoulli cat channel_shuffle clone col2im constant_pad_nd copy dropout empty empty_like
    empty_strided eye fill flip full full_like gather im2col index index_put index_select linspace
    masked_fill native_dropout new_empty new_empty_strided new_full new_ones new_zeros ones
    ones_like pixel_shuffle pixel_unshuffle rand rand_like randn randn_like reflection_pad2d repeat
    replication_pad2d resize roll rot90 scalar_tensor scatter slice_scatter stack _to_copy tril triu
    _unsafe_view zero zeros zeros_like
"""
UNCOUNTED = set(_NAMES.split())
RECTIFIERS = {"leaky_relu", "_prelu_kernel", "relu", "relu6"}
POOLING = {"_adaptive_avg_pool2d", "avg_pool2d", "mean"}
COUNTED = ("multi_adds", "biases", "rectifiers", "pooling", "convolutions", "activations")


class _MultiplyAdds(TorchDispatchMode):
    """Add up the FLOPs of each operation by the formulas of torch's FLOP counter.

    What `torch.utils.flop_counter.FlopCounterMode` does, without its bookkeeping by module (most
    of its time), and noting operations whose cost nobody has thought about.
    """

    def __init__(self) -> None:
        super().__init__()
        self.found = dict.fromkeys(COUNTED, 0)
        self.unknown: set[str] = set()
        self.parts: dict[str, int] = {}

    def watch(self, part: str, module: nn.Module, hooks: ExitStack) -> None:
        """Add the Multi-Adds of each call of a module to those of its part of the network."""
        began: list[int] = []

        def before(*_: Any) -> None:
            began.append(self.found["multi_adds"])

        def after(*_: Any) -> None:
            spent = self.found["multi_adds"] - began.pop()
            self.parts[part] = self.parts.get(part, 0) + spent

        hooks.enter_context(module.register_forward_pre_hook(before))
        hooks.enter_context(module.register_forward_hook(after))

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        packet, found = func._overloadpacket, self.found
        name = packet.__name__
        plain = name.removesuffix("_")
        if packet in flop_registry:
            flops = flop_registry[packet](*args, **(kwargs or {}), out_val=result)
            found["multi_adds"] += flops // 2
            if packet is torch.ops.aten.convolution:
                found["convolutions"] += 1
                found["activations"] += result.numel()
                found["biases"] += result.numel() if args[2] is not None else 0
        elif plain in RECTIFIERS:
            found["rectifiers"] += result.numel()
        elif plain in POOLING:
            found["pooling"] += args[0].numel() if name != "avg_pool2d" else 0
        elif not (func.is_view or torch.Tag.pointwise in func.tags or {name, plain} & UNCOUNTED):
            self.unknown.add(str(packet))
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
    parts : dict of str to int
        Multiply-accumulates of each module that is an attribute of the network (a list of modules
        is one), by its name, in the order in which they are called.
    """

    params: int
    weights: int
    multi_adds: int
    biases: int
    rectifiers: int
    pooling: int
    convolutions: int
    activations: int
    parts: Mapping[str, int]


def lr_size(hr_height: int, hr_width: int, scale: int) -> tuple[int, int]:
    """LR height and width with exactly ``hr_height * hr_width / scale**2`` pixels.

    1280x720 is not divisible by 3; papers scale by the pixel count. Among the sizes with the
    right number of pixels the one nearest to the HR aspect ratio is taken.

    Raises
    ------
    UserError
        When the number of HR pixels is not divisible by the square of the scale.
    """
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
    """Turn ``"1280x720"``, a size as params.yaml has it, into (height, width) = (720, 1280)."""
    width, height = map(int, text.split("x"))
    return height, width


def weightless(build: Callable[[], SRNetwork]) -> SRNetwork:
    """Build a network on the meta device, where its weights take neither memory nor time.

    One whose constructor needs values, as Swin's `linspace(...).item()`, is built on the CPU first.
    """
    try:
        with torch.device("meta"):
            return build()
    except (UserError, RuntimeError, NotImplementedError):
        return build().to("meta")


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
        When the network runs operations whose cost is unknown, all of which are named, or cannot
        run without computing.
    """
    height, width = lr_size(hr_height, hr_width, network.scale)
    if network.preupsampled:
        height, width = height * network.scale, width * network.scale
    x = torch.empty(1, 3 if network.domain == "rgb" else 1, height, width, device="meta")
    with torch.no_grad(), _MultiplyAdds() as counter, ExitStack() as hooks:
        for part, child in network.named_children():
            for module in child if isinstance(child, nn.ModuleList) else [child]:
                counter.watch(part, module, hooks)
        try:
            network.eval()(x)
        except (RuntimeError, NotImplementedError) as error:
            raise UserError(
                f"{type(network).__name__}: does not run on a {width}x{height} image without "
                f"values (torch's device 'meta'): {error}. Make tensors on the device of the "
                "input, and let no size depend on values."
            ) from error
    if counter.unknown:
        raise UserError(
            f"{type(network).__name__}: no number of multiply-adds is known for "
            f"{', '.join(sorted(counter.unknown))}. Give torch's FLOP counter a formula for each "
            "(torch.utils.flop_counter.register_flop_formula), or, where it multiplies nothing "
            "by a weight, list it in UNCOUNTED of pipeline/models/counting.py."
        )
    sizes = {name: parameter.numel() for name, parameter in network.named_parameters()}
    return Complexity(
        params=sum(sizes.values()),
        weights=sum(size for name, size in sizes.items() if name.rpartition(".")[2] != "bias"),
        **counter.found,
        parts=counter.parts,
    )
