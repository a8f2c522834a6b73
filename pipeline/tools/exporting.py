"""Networks as files that run without this project: ONNX, and PyTorch's own `.pt2`."""

import copy
import json
import logging
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated
from unittest.mock import patch

import skimage.data
import torch
import typer
from torch import Tensor, nn

from mesr.common.base import SCALES, SRNetwork
from mesr.common.imresize import cubic, imresize
from pipeline.assets.registry import find_asset, registry
from pipeline.imaging.colour import rgb_to_y
from pipeline.imaging.tensors import to_tensor
from pipeline.models.networks import network_names
from pipeline.models.published_weights import published_weights
from pipeline.support.errors import UserError
from pipeline.support.files import atomic_path
from pipeline.tools.options import Scale, Seed, Variant, WeightsForUse
from pipeline.tools.selection import TOY, Subject, select_subject
from pipeline.tools.shipped import CODE_LICENCE, find_shipped, weights_licence

OPSET = 18
FORMATS = {".onnx": "ONNX", ".pt2": "torch.export"}
INPUT, OUTPUT = "lr", "sr"
METADATA = "metadata.json"  # in a .pt2 file
# Heights and widths on which a written file is compared with the network: even and odd, wide and
# tall, none of them the size that the network was traced with.
TRACED = (24, 20)
SIZES = ((8, 32), (37, 23), (48, 48))
TOLERANCE = 1e-5  # of full scale; one 8-bit step is 4e-3
REACH = 2  # pixels to either side that enter an enlarged one
SHORTEST_SIDE = 8  # what the layers of every network need

EXTRA = "install it with: pip install -e '.[export]'"


def export(
    model: Annotated[str, typer.Argument(help="network, or spandrel:FILE")],
    scale: Scale,
    out: Annotated[Path, typer.Option(help="file to write: NAME.onnx, or NAME.pt2 of PyTorch")],
    weights: WeightsForUse = None,
    variant: Variant = "",
    seed: Seed = None,
) -> None:
    """Write a network as ONNX or as a program of PyTorch, compared with the network itself."""
    subject = select_subject(
        model, scale, weights=weights, variant=variant, seed=seed, for_use=True
    )
    if subject.told:
        print(subject.told)
    found = export_network(subject.network, out, describe_weights(subject))
    for name, value in found.metadata.items():
        print(f"{name}: {value}")
    sizes = ", ".join(f"{width}x{height}" for height, width in found.deviations)
    worst = max(found.deviations.values())
    print(
        f"{out}: differs from PyTorch by at most {worst:.2g} of full scale on LR images of {sizes}"
    )


@dataclass(frozen=True)
class Exported:
    """What was written, and how near it comes to the network.

    Attributes
    ----------
    path : Path
        The file.
    metadata : mapping of str to str
        As it stands in the file.
    deviations : mapping of (int, int) to float
        Largest difference from PyTorch for each LR height and width, as a share of full scale.
    """

    path: Path
    metadata: Mapping[str, str]
    deviations: Mapping[tuple[int, int], float]


def enlarge(x: Tensor, scale: int) -> Tensor:
    """Enlarge images as `imresize` does, in operations that exporters know.

    The kernel of an integer factor has `scale` phases of few taps, so each axis takes a product of
    the windows around its pixels with a small matrix. One axis after the other rounds less than
    a convolution with all taps at once, which deep networks after it (VDSR) multiply.

    Parameters
    ----------
    x : Tensor
        (B, C, H, W) with H and W of at least `SHORTEST_SIDE`, any range.
    scale : {2, 3, 4}
        Upscaling factor.

    Returns
    -------
    Tensor
        (B, C, scale * H, scale * W) of the type of `x`, computed in that type.
    """
    offset = torch.arange(-REACH, REACH + 1, dtype=torch.float64)
    phase = (torch.arange(scale, dtype=torch.float64) + 0.5) / scale - 0.5
    taps = cubic(phase[:, None] - offset)
    taps = (taps / taps.sum(dim=1, keepdim=True)).to(x)  # (scale, 2 * REACH + 1)
    return _enlarge_rows(_enlarge_rows(x, taps).transpose(-1, -2), taps).transpose(-1, -2)


def _enlarge_rows(x: Tensor, taps: Tensor) -> Tensor:
    width = x.shape[-1]
    left, right = x[..., :REACH].flip(-1), x[..., -REACH:].flip(-1)  # 1 0 | 0 1 2 | 2 1
    x = torch.cat([left, x, right], dim=-1)
    windows = torch.stack([x.narrow(-1, k, width) for k in range(2 * REACH + 1)], dim=-1)
    return (windows @ taps.T).flatten(-2)


