"""Stage `complexity`: parameters and Multi-Adds of every network at its paper's size.

Writes `results/complexity.csv` and, beside every published count, `results/counts.csv`.

Multi-Adds follow CARN's convention: the multiply-accumulates of convolutions and matrix products
for one 1280x720 HR output. Biases, activations, elementwise arithmetic, pooling and
interpolation are not counted. A transposed convolution is counted on its input grid, which is
what it costs.
"""

import argparse
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from mesr import VARIANTS
from mesr.common.base import SCALES, SRNetwork
from pipeline.models.networks import NETWORKS, build_network, network_variants
from pipeline.study.params import load_params
from pipeline.study.published_figures import PublishedComplexity, published_complexity
from pipeline.support.console import run
from pipeline.support.errors import UserError
from pipeline.support.files import atomic_path

OUTPUT = Path("results/complexity.csv")
COMPARISON = Path("results/counts.csv")
ABLATION_SCALE = 4

# Operations that do no multiply-accumulate in CARN's convention. An operation that is neither
# here nor known to torch's FLOP counter would silently count as zero, so it is refused.
UNCOUNTED = {
    "add_", "add", "avg_pool2d", "cat", "clamp", "clamp_min", "clone", "constant_pad_nd", "div",
    "div_", "empty", "expand", "full_like", "max_pool2d_with_indices", "mul", "mul_",
    "native_batch_norm", "_native_batch_norm_legit_no_training", "new_empty", "norm", "permute",
    "pixel_shuffle", "pow", "reflection_pad2d", "repeat", "replication_pad2d", "select",
    "sigmoid", "slice", "_softmax", "split", "split_with_sizes", "sqrt", "squeeze", "stack",
    "std", "sub", "sum", "t", "transpose", "unbind", "_unsafe_view", "unsqueeze",
    "upsample_bicubic2d", "_upsample_bicubic2d_aa", "upsample_bilinear2d", "upsample_nearest2d",
    "var", "var_mean", "view", "_weight_norm_interface", "zeros_like",
}  # fmt: skip
# Neither are these, but some papers count them: see `Complexity`.

RECTIFIERS = {"leaky_relu", "leaky_relu_", "_prelu_kernel", "relu", "relu_"}


