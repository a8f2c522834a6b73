"""Read the parameters of a ``.caffemodel`` without Caffe."""

import math
from pathlib import Path

import numpy as np
import torch
from google.protobuf.message import DecodeError
from torch import Tensor

from baselines.weights.protobuf import message_types

# The part of caffe.proto that parameters are in.
_NET = message_types("""
    name: "caffe.proto" package: "caffe"
    message_type {
        name: "NetParameter"
        field {
            name: "layer" number: 100 label: LABEL_REPEATED
            type: TYPE_MESSAGE type_name: ".caffe.LayerParameter"
        }
    }
    message_type {
        name: "LayerParameter"
        field { name: "name" number: 1 type: TYPE_STRING }
        field {
            name: "blobs" number: 7 label: LABEL_REPEATED
            type: TYPE_MESSAGE type_name: ".caffe.BlobProto"
        }
    }
    message_type {
        name: "BlobProto"
        field {
            name: "data" number: 5 type: TYPE_FLOAT label: LABEL_REPEATED options { packed: true }
        }
        field { name: "shape" number: 7 type: TYPE_MESSAGE type_name: ".caffe.BlobShape" }
    }
    message_type {
        name: "BlobShape"
        field {
            name: "dim" number: 1 type: TYPE_INT64 label: LABEL_REPEATED options { packed: true }
        }
    }
""")["caffe.NetParameter"]


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
