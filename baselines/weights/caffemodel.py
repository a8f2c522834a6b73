"""Read the parameters of a ``.caffemodel`` without Caffe."""

import math
from pathlib import Path

import numpy as np
import torch
from google.protobuf.message import DecodeError
from torch import Tensor

from baselines.weights.protobuf import message_types

# The part of caffe.proto that parameters are in.
_NET = message_types(
    {
        "NetParameter": {"layer": (100, "LayerParameter[]")},
        "LayerParameter": {"name": (1, "string"), "blobs": (7, "BlobProto[]")},
        "BlobProto": {"data": (5, "float[]"), "shape": (7, "BlobShape")},
        "BlobShape": {"dim": (1, "int64[]")},
    }
)["NetParameter"]


def read_caffemodel(path: Path) -> dict[str, list[Tensor]]:
    """Read the blobs of every layer that has any.

    Parameters
    ----------
    path : Path
        A binary NetParameter in Caffe's current format (``layer``, not the older ``layers``).

    Returns
    -------
    dict of str to list of Tensor
        float32 blobs by layer name, usually weight and bias.

    Raises
    ------
    ValueError
        When the file is not such a message, or a shape does not fit its values.
    """
    try:
        net = _NET.FromString(path.read_bytes())
    except DecodeError as error:
        raise ValueError(f"{path}: not a caffemodel ({error}); fetch the file again") from error
    layers: dict[str, list[Tensor]] = {}
    for layer in net.layer:
        for blob in layer.blobs:
            shape = tuple(blob.shape.dim)
            if min(shape, default=0) < 1 or math.prod(shape) != len(blob.data):
                raise ValueError(
                    f"{path}: a blob of layer {layer.name!r} has {len(blob.data)} values but "
                    f"shape {shape[:8]}; fetch the file again"
                )
            values = torch.from_numpy(np.array(blob.data, np.float32))
            layers.setdefault(layer.name, []).append(values.reshape(shape))
    if not layers:
        raise ValueError(f"{path}: has no layer with parameters in Caffe's current format")
    return layers