def _sigmoid(x: Tensor) -> Tensor:
    return 1 / (1 + torch.exp(-x))


class LRToSR(nn.Module):
    """A network from LR image to SR image, whatever it expects and returns itself.

    Parameters
    ----------
    network : SRNetwork
        In evaluation mode, on the CPU.
    resize : callable
        Enlarges the input of pre-upsampled networks: ``resize(x, scale=scale)``.
    """

    def __init__(self, network: SRNetwork, resize: Callable[..., Tensor] = imresize) -> None:
        super().__init__()
        self.network = network
        self.resize = resize

    def forward(self, lr: Tensor) -> Tensor:
        """Map (1, C, h, w) in [0, 1] to (1, C, scale * h, scale * w), not clamped."""
        x = self.resize(lr, scale=self.network.scale) if self.network.preupsampled else lr
        outputs: tuple[Tensor, ...] = self.network(x)
        return outputs[-1]


def _exportable_imresize(
    x: Tensor, *, scale: float | None = None, size: tuple[int, int] | None = None
) -> Tensor:
    """Stand in for `imresize` while a network is traced."""
    if size is not None:
        height = x.shape[-2]
        scale = next((factor for factor in SCALES if size[0] == factor * height), None)
    if scale not in SCALES:
        raise UserError(
            "it resizes images by a factor that is no integer, for which there is a matrix for "
            "each size of image but no operation in the format"
        )
    return enlarge(x, int(scale))


@contextmanager
def _resizing_as(function: Callable[..., Tensor], network: nn.Module) -> Iterator[None]:
    # imresize multiplies with a sparse float64 matrix that is made for the size of the image: a
    # constant to exporters, and a type that neither format has. Networks that resize inside see
    # `function` while they are traced; the comparison afterwards is with imresize itself.
    module = sys.modules[type(network).__module__]
    if getattr(module, "imresize", None) is not imresize:
        yield
        return
    with patch.object(module, "imresize", function):
        yield


def export_network(network: SRNetwork, target: Path, metadata: Mapping[str, str]) -> Exported:
    """Write a network as a file, and compare the file with the network.

    Parameters
    ----------
    network : SRNetwork
        With its weights, on the CPU; is not changed.
    target : Path
        ``.onnx``, or ``.pt2`` for `torch.export.load`. One input, ``lr``, float32 (1, C, h, w) in
        [0, 1] with h and w free; one output, ``sr``, (1, C, scale * h, scale * w), not clamped.
        Pre-upsampled networks get their bicubic enlargement as part of the file.
    metadata : mapping of str to str
        What the file says of itself beside what this function knows: format, layout, range.

    Returns
    -------
    Exported

    Raises
    ------
    UserError
        When the ending is unknown, a package is missing, the network cannot be exported (with the
        reason), or the file computes something else than the network. Nothing is written then.
    """
    kind = FORMATS.get(target.suffix)
    if kind is None:
        raise UserError(f"{target}: ends in {target.suffix!r}; expected {' or '.join(FORMATS)}")
    if kind == "ONNX":
        _require_onnx()
    network = copy.deepcopy(network).cpu().eval().requires_grad_(False)
    facts = {**metadata, **_facts(network, kind)}
    with atomic_path(target) as temporary:
        program = _traced(network)
        if kind == "ONNX":
            _write_onnx(program, temporary, facts)
            run = _onnx_runner(temporary)
        else:
            _write_pt2(program, temporary, facts)
            run = torch.export.load(temporary).module()
        deviations = _compare(network, run, target)
    return Exported(target, facts, deviations)


def describe_weights(subject: Subject) -> dict[str, str]:
    """Say which network a file holds, where its weights come from, and under which terms."""
    name = f"{subject.model} {subject.variant}".strip()
    facts = {"network": name, "weights": subject.source, "licence": _licence(subject)}
    if subject.toy:
        facts["purpose"] = TOY
    return facts if subject.seed is None else {**facts, "seed": str(subject.seed)}


def _licence(subject: Subject) -> str:
    if subject.source == "none":
        return CODE_LICENCE
    if subject.source == "shipped":
        entry = find_shipped(subject.model, subject.network.scale)
        return entry.licence if entry else ""
    if subject.source == "published" and subject.model in network_names():
        entries = published_weights(subject.model, subject.network.scale)
        assets = {
            asset for e in entries if subject.variant in ("", e.variant) for asset in e.assets
        }
        return "; ".join(find_asset(name).licence for name in sorted(assets))
    if subject.source == "trained" and subject.seed is not None:
        return weights_licence(registry().get(subject.data))
    return "not known: the weights were given as a file"


