"""Networks as files that run without this project: ONNX, and PyTorch's own `.pt2`."""

import copy
import json
import logging
import sys
import warnings
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from importlib.util import find_spec
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
from pipeline.imaging.tensors import to_tensor
from pipeline.support.errors import UserError
from pipeline.support.files import atomic_path
from pipeline.tools.options import Scale, Seed, Variant, WeightsForUse
from pipeline.tools.selection import TOY, Subject, select_subject

OPSET = 18
INPUT, OUTPUT = "lr", "sr"
METADATA = "metadata.json"  # in a .pt2 file
# Heights and widths on which a written file is compared with the network: even and odd, wide and
# tall, none of them the size that the network was traced with.
TRACED = (24, 20)
SIZES = ((8, 32), (37, 23), (48, 48))
TOLERANCE = 1e-5  # of full scale; one 8-bit step is 4e-3
REACH = 2  # pixels to either side that enter an enlarged one
SHORTEST_SIDE = 8  # what the layers of every network need

Program = torch.export.ExportedProgram


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
    facts, worst = export_network(subject.network, out, describe_weights(subject))
    for name, value in facts.items():
        print(f"{name}: {value}")
    sizes = ", ".join(f"{width}x{height}" for height, width in SIZES)
    print(
        f"{out}: differs from PyTorch by at most {worst:.2g} of full scale on LR images of {sizes}"
    )


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


def export_network(
    network: SRNetwork, target: Path, metadata: Mapping[str, str]
) -> tuple[dict[str, str], float]:
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
    metadata : dict of str to str
        As it stands in the file.
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
    write = _write_onnx if target.suffix == ".onnx" else _write_pt2
    if write is _write_onnx:
        packages = ("onnx", "onnxruntime", "onnxscript")
        if absent := [name for name in packages if find_spec(name) is None]:
            raise UserError(
                f"{absent[0]} is not installed, which ONNX files need; "
                "install it with: pip install -e '.[export]'"
            )
    network = copy.deepcopy(network).cpu().eval().requires_grad_(False)
    luma = network.domain == "y"
    facts = {
        **metadata,
        "scale": str(network.scale),
        "domain": "BT.601 luma" if luma else "RGB",
        "range": "16/255 to 235/255" if luma else "0 to 1",
        "input": f"{INPUT}: float32 (1, {1 if luma else 3}, height, width), "
        f"sides of at least {SHORTEST_SIDE}",
        "output": f"{OUTPUT}: float32, {network.scale} times as high and wide; neither clamped "
        "nor rounded",
        **({"opset": str(OPSET)} if write is _write_onnx else {"torch": torch.__version__}),
    }
    with atomic_path(target) as temporary:
        run = write(_traced(network), temporary, facts)
        deviation = _compare(network, run, target)
    return facts, deviation


def describe_weights(subject: Subject) -> dict[str, str]:
    """Say which network a file holds, where its weights come from, and under which terms."""
    facts = {
        "network": f"{subject.model} {subject.variant}".strip(),
        "weights": subject.source,
        "licence": subject.licence,
    }
    if subject.toy:
        facts["purpose"] = TOY
    return facts if subject.seed is None else {**facts, "seed": str(subject.seed)}


def _traced(network: SRNetwork) -> Program:
    example = torch.rand(1, 1 if network.domain == "y" else 3, *TRACED)
    sides = {
        axis: torch.export.Dim(name, min=SHORTEST_SIDE)
        for axis, name in ((2, "height"), (3, "width"))
    }
    # imresize multiplies with a sparse float64 matrix that is made for the size of the image: a
    # constant to exporters, and a type that neither format has. Networks that resize inside get
    # another while they are traced; the comparison afterwards is with imresize itself.
    module = sys.modules[type(network).__module__]
    resizes = getattr(module, "imresize", None) is imresize
    replaced = patch.object(module, "imresize", _exportable_imresize) if resizes else nullcontext()
    try:
        with replaced, torch.no_grad():
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
            f"{type(network).__name__} at x{network.scale} cannot be exported: {_reason(error)}. "
            "The file is for images of any size: layers that depend on values, or on sizes that "
            "are multiples of a window, cannot be part of it."
        ) from error


def _reason(error: BaseException) -> str:
    """Return the first line of what was raised at the bottom of a chain of exceptions."""
    while error.__cause__ is not None:
        error = error.__cause__
    return next(iter(str(error).strip().splitlines()), type(error).__name__)


def _write_pt2(
    program: Program, path: Path, facts: Mapping[str, str]
) -> Callable[[Tensor], Tensor]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of tensors that are views of others
        torch.export.save(program, path, extra_files={METADATA: json.dumps(facts, indent=2)})
    return torch.export.load(path).module()


def _write_onnx(
    program: Program, path: Path, facts: Mapping[str, str]
) -> Callable[[Tensor], Tensor]:
    import onnx  # noqa: PLC0415
    import onnxruntime  # noqa: PLC0415

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
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return lambda x: torch.from_numpy(session.run([OUTPUT], {INPUT: x.numpy()})[0])


def _compare(network: SRNetwork, run: Callable[[Tensor], Tensor], target: Path) -> float:
    # A photograph, reduced like the images that networks were trained on: on noise, published
    # weights of PAN give values of 1e21, in PyTorch too.
    photo = skimage.data.astronaut()
    luma = network.domain == "y"
    lr = imresize(to_tensor(rgb_to_y(photo) if luma else photo) / 255, scale=1 / network.scale)
    worst = 0.0
    for height, width in SIZES:
        x = lr[..., :height, :width].float().clamp(0, 1).contiguous()
        with torch.inference_mode():
            difference = float((run(x) - LRToSR(network)(x)).abs().max())
        if not difference <= TOLERANCE:
            raise UserError(
                f"{target}: not written; on an LR image of {width}x{height} pixels it would "
                f"differ from PyTorch by {difference:.2g} of full scale, more than {TOLERANCE:g}"
            )
        worst = max(worst, difference)
    return worst