class _MultiplyAdds(TorchDispatchMode):
    """Add up the FLOPs of each operation by the formulas of torch's FLOP counter.

    What `torch.utils.flop_counter.FlopCounterMode` does, without its bookkeeping by module (most
    of its time), and refusing operations whose cost nobody has thought about.
    """

    def __init__(self) -> None:
        super().__init__()
        self.flops = self.biases = self.rectifiers = self.pooling = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        packet = func._overloadpacket
        if packet in flop_registry:
            self.flops += flop_registry[packet](*args, **(kwargs or {}), out_val=result)
            if packet is torch.ops.aten.convolution and args[2] is not None:
                self.biases += result.numel()
        elif packet.__name__ in RECTIFIERS:
            self.rectifiers += result.numel()
        elif packet.__name__ == "mean":
            self.pooling += args[0].numel()
        elif packet.__name__ not in UNCOUNTED:
            raise UserError(
                f"operation {packet} has no known number of multiply-adds. Give torch's FLOP "
                "counter a formula for it, or list it in pipeline/complexity.py as uncounted."
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
    """

    params: int
    weights: int
    multi_adds: int
    biases: int
    rectifiers: int
    pooling: int


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
    )


def subjects(names: Sequence[str], *, variants: bool) -> Iterator[tuple[str, str, int, Any]]:
    """Yield network, variant, scale and settings of what is counted.

    The first variant of a network is the one that the paper's tables mean; the others follow when
    `variants` is set. The ablation variants of MESR exist at x4 alone.
    """
    for name in names:
        sizes = VARIANTS if name == "mesr" else network_variants(name)
        main = "full" if name == "mesr" else next(iter(sizes))
        for variant in [main, *(v for v in sizes if v != main and variants)]:
            for scale in SCALES:
                if name != "mesr" or variant == main or scale == ABLATION_SCALE:
                    yield name, variant, scale, sizes[variant]


def count_all(
    names: Sequence[str] | None = None,
    scales: Sequence[int] = SCALES,
    hr_height: int = 720,
    hr_width: int = 1280,
    *,
    variants: bool = True,
) -> pd.DataFrame:
    """Count networks at their papers' sizes.

    Parameters
    ----------
    names : sequence of str, optional
        Networks; all by default.
    scales : sequence of int
        Upscaling factors.
    hr_height, hr_width : int
        Size of the HR output in pixels.
    variants : bool
        Whether every published size of a network is counted, or the main one alone.

    Returns
    -------
    DataFrame
        Columns model, variant, scale, params, multi_adds.
    """
    rows = []
    for name, variant, scale, settings in subjects(names or list(NETWORKS), variants=variants):
        if scale in scales:
            with torch.device("meta"):
                network = build_network(name, scale, **settings)
            found = count(network, hr_height, hr_width)
            rows.append((name, variant, scale, found.params, found.multi_adds))
    return pd.DataFrame(rows, columns=["model", "variant", "scale", "params", "multi_adds"])


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


def verdict(ours: int, as_published: int, published: int | None, digit: int) -> str:
    """Compare a count with a printed one.

    Parameters
    ----------
    ours, as_published : int
        The count by this benchmark's rule, and by the rule of the source as far as it is known.
    published, digit : int
        The printed count and the worth of its last digit. Printed counts are rounded or cut off.

    Returns
    -------
    str
        "equal", "explained", "differs", or "" when nothing was published.
    """
    if published is None:
        return ""

    def printed(count: int) -> bool:
        return published in (count // digit * digit, (2 * count + digit) // (2 * digit) * digit)

    if printed(ours):
        return "equal"
    return "explained" if printed(as_published) else "differs"


def compare(entry: PublishedComplexity) -> dict[str, Any]:
    """Count a network as the source of a published count did, and as this benchmark does.

    Returns
    -------
    dict
        One row of results/counts.csv. `counted_params` and `counted_multi_adds` follow the rule
        of the source.
    """

    def counted(scale: int) -> Complexity:
        with torch.device("meta"):
            settings = network_variants(entry.model).get(entry.variant, {})
            network = build_network(entry.model, scale, **settings)
        return count(network, *parse_size(entry.hr))

    own = counted(entry.scale)
    other = next((int(a[1:]) for a in entry.params_as.split() if a != "weights"), entry.scale)
    counted_network = own if other == entry.scale else counted(other)
    without_biases = "weights" in entry.params_as
    counted_params = counted_network.weights if without_biases else counted_network.params
    counted_multi_adds = own.multi_adds + entry.multi_adds_offset
    extras = {"biases": own.biases, "rectifiers": own.rectifiers, "pooling": own.pooling}
    counted_multi_adds += sum(extras[kind] for kind in entry.multi_adds_with.split())
    return {
        "model": entry.model,
        "variant": entry.variant,
        "scale": entry.scale,
        "hr": entry.hr,
        "params": own.params,
        "counted_params": counted_params,
        "published_params": entry.params,
        "params_verdict": verdict(own.params, counted_params, entry.params, entry.params_digit),
        "multi_adds": own.multi_adds,
        "counted_multi_adds": counted_multi_adds,
        "published_multi_adds": entry.multi_adds,
        "multi_adds_verdict": verdict(
            own.multi_adds, counted_multi_adds, entry.multi_adds, entry.multi_adds_digit
        ),
        "explanation": entry.explanation,
        "source": entry.source,
        "note": entry.note,
    }


def main(argv: Sequence[str] | None = None) -> None:
    """Write results/complexity.csv and results/counts.csv."""
    argparse.ArgumentParser(description=main.__doc__).parse_args(argv)
    height, width = parse_size(load_params().complexity.hr)
    table = count_all(hr_height=height, hr_width=width)
    comparison = pd.DataFrame([compare(entry) for entry in published_complexity().values()])
    whole = ["published_params", "published_multi_adds"]
    comparison[whole] = comparison[whole].astype("Int64")
    for path, frame in ((OUTPUT, table), (COMPARISON, comparison)):
        with atomic_path(path) as temporary:
            frame.to_csv(temporary, index=False, lineterminator="\n")
    verdicts = [*comparison["params_verdict"], *comparison["multi_adds_verdict"]]
    summary = ", ".join(f"{verdicts.count(v)} {v}" for v in ("equal", "explained", "differs"))
    print(f"counted {len(table)} networks, variants and scales into {OUTPUT}")
    print(f"compared them with published counts in {COMPARISON}: {summary}")


if __name__ == "__main__":
    raise SystemExit(run(main))
