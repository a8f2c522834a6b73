"""Every reader of foreign bytes: valid files to start from, and what reading may end in."""

import io
import json
import pickle
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import safetensors.torch
import torch
from PIL import Image
from pipeline.study.results import FILES, read_study
from pipeline.study.subjects import trained_subject
from torch import Tensor

from baselines.weights.caffemodel import read_caffemodel
from baselines.weights.state_dict import read_state_dict
from baselines.weights.tensorflow import read_checkpoint, read_index
from pipeline.assets.contents import archive_images
from pipeline.imaging.images import read_photo
from pipeline.models.networks import build_network
from pipeline.models.weights import load_weights
from pipeline.study.params import load_params
from pipeline.support.errors import UserError
from pipeline.tools.spandrel import read_checkpoint as read_spandrel
from pipeline.training.checkpoint import read_tensors
from tests.baselines.weights import test_caffemodel as caffe
from tests.baselines.weights import test_tensorflow as tensorflow
from tests.baselines.weights.wire import number_field
from tests.fuzz.mutations import (
    mutate,
    mutate_csv,
    mutate_json,
    mutate_png,
    mutate_yaml,
    mutate_zip,
)

ROOT = Path(__file__).parents[2]
VALUE_ERROR = (ValueError,)  # of the readers of weights, which know no UserError
Mutation = Callable[[Random, bytes], bytes]


@dataclass(frozen=True)
class Target:
    """A reader under attack.

    Attributes
    ----------
    name : str
        Also the folder of its corpus.
    file : str
        Name of the file that is read.
    seeds : callable
        Makes valid files.
    read : callable
        Reads one file and checks what it returns.
    mutations : tuple of callable
        Ways to damage a seed.
    refusals : tuple of exception classes
        What reading may raise, with a message that names the file.
    """

    name: str
    file: str
    seeds: Callable[[], list[bytes]]
    read: Callable[[Path], object]
    mutations: tuple[Mutation, ...] = (mutate,)
    refusals: tuple[type[Exception], ...] = (UserError,)

    def draw(self, random: Random) -> bytes:
        """Return a seed that one of the mutations has damaged."""
        return random.choice(self.mutations)(random, random.choice(self.seeds()))

    def attack(self, content: bytes, folder: Path) -> bool:
        """Read `content` from a file; whether it was accepted.

        Raises
        ------
        AssertionError
            When the reader refuses the file without naming it, or returns nonsense.
        Exception
            Whatever else the reader raises: a defect.
        """
        path = folder / self.file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        try:
            self.read(path)
        except self.refusals as error:
            assert self.file in str(error), f"the message does not name the file: {error}"
            return False
        return True


def _pixels(pixels: np.ndarray) -> None:
    assert pixels.dtype == np.uint8
    assert pixels.size > 0
    assert pixels.ndim == 2 or pixels.shape[2:] == (3,)


def _tensors(found: Any, size: int) -> None:
    assert all(isinstance(tensor, Tensor) for tensor in found)
    # Small multiples cover conversions; anything more is memory that a file has not paid for.
    assert sum(tensor.nbytes for tensor in found) <= 4 * size + 1024


def _read_image(path: Path) -> None:
    photo = read_photo(path)
    pixels, alpha = photo.pixels, photo.alpha
    _pixels(pixels)
    assert alpha is None or alpha.shape == pixels.shape[:2]


def _read_archive(path: Path) -> None:
    for name, pixels in archive_images(path):
        assert name
        assert "/" not in name
        _pixels(pixels)


def _encoded(image: Image.Image, form: str, **options: Any) -> bytes:
    target = io.BytesIO()
    image.save(target, form, **options)
    return target.getvalue()


def _picture(mode: str = "RGB") -> Image.Image:
    values = np.random.default_rng(0).integers(0, 256, (9, 8, 3), dtype=np.uint8)
    return Image.fromarray(values).convert(mode)


@cache
def _png() -> list[bytes]:
    modes = ("RGB", "L", "1", "P", "LA", "RGBA", "I;16")
    return [
        _encoded(_picture("L").convert("I;16") if m == "I;16" else _picture(m), "PNG")
        for m in modes
    ]


@cache
def _other_images() -> list[bytes]:
    rgb, gray = _picture(), _picture("L")
    forms = ("BMP", "JPEG", "TIFF", "PPM", "GIF")
    return [
        *(_encoded(image, form) for image in (rgb, gray) for form in forms),
        _encoded(rgb, "TIFF", compression="tiff_lzw"),
        _encoded(rgb, "WEBP", lossless=True),
        _encoded(rgb, "GIF", save_all=True, append_images=[_picture("P")]),
    ]


@cache
def _archives() -> list[bytes]:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("set/a.png", _png()[0])
        archive.writestr("set/b.bmp", _encoded(_picture("L"), "BMP"))
        archive.writestr("readme.txt", "none")
    return [target.getvalue()]


def _state() -> dict[str, Tensor]:
    return {
        "a.weight": torch.arange(12.0).reshape(3, 4),
        "a.bias": torch.zeros(3),
        "n": torch.tensor(1),
    }


def _saved(content: Any, **options: Any) -> bytes:
    target = io.BytesIO()
    torch.save(content, target, **options)
    return target.getvalue()


