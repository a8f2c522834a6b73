"""Networks as files that run without this project: ONNX, and PyTorch's own `.pt2`."""

import copy
import json
import logging
import sys
import warnings
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated
from unittest.mock import patch

import skimage.data
import torch
import typer
from torch import Tensor, nn

from mesr.common.base import SCALES, SRNetwork
from mesr.common.imresize import cubic, imresize
from pipeline.imaging.colour import rgb_to_y
from pipeline.imaging.inference import run_network
from pipeline.imaging.protocol import RGB
from pipeline.imaging.tensors import to_tensor
from pipeline.support.errors import UserError
from pipeline.support.files import atomic_path
from pipeline.tools.options import Scale, Seed, Variant, WeightsForUse
from pipeline.tools.selection import TOY, Subject, select_subject

OPSET = 18
INPUT, OUTPUT = "lr", "sr"
SIDES = {2: "height", 3: "width"}
METADATA = "metadata.json"  # in a .pt2 file
# Heights and widths on which a written file is compared with the network: even and odd, wide and
# tall, none of them the size that the network was traced with.
TRACED = (24, 20)
SIZES = ((8, 32), (37, 23), (48, 48))
TOLERANCE = 1e-5  # of full scale; one 8-bit step is 4e-3
REACH = 2  # pixels to either side that enter an enlarged one
SHORTEST_SIDE = 8  # what the layers of every network need

Program = torch.export.ExportedProgram
Run = Callable[[Tensor], Tensor]


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
    facts, worst = export_subject(subject, out)
    for name, value in facts.items():
        print(f"{name}: {value}")
    sizes = ", ".join(f"{width}x{height}" for height, width in SIZES)
    print(
        f"{out}: differs from PyTorch by at most {worst:.2g} of full scale on LR images of {sizes}"
    )


def export_subject(subject: Subject, target: Path) -> tuple[dict[str, str], float]:
    """Write a network as a file, and compare the file with the network.

    Parameters
    ----------
    subject : Subject
        Its network is not changed.
    target : Path
        ``.onnx``, or ``.pt2`` for `torch.export.load`. One input, ``lr``, float32 (1, C, h, w) in
        [0, 1] with h and w free; one output, ``sr``, (1, C, scale * h, scale * w), not clamped.
        Pre-upsampled networks get their bicubic enlargement as part of the file.

    Returns
    -------
    metadata : dict of str to str
        What the file says of itself.
    deviation : float
        Largest difference from PyTorch on LR images of `SIZES`, as a share of full scale.

    Raises
    ------
    UserError
        When the ending is unknown, a package is missing, the network cannot be exported (with the
        reason), or the file computes something else than the network. Nothing is written then.
    """
    if target.suffix not in (".onnx", ".pt2"):
        raise UserError(f"{target}: ends in {target.suffix!r}; expected .onnx or .pt2")
    as_onnx = target.suffix == ".onnx"
    network = copy.deepcopy(subject.network).cpu().eval().requires_grad_(False)
    luma = network.domain == "y"
    facts = {
        "network": f"{subject.model} {subject.variant}".strip(),
        "parameters": f"{sum(p.numel() for p in network.parameters()):,}",
        "weights": subject.told or subject.source,
        "licence": subject.licence,
        **({"purpose": TOY} if subject.toy else {}),
        **({} if subject.seed is None else {"seed": str(subject.seed)}),
        "scale": str(network.scale),
        "domain": "BT.601 luma" if luma else "RGB",
        "range": "16/255 to 235/255" if luma else "0 to 1",
        "input": f"{INPUT}: float32 (1, {1 if luma else 3}, height, width), sides of at least "
        f"{SHORTEST_SIDE}",
        "output": f"{OUTPUT}: float32, {network.scale} times the size, neither clamped nor rounded",
        **({"opset": str(OPSET)} if as_onnx else {"torch": torch.__version__}),
    }
    with atomic_path(target) as temporary:
        write = _write_onnx if as_onnx else _write_pt2
        deviation = _compare(network, write(_traced(network), temporary, facts), target)
    return facts, deviation


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
    for _ in range(2):
        width = x.shape[-1]
        left, right = x[..., :REACH].flip(-1), x[..., -REACH:].flip(-1)  # 1 0 | 0 1 2 | 2 1
        padded = torch.cat([left, x, right], dim=-1)
        windows = [padded.narrow(-1, k, width) for k in range(2 * REACH + 1)]
        x = (torch.stack(windows, dim=-1) @ taps.T).flatten(-2).transpose(-1, -2)
    return x


