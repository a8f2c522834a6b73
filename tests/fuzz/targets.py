"""Every reader of foreign bytes: valid files to start from, and what reading may end in."""

import io
import json
import pickle
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import safetensors.torch
import torch
from PIL import Image
from torch import Tensor

from baselines.weights.caffemodel import read_caffemodel
from baselines.weights.state_dict import read_state_dict
from baselines.weights.tensorflow import read_checkpoint, read_index
from pipeline.assets.contents import archive_images
from pipeline.imaging.images import read_photo
from pipeline.models.networks import build_network, network_digest
from pipeline.models.runs import load_run
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
    seeds : list of bytes
        Valid files.
    read : callable
        Reads one file and checks what it returns.
    mutations : tuple of callable
        Ways to damage a seed.
    refusals : tuple of exception classes
        What reading may raise, with a message that names the file.
    """

    name: str
    file: str
    seeds: list[bytes]
    read: Callable[[Path], object]
    mutations: tuple[Mutation, ...] = (mutate,)
    refusals: tuple[type[Exception], ...] = (UserError,)

    def draw(self, random: Random) -> bytes:
        """Return a seed that one of the mutations has damaged."""
        return random.choice(self.mutations)(random, random.choice(self.seeds))

    def attack(self, content: bytes, folder: Path) -> bool:
        """Read `content` from a file; whether it was accepted. What else is raised is a defect."""
        path = folder / self.file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        try:
            self.read(path)
        except self.refusals as error:
            assert self.file in str(error), f"the message does not name the file: {error}"
            return False
        return True


# -- Images ---------------------------------------------------------------------------------------


def _encoded(mode: str, form: str, **options: Any) -> bytes:
    values = np.random.default_rng(0).integers(0, 256, (9, 8, 3), dtype=np.uint8)
    image, target = Image.fromarray(values), io.BytesIO()
    (image.convert("L").convert(mode) if mode == "I;16" else image.convert(mode)).save(
        target, form, **options
    )
    return target.getvalue()


PNG = [_encoded(mode, "PNG") for mode in ("RGB", "L", "1", "P", "LA", "RGBA", "I;16")]
OTHERS = [
    *(_encoded(mode, form) for mode in ("RGB", "L") for form in ("BMP", "JPEG", "TIFF", "PPM")),
    _encoded("RGB", "TIFF", compression="tiff_lzw"),
    _encoded("RGB", "WEBP", lossless=True),
    _encoded("RGB", "GIF", save_all=True, append_images=[Image.new("P", (8, 9))]),
]


def _archive() -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("set/a.png", PNG[0])
        archive.writestr("set/b.bmp", OTHERS[0])
        archive.writestr("readme.txt", "none")
    return target.getvalue()


def _pixels(pixels: np.ndarray) -> None:
    assert pixels.dtype == np.uint8
    assert pixels.size > 0
    assert pixels.ndim == 2 or pixels.shape[2:] == (3,)


def _read_image(path: Path) -> None:
    photo = read_photo(path)
    _pixels(photo.pixels)
    assert photo.alpha is None or photo.alpha.shape == photo.pixels.shape[:2]


def _read_archive(path: Path) -> None:
    for name, pixels in archive_images(path):
        assert name.strip("/")
        _pixels(pixels)


# -- Weights --------------------------------------------------------------------------------------

STATE = {
    "a.weight": torch.arange(12.0).reshape(3, 4),
    "a.bias": torch.zeros(3),
    "n": torch.tensor(1),
}
SETTINGS = {"features": 2, "depth": 3}
VALUES = {"b": np.zeros(3, np.float32), "conv/w": np.arange(6, dtype=np.float32).reshape(3, 2)}


def _saved(content: Any, **options: Any) -> bytes:
    target = io.BytesIO()
    torch.save(content, target, **options)
    return target.getvalue()


def _tensorflow_index() -> bytes:
    entries, offset = [(b"", number_field(1, 1))], 0
    for name, values in VALUES.items():
        entries.append((name.encode(), tensorflow.entry(values, offset)))
        offset += values.nbytes
    return tensorflow.table(entries)


STATE_DICTS = [_saved(STATE), _saved({"state_dict": STATE, "epoch": 3})]
LEGACY = [_saved(STATE, _use_new_zipfile_serialization=False), pickle.dumps(STATE)]
SAFETENSORS = safetensors.torch.save(
    build_network("vdsr", 2, **SETTINGS).state_dict(), {"format": "pt", "note": "{}"}
)
SIX = np.arange(6, dtype=np.float32).tobytes()
CAFFE = caffe.layer("conv", caffe.blob(SIX, 3, 2), caffe.blob(SIX[:12], 3))
TENSORFLOW_INDEX = _tensorflow_index()
TENSORFLOW_DATA = b"".join(values.tobytes() for values in VALUES.values())


def _tensors(found: Iterable[Tensor], path: Path) -> None:
    # Small multiples cover conversions; anything more is memory that a file has not paid for.
    assert sum(tensor.nbytes for tensor in found) <= 4 * path.stat().st_size + 1024


def _read_state_dict(path: Path) -> None:
    _tensors(read_state_dict(path).values(), path)


def _load_weights(path: Path) -> None:
    network = build_network("vdsr", 2, **SETTINGS)
    load_weights(network, path)
    assert all(tensor.isfinite().all() for tensor in network.state_dict().values())


def _read_caffe(path: Path) -> None:
    _tensors((blob for layer in read_caffemodel(path).values() for blob in layer), path)


def _read_index(path: Path) -> None:
    data = path.with_name("model.data")
    data.write_bytes(TENSORFLOW_DATA)
    try:
        _tensors(read_checkpoint(path, data, list(VALUES)).values(), path)
    except ValueError as error:
        assert path.name in str(error) or data.name in str(error)
    read_index(path)


def _read_data(path: Path) -> None:
    index = path.with_name("model.index")
    index.write_bytes(TENSORFLOW_INDEX)
    _tensors(read_checkpoint(index, path, list(VALUES)).values(), path)


# -- Texts ----------------------------------------------------------------------------------------

RUN = {
    "network": "vdsr", "kind": "trained", "code": "baselines/vdsr.py", "scale": 2,
    "settings": SETTINGS,
}  # fmt: skip


RECORD = json.dumps(RUN | {"network_digest": network_digest("baselines/vdsr.py")}).encode()


def _read_record(path: Path) -> None:
    path.with_name("weights.safetensors").write_bytes(SAFETENSORS)
    try:
        load_run(path.parent, RUN)
    except UserError as error:  # a digest that is not the code's names the folder
        raise UserError(str(error).replace(f"{path.parent}:", f"{path}:")) from error


TARGETS = (
    Target("png", "image.png", PNG, _read_image, (mutate, mutate_png)),
    Target("images", "image.tif", OTHERS, _read_image),
    Target("archives", "images.zip", [_archive()], _read_archive, (mutate, mutate_zip)),
    Target("state-dict", "weights.pth", STATE_DICTS, _read_state_dict, (mutate, mutate_zip),
           VALUE_ERROR),
    Target("state-dict-legacy", "weights.pth", LEGACY, _read_state_dict, refusals=VALUE_ERROR),
    Target("spandrel", "checkpoint.pt", [*STATE_DICTS, *LEGACY, SAFETENSORS], read_spandrel),
    Target("safetensors", "weights.safetensors", [SAFETENSORS], _load_weights),
    Target("checkpoint", "state.safetensors", [SAFETENSORS], read_tensors),
    Target("caffemodel", "net.caffemodel", [CAFFE], _read_caffe, refusals=VALUE_ERROR),
    Target("tensorflow-index", "model.index", [TENSORFLOW_INDEX], _read_index,
           refusals=VALUE_ERROR),
    Target("tensorflow-data", "model.data", [TENSORFLOW_DATA], _read_data, refusals=VALUE_ERROR),
    Target("params", "params.yaml", [(ROOT / "params.yaml").read_bytes()], load_params,
           (mutate_yaml,)),
    Target("record", "run.json", [RECORD], _read_record, (mutate_json,)),
)  # fmt: skip
