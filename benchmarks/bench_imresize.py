"""MATLAB's bicubic on a 2040x1356 photograph-sized RGB image, side by side with its peers.

Usage: python benchmarks/bench_imresize.py [--rounds 7] [--threads 1]

Peers: Pillow's bicubic (8-bit, other borders: not the same values), torch's antialiased bicubic
after symmetric padding, a sparse and a dense float64 matrix product. Each round runs all of them
once; medians and the ratio to `imresize` are printed, and how many 8-bit values differ from it.
"""

import argparse
import statistics
import time
from collections.abc import Callable

import numpy as np
import scipy.sparse
import torch
from PIL import Image
from torch.nn import functional as F

from baselines.bicubic import contributions, imresize
from pipeline.images import Pixels, round_to_uint8
from pipeline.protocol import from_tensor, to_tensor

WIDTH, HEIGHT = 2040, 1356


def sparse_matrix(length: int, scale: float) -> scipy.sparse.csr_array:
    """Resizing matrix of one axis with symmetric borders."""
    first, weights = contributions(length, round(length * scale), scale, antialias=True)
    rows, taps = weights.shape
    column = (first[:, None] + torch.arange(taps)).numpy() % (2 * length)
    column = np.minimum(column, 2 * length - 1 - column)
    row = np.repeat(np.arange(rows), taps)
    shape = rows, length
    return scipy.sparse.csr_array((weights.numpy().ravel(), (row, column.ravel())), shape=shape)


def ours(image: Pixels, scale: float) -> Pixels:
    return round_to_uint8(from_tensor(imresize(to_tensor(image), scale=scale)))


def pillow(image: Pixels, scale: float) -> Pixels:
    size = round(image.shape[1] * scale), round(image.shape[0] * scale)
    return np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BICUBIC))


def torch_padded(image: Pixels, scale: float) -> Pixels:
    pad = 3 * round(1 / scale)
    padded = np.pad(image, [(pad, pad), (pad, pad), (0, 0)], mode="symmetric")
    y = F.interpolate(to_tensor(padded), scale_factor=scale, mode="bicubic", antialias=True)
    return round_to_uint8(from_tensor(y[..., 3:-3, 3:-3]))


def dense(image: Pixels, scale: float) -> Pixels:
    rows, columns = (
        torch.from_numpy(sparse_matrix(length, scale).toarray()) for length in image.shape[:2]
    )
    return round_to_uint8(from_tensor(rows @ to_tensor(image) @ columns.T))


def sparse(image: Pixels, scale: float) -> Pixels:
    rows, columns = (sparse_matrix(length, scale) for length in image.shape[:2])
    planes = [(columns @ (rows @ image[..., c].astype(np.float64)).T).T for c in range(3)]
    return round_to_uint8(np.stack(planes, axis=-1))


PEERS: tuple[Callable[[Pixels, float], Pixels], ...] = (ours, pillow, torch_padded, sparse, dense)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    noise = np.random.default_rng(0).integers(0, 256, (HEIGHT // 6, WIDTH // 6, 3), dtype=np.uint8)
    image = np.asarray(Image.fromarray(noise).resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS))
    print(f"{WIDTH}x{HEIGHT} RGB uint8 to uint8, {arguments.threads} thread(s)")
    for factor in (2, 3, 4):
        expected = ours(image, 1 / factor)
        times: dict[str, list[float]] = {peer.__name__: [] for peer in PEERS}
        different = {
            peer.__name__: int((peer(image, 1 / factor) != expected).sum()) for peer in PEERS
        }
        for _ in range(arguments.rounds):
            for peer in PEERS:
                start = time.perf_counter()
                peer(image, 1 / factor)
                times[peer.__name__].append(time.perf_counter() - start)
        own = statistics.median(times["ours"])
        for name, seconds in times.items():
            median = statistics.median(seconds)
            print(
                f"x{factor}  {name:13s} {1000 * median:8.1f} ms  {median / own:6.2f} x ours  "
                f"{different[name]:8d} of {expected.size} values differ"
            )


if __name__ == "__main__":
    main()