def _enlarge_inside(
    x: Tensor, scale: int | None = None, *, size: tuple[int, int] | None = None
) -> Tensor:
    """Stand in for `imresize` within a network while it is traced."""
    for factor in SCALES:
        if factor == scale or (size and size[0] == factor * x.shape[-2]):
            return enlarge(x, factor)
    raise UserError("it resizes by a factor that is no integer, for which there is no operation")


def _sigmoid(x: Tensor) -> Tensor:
    return 1 / (1 + torch.exp(-x))


class _LRToSR(nn.Module):
    """A network from LR image to SR image, whatever it expects and returns itself."""

    def __init__(self, network: SRNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, lr: Tensor) -> Tensor:
        """Map (1, C, h, w) in [0, 1] to (1, C, scale * h, scale * w), not clamped."""
        x = enlarge(lr, self.network.scale) if self.network.preupsampled else lr
        outputs: tuple[Tensor, ...] = self.network(x)
        return outputs[-1]


def _traced(network: SRNetwork) -> Program:
    example = torch.rand(1, 1 if network.domain == "y" else 3, *TRACED)
    sides = {axis: torch.export.Dim(name, min=SHORTEST_SIDE) for axis, name in SIDES.items()}
    # imresize multiplies with a sparse float64 matrix that is made for the size of the image: a
    # constant to exporters, and a type that neither format has. Networks that resize inside get
    # another while they are traced; the comparison afterwards is with imresize itself.
    module = sys.modules[type(network).__module__]
    resizes = getattr(module, "imresize", None) is imresize
    replaced = patch.object(module, "imresize", _enlarge_inside) if resizes else nullcontext()
    try:
        with replaced, torch.no_grad():
            # Some sizes are computed in floating point, where the tracer cannot prove that they
            # are whole numbers: the program checks it when it runs.
            return torch.export.export(
                _LRToSR(network).eval(),
                (example,),
                dynamic_shapes={INPUT: sides},
                prefer_deferred_runtime_asserts_over_guards=True,
            )
    except Exception as error:  # whatever the tracer and the network raise
        raise UserError(
            f"{type(network).__name__} at x{network.scale} cannot be exported: {_reason(error)}. "
            "Files are for images of any size: no layer may depend on values or sizes of a window."
        ) from error


def _reason(error: BaseException) -> str:
    """Return the first line of what was raised at the bottom of a chain of exceptions."""
    while error.__cause__ is not None:
        error = error.__cause__
    return next(iter(str(error).strip().splitlines()), type(error).__name__)


def _write_pt2(program: Program, path: Path, facts: Mapping[str, str]) -> Run:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of tensors that are views of others
        torch.export.save(program, path, extra_files={METADATA: json.dumps(facts, indent=2)})
    return torch.export.load(path).module()


def _write_onnx(program: Program, path: Path, facts: Mapping[str, str]) -> Run:
    try:
        import onnx  # noqa: PLC0415
        import onnxruntime  # noqa: PLC0415
        import onnxscript  # noqa: F401, PLC0415
    except ImportError as error:
        remedy = "pip install -e '.[export]'"
        raise UserError(f"{error.name} is not installed, for ONNX files: {remedy}") from error
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
                dynamic_shapes={INPUT: SIDES},
                verbose=False,
            )
    except torch.onnx.OnnxExporterError as error:
        raise UserError(f"the network cannot be written as ONNX: {_reason(error)}") from error
    assert exported is not None
    exported.model.metadata_props.update(facts)
    exported.save(path, external_data=False)
    onnx.checker.check_model(path, full_check=True)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return lambda x: torch.from_numpy(session.run([OUTPUT], {INPUT: x.numpy()})[0])


def _compare(network: SRNetwork, run: Run, target: Path) -> float:
    """Compare a file with the network as the evaluation runs it."""
    # A photograph, reduced like the images that networks were trained on: on noise, published
    # weights of PAN give values of 1e21, in PyTorch too.
    photo = skimage.data.astronaut()
    luma = network.domain == "y"
    lr = imresize(to_tensor(rgb_to_y(photo) if luma else photo) / 255, scale=1 / network.scale)
    worst = 0.0
    for height, width in SIZES:
        x = lr[..., :height, :width].clamp(0, 1).contiguous().float()
        with torch.inference_mode():
            found = run(x)
        difference = float((found - run_network(network, x.double(), RGB, None)[-1]).abs().max())
        if not difference <= TOLERANCE:
            raise UserError(
                f"{target}: not written; on an LR image of {width}x{height} pixels it would "
                f"differ from PyTorch by {difference:.2g} of full scale, more than {TOLERANCE:g}"
            )
        worst = max(worst, difference)
    return worst
