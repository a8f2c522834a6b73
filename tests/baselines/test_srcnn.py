from pathlib import Path

import numpy as np
import scipy.io
import torch
from scipy.ndimage import correlate

from baselines.srcnn import SRCNN, published_state_dict


def _matrices() -> dict[str, np.ndarray]:
    generator = np.random.default_rng(0)
    shapes = {
        "weights_conv1": (81, 64),
        "biases_conv1": (64, 1),
        "weights_conv2": (64, 1, 32),
        "biases_conv2": (32, 1),
        "weights_conv3": (32, 25),
        "biases_conv3": (1, 1),
    }
    return {name: generator.normal(0, 0.1, shape) for name, shape in shapes.items()}


def test_file_of_the_authors_layout_gives_their_matlab_result(tmp_path: Path) -> None:
    path, m = tmp_path / "SRCNN_915_x2.mat", _matrices()
    scipy.io.savemat(path, m)
    net = SRCNN(2, variant="9-1-5").double()
    net.load_state_dict(published_state_dict([path], 2))

    # The demo's arithmetic: imfilter(..., 'same', 'replicate') correlates with a kernel that
    # MATLAB's reshape fills column by column.
    image = np.random.default_rng(1).uniform(size=(13, 11))

    def imfilter(plane: np.ndarray, taps: np.ndarray, side: int) -> np.ndarray:
        return correlate(plane, taps.reshape(side, side, order="F"), mode="nearest")

    first = [
        np.maximum(imfilter(image, m["weights_conv1"][:, i], 9) + m["biases_conv1"][i], 0)
        for i in range(64)
    ]
    second = [
        np.maximum(
            sum(m["weights_conv2"][j, 0, i] * first[j] for j in range(64)) + m["biases_conv2"][i],
            0,
        )
        for i in range(32)
    ]
    expected = sum(imfilter(second[j], m["weights_conv3"][j], 5) for j in range(32))
    found = net(torch.from_numpy(image)[None, None])[-1][0, 0].detach().numpy()
    # The file's float64 values are rounded to float32 when read.
    np.testing.assert_allclose(found, expected + m["biases_conv3"], rtol=1e-5, atol=1e-5)
