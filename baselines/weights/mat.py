"""Read MATLAB files up to version 7 (MatConvNet models among them) with SciPy."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import scipy.io
import torch
from torch import Tensor


def read_mat(path: Path, variables: Sequence[str]) -> dict[str, Any]:
    """Read variables of a MATLAB file.

    Parameters
    ----------
    path : Path
        The file.
    variables : sequence of str
        Names that must be present; others are ignored.

    Returns
    -------
    dict
        Structs as dicts, cells as lists or object arrays, numbers as NumPy arrays, axes of length
        1 removed (MATLAB drops trailing ones anyway; `as_tensor` restores them).

    Raises
    ------
    ValueError
        When the file is not a MATLAB file up to version 7, is damaged, or lacks a variable.
    """
    try:
        found = scipy.io.loadmat(path, variable_names=list(variables), simplify_cells=True)
    except Exception as error:  # SciPy raises many kinds for damaged files
        raise ValueError(
            f"{path}: not a MATLAB file up to version 7 ({type(error).__name__}: {error}); "
            "fetch it again"
        ) from error
    if missing := [name for name in variables if name not in found]:
        raise ValueError(
            f"{path}: lacks the variable{'s' * (len(missing) > 1)} {', '.join(missing)}; not the "
            "weights that were expected"
        )
    return {name: found[name] for name in variables}


def as_tensor(value: Any, shape: tuple[int, ...], what: str) -> Tensor:
    """Convert a numeric value read from a MATLAB file to a float32 tensor of a given shape.

    Parameters
    ----------
    value : array_like
        Numbers whose shape equals `shape` up to axes of length 1.
    shape : tuple of int
        Expected shape.
    what : str
        Names the value in error messages.

    Returns
    -------
    Tensor
        float32, contiguous.

    Raises
    ------
    ValueError
        When the value is not numeric or has another shape.
    """
    array = np.asarray(value)
    wanted = tuple(n for n in shape if n != 1)
    if array.dtype.kind not in "fiu" or tuple(n for n in array.shape if n != 1) != wanted:
        raise ValueError(
            f"{what} is {array.dtype} of shape {array.shape}; expected numbers of shape {shape}"
        )
    return torch.from_numpy(array.reshape(shape).astype(np.float32))
