"""MATLAB's bicubic on a 2040x1356 photograph-sized RGB image, side by side with its peers.

Usage: python benchmarks/bench_imresize.py [--rounds 7]

Peers: Pillow's bicubic (8-bit, other borders: not the same values), torch's antialiased bicubic
after symmetric padding, SciPy's sparse and a dense float64 matrix product. Pillow starts from its
own 8-bit image, all others from float64 planes (C, H, W). Each round runs all of them once on one
thread; printed are median CPU times (other work on the machine disturbs them less than wall time),
the ratio to `imresize`, and how many values differ from it after rounding to 8 bits.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.sparse
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from mesr.common.imresize import imresize, resizing_matrix
from pipeline.imaging.tensors import round_to_uint8

WIDTH, HEIGHT = 2040, 1356
Resize = Callable[[], NDArray[Any]]  # -> (C, H, W), float64 or uint8


def sparse_matrix(length: int, scale: float) -> scipy.sparse.csr_array:
    """Resizing matrix of one axis."""
    matrix = resizing_matrix(length, round(length * scale), scale, antialias=True)
    return scipy.sparse.csr_array(
        (matrix.values().numpy(), tuple(matrix.indices().numpy())), shape=tuple(matrix.shape)
    )


def mirror(x: Tensor, axis: int, pad: int) -> Tensor:
    """Pad one axis symmetrically on both sides."""
    length = x.shape[axis]
    before, after = x.narrow(axis, 0, pad), x.narrow(axis, length - pad, pad)
    return torch.cat([before.flip(axis), x, after.flip(axis)], dim=axis)


def peers(image: NDArray[np.uint8], scale: float) -> dict[str, Resize]:
    """Return the competitors, each with its input prepared."""
    picture = Image.fromarray(image)
    size = round(image.shape[1] * scale), round(image.shape[0] * scale)
    planes = np.ascontiguousarray(image.transpose(2, 0, 1)).astype(np.float64)
    x = torch.from_numpy(planes)[None]
    pad = 3 * round(1 / scale)
    rows, columns = (sparse_matrix(length, scale) for length in image.shape[:2])
    dense_rows, dense_columns = (
        torch.from_numpy(rows.toarray()),
        torch.from_numpy(columns.toarray()),
    )

    def matlab() -> NDArray[Any]:
        return imresize(x, scale=scale)[0].numpy()

    def pillow() -> NDArray[Any]:
        return np.asarray(picture.resize(size, Image.Resampling.BICUBIC)).transpose(2, 0, 1)

    def torch_padded() -> NDArray[Any]:
        padded = mirror(mirror(x, -2, pad), -1, pad)
        y = F.interpolate(padded, scale_factor=scale, mode="bicubic", antialias=True)
        return y[0, :, 3:-3, 3:-3].numpy()

    def scipy_sparse() -> NDArray[Any]:
        return np.stack([(columns @ (rows @ plane).T).T for plane in planes])

    def dense() -> NDArray[Any]:
        return (dense_rows @ x @ dense_columns.T)[0].numpy()

    return {
        "imresize": matlab,
        "Pillow": pillow,
        "torch, padded": torch_padded,
        "SciPy sparse": scipy_sparse,
        "dense": dense,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    noise = np.random.default_rng(0).integers(0, 256, (HEIGHT // 6, WIDTH // 6, 3), dtype=np.uint8)
    image = np.asarray(Image.fromarray(noise).resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS))
    print(f"{WIDTH}x{HEIGHT} RGB, one thread")
    for factor in (2, 3, 4):
        runs = peers(image, 1 / factor)
        values = {name: round_to_uint8(run()) for name, run in runs.items()}
        times: dict[str, list[float]] = {name: [] for name in runs}
        for _ in range(arguments.rounds):
            for name, run in runs.items():
                start = time.process_time()
                run()
                times[name].append(time.process_time() - start)
        own = statistics.median(times["imresize"])
        for name, seconds in times.items():
            median = statistics.median(seconds)
            different = int((values[name] != values["imresize"]).sum())
            print(
                f"x{factor}  {name:14s} {1000 * median:7.0f} ms  {median / own:6.2f} x imresize  "
                f"{different:7d} of {values[name].size} values differ"
            )


if __name__ == "__main__":
    main()