def _require_onnx() -> None:
    try:
        import onnx  # noqa: F401, PLC0415
        import onnxruntime  # noqa: F401, PLC0415
        import onnxscript  # noqa: F401, PLC0415
    except ImportError as error:
        raise UserError(f"{error.name} is not installed, which ONNX files need; {EXTRA}") from error


def _facts(network: SRNetwork, kind: str) -> dict[str, str]:
    domains = {"rgb": ("RGB", "0 to 1"), "y": ("BT.601 luma", "16/255 to 235/255")}
    domain, values = domains[network.domain]
    facts = {
        "scale": str(network.scale),
        "domain": domain,
        "range": values,
        "input": f"{INPUT}: float32 (1, {_channels(network)}, height, width), "
        f"sides of at least {SHORTEST_SIDE}",
        "output": f"{OUTPUT}: float32, {network.scale} times as high and wide; neither clamped "
        "nor rounded",
    }
    return facts | ({"opset": str(OPSET)} if kind == "ONNX" else {"torch": torch.__version__})


def _channels(network: SRNetwork) -> int:
    return 1 if network.domain == "y" else 3


def _traced(network: SRNetwork) -> torch.export.ExportedProgram:
    example = torch.rand(1, _channels(network), *TRACED)
    sides = {
        axis: torch.export.Dim(name, min=SHORTEST_SIDE)
        for axis, name in ((2, "height"), (3, "width"))
    }
    try:
        with _resizing_as(_exportable_imresize, network), torch.no_grad():
            wrapped = LRToSR(network, _exportable_imresize).eval()
            # Some sizes are computed in floating point, where the tracer cannot prove that they
            # are whole numbers: the program checks it when it runs.
            return torch.export.export(
                wrapped,
                (example,),
                dynamic_shapes={INPUT: sides},
                prefer_deferred_runtime_asserts_over_guards=True,
            )
    except Exception as error:  # whatever the tracer and the network raise
        raise UserError(
            f"{type(network).__name__} at x{network.scale} cannot be exported: {_reason(error)}"
        ) from error


def _reason(error: BaseException) -> str:
    """Return the first line of what was raised at the bottom of a chain of exceptions."""
    while error.__cause__ is not None:
        error = error.__cause__
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__


def _write_pt2(program: torch.export.ExportedProgram, path: Path, facts: Mapping[str, str]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of tensors that are views of others
        torch.export.save(program, path, extra_files={METADATA: json.dumps(facts, indent=2)})


def _write_onnx(
    program: torch.export.ExportedProgram, path: Path, facts: Mapping[str, str]
) -> None:
    import onnx  # noqa: PLC0415

    # onnxruntime approximates Sigmoid, 40 times less accurately than PyTorch in PAN's gates.
    program = program.run_decompositions({torch.ops.aten.sigmoid.default: _sigmoid})
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the exporter about itself
            exported = torch.onnx.export(
                program,
                input_names=[INPUT],
                output_names=[OUTPUT],
                opset_version=OPSET,
                dynamic_shapes={INPUT: {2: "height", 3: "width"}},
                verbose=False,
            )
    except torch.onnx.OnnxExporterError as error:
        raise UserError(f"the network cannot be written as ONNX: {_reason(error)}") from error
    assert exported is not None
    exported.model.metadata_props.update(facts)
    exported.save(path, external_data=False)
    onnx.checker.check_model(path, full_check=True)


def _onnx_runner(path: Path) -> Callable[[Tensor], Tensor]:
    import onnxruntime  # noqa: PLC0415

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return lambda x: torch.from_numpy(session.run([OUTPUT], {INPUT: x.numpy()})[0])


def _compare(
    network: SRNetwork, run: Callable[[Tensor], Tensor], target: Path
) -> dict[tuple[int, int], float]:
    # A photograph, reduced like the images that networks were trained on: on noise, published
    # weights of PAN give values of 1e21, in PyTorch too.
    photo = skimage.data.astronaut()
    luma = network.domain == "y"
    lr = imresize(to_tensor(rgb_to_y(photo) if luma else photo) / 255, scale=1 / network.scale)
    reference = LRToSR(network)
    found = {}
    for size in SIZES:
        x = lr[..., : size[0], : size[1]].float().clamp(0, 1).contiguous()
        with torch.inference_mode():
            difference = float((run(x) - reference(x)).abs().max())
        if not difference <= TOLERANCE:
            raise UserError(
                f"{target}: not written; on an LR image of {size[1]}x{size[0]} pixels it would "
                f"differ from PyTorch by {difference:.2g} of full scale, more than {TOLERANCE:g}"
            )
        found[size] = difference
    return found