@cache
def _state_dicts() -> list[bytes]:
    return [
        _saved(_state()),
        _saved({"state_dict": _state(), "epoch": 3}),
    ]


@cache
def _legacy() -> list[bytes]:
    return [_saved(_state(), _use_new_zipfile_serialization=False), pickle.dumps(_state())]


@cache
def _safetensors() -> list[bytes]:
    network = build_network("vdsr", 2, features=2, depth=3)
    return [safetensors.torch.save(network.state_dict(), {"format": "pt", "note": "{}"})]


def _checkpoints() -> list[bytes]:
    return _state_dicts() + _legacy() + _safetensors()


def _read_state_dict(path: Path) -> None:
    _tensors(read_state_dict(path).values(), path.stat().st_size)


def _load_weights(path: Path) -> None:
    network = build_network("vdsr", 2, features=2, depth=3)
    load_weights(network, path)
    assert all(tensor.isfinite().all() for tensor in network.state_dict().values())


@cache
def _record() -> list[bytes]:
    settings = {"features": 2, "depth": 3}
    facts = {"model": "vdsr", "variant": "", "scale": 2, "seed": 0, "settings": settings}
    return [json.dumps(facts).encode()]


def _read_record(path: Path) -> None:
    weights = path.with_name("weights.safetensors")
    weights.write_bytes(_safetensors()[0])
    try:
        trained_subject(path.parent)
    except UserError as error:  # a record of another size: the weights do not fit
        raise UserError(str(error).replace(str(weights), f"{path}, {weights}")) from error


@cache
def _caffe() -> list[bytes]:
    values = np.arange(6, dtype=np.float32).tobytes()
    return [caffe.layer("conv", caffe.blob(values, 3, 2), caffe.blob(values[:12], 3))]


def _read_caffe(path: Path) -> None:
    blobs = [blob for layer in read_caffemodel(path).values() for blob in layer]
    _tensors(blobs, path.stat().st_size)


VALUES = {"b": np.zeros(3, np.float32), "conv/w": np.arange(6, dtype=np.float32).reshape(3, 2)}


@cache
def _tensorflow_index() -> list[bytes]:
    entries, offset = [(b"", number_field(1, 1))], 0
    for name, values in VALUES.items():
        entries.append((name.encode(), tensorflow.entry(values, offset)))
        offset += values.nbytes
    return [tensorflow.table(entries)]


def _read_index(path: Path) -> None:
    data = path.with_name("model.data")
    data.write_bytes(b"".join(values.tobytes() for values in VALUES.values()))
    try:
        _tensors(read_checkpoint(path, data, list(VALUES)).values(), path.stat().st_size)
    except ValueError as error:
        assert path.name in str(error) or data.name in str(error)
    read_index(path)


@cache
def _tensorflow_data() -> list[bytes]:
    return [b"".join(values.tobytes() for values in VALUES.values())]


def _read_data(path: Path) -> None:
    index = path.with_name("model.index")
    index.write_bytes(_tensorflow_index()[0])
    _tensors(read_checkpoint(index, path, list(VALUES)).values(), path.stat().st_size)


def _result_target(name: str) -> Target:
    file = FILES[name]

    def seeds() -> list[bytes]:
        row = {column: "1" if kind == "number" else "a" for column, kind in file.columns.items()}
        lines = [list(row), list(row.values()), list(row.values())]
        return ["".join(",".join(line) + "\n" for line in lines).encode()]

    return Target(
        f"results-{name.replace('/', '-')}", file.path.name, seeds, file.read, (mutate_csv,)
    )


def _committed(name: str) -> Callable[[], list[bytes]]:
    return lambda: [(ROOT / name).read_bytes()]


TARGETS = (
    Target("png", "image.png", _png, _read_image, (mutate, mutate_png)),
    Target("images", "image.tif", _other_images, _read_image),
    Target("archives", "images.zip", _archives, _read_archive, (mutate, mutate_zip)),
    Target(
        "state-dict",
        "weights.pth",
        _state_dicts,
        _read_state_dict,
        (mutate, mutate_zip),
        VALUE_ERROR,
    ),
    Target("state-dict-legacy", "weights.pth", _legacy, _read_state_dict, refusals=VALUE_ERROR),
    Target("spandrel", "checkpoint.pt", _checkpoints, read_spandrel),
    Target("safetensors", "weights.safetensors", _safetensors, _load_weights),
    Target("checkpoint", "state.safetensors", _safetensors, read_tensors),
    Target("caffemodel", "net.caffemodel", _caffe, _read_caffe, refusals=VALUE_ERROR),
    Target("tensorflow-index", "model.index", _tensorflow_index, _read_index, refusals=VALUE_ERROR),
    Target("tensorflow-data", "model.data", _tensorflow_data, _read_data, refusals=VALUE_ERROR),
    Target("params", "params.yaml", _committed("params.yaml"), load_params, (mutate_yaml,)),
    Target("study", "study.json", _committed("results/study.json"), read_study, (mutate_json,)),
    Target("record", "run.json", _record, _read_record, (mutate_json,)),
    *(_result_target(name) for name in FILES),
)
