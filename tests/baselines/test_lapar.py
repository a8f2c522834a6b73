import numpy as np
import torch
from torch.nn import functional as F

from baselines.lapar import (
    LAPAR,
    FusionBlock,
    MultiScaleTail,
    apply_filters,
    filter_dictionary,
)
from tests.baselines.formulas import same


def reference_gaussian(along: float, across: float, degrees: float) -> np.ndarray:
    """Gaussian of covariance R diag(along^2, across^2) R^T on integer offsets, sum 1."""
    angle = np.deg2rad(degrees)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    inverse = np.linalg.inv(turn @ np.diag([along**2, across**2]) @ turn.T)
    kernel = np.empty((5, 5))
    for row in range(5):
        for column in range(5):
            offset = np.array([column - 2, row - 2])
            kernel[row, column] = np.exp(-offset @ inverse @ offset / 2)
    return kernel / kernel.sum()


def test_dictionary_is_51_gaussians_and_21_differences() -> None:
    widths = [(2, 2, 1), (2, 1.6, 6), (2, 1.2, 6), (2, 0.8, 6), (2, 0.4, 12)]
    widths += [(1.2, 1.2, 1), (1.2, 0.96, 6), (1.2, 0.72, 6), (1.2, 0.48, 6), (0.4, 0.4, 1)]
    gaussians = [
        reference_gaussian(along, across, -180 * j / directions)
        for along, across, directions in widths
        for j in range(directions)
    ]
    atoms = filter_dictionary().numpy()
    assert atoms.shape == (72, 5, 5)
    np.testing.assert_allclose(atoms[:51], gaussians, atol=1e-15)
    np.testing.assert_allclose(atoms.sum(axis=(1, 2)), 1, atol=1e-14)
    pairs = [(0, 31), (0, 50), (31, 50), *((i, i + 31) for i in range(1, 19))]
    for atom, (wide, narrow) in zip(atoms[51:], pairs, strict=True):
        difference = gaussians[wide] - gaussians[narrow]
        assert np.array_equal(np.sign(atom), np.sign(difference))
        np.testing.assert_allclose(atom[atom > 0].sum(), 1.4)
        for part in (difference > 0, difference < 0):
            ratio = atom[part] / difference[part]
            np.testing.assert_allclose(ratio, ratio[0])


def test_filters_correlate_with_reflected_borders() -> None:
    rng = np.random.default_rng(0)
    image, filters = rng.random((2, 3, 4, 6)), rng.random((2, 25, 4, 6))
    padded = np.pad(image, [(0, 0), (0, 0), (2, 2), (2, 2)], mode="reflect")
    expected = np.empty_like(image)
    for row in range(4):
        for column in range(6):
            window = padded[:, :, row : row + 5, column : column + 5]
            kernel = filters[:, :, row, column].reshape(2, 1, 5, 5)
            expected[:, :, row, column] = (window * kernel).sum(axis=(2, 3))
    result = apply_filters(torch.from_numpy(image), torch.from_numpy(filters))
    np.testing.assert_allclose(result.numpy(), expected)


def torch_bicubic_matrix(size: int, scale: int) -> np.ndarray:
    """Keys interpolation with a = -0.75, borders repeated, as a matrix (scale * size, size)."""
    a, matrix = -0.75, np.zeros((scale * size, size))
    for out in range(scale * size):
        centre = (out + 0.5) / scale - 0.5
        for neighbour in range(int(np.floor(centre)) - 1, int(np.floor(centre)) + 3):
            d = abs(centre - neighbour)
            near = (a + 2) * d**3 - (a + 3) * d**2 + 1
            far = a * d**3 - 5 * a * d**2 + 8 * a * d - 4 * a
            matrix[out, np.clip(neighbour, 0, size - 1)] += near if d <= 1 else far
    return matrix


def test_output_is_the_weighted_sum_of_filtered_bicubic_images() -> None:
    torch.manual_seed(0)
    net = LAPAR(2, features=4, depth=1).double()
    x = torch.rand(1, 3, 5, 6, dtype=torch.float64)
    rows, columns = (torch.from_numpy(torch_bicubic_matrix(size, 2)) for size in (5, 6))
    enlarged = rows @ x @ columns.T
    atoms = filter_dictionary()[:, None]
    padded = F.pad(enlarged, (2, 2, 2, 2), mode="reflect")
    filtered = torch.stack([F.conv2d(padded[:, c : c + 1], atoms) for c in range(3)], dim=1)
    mean = torch.tensor([0.4488, 0.4371, 0.4040]).view(1, 3, 1, 1)
    weights = net.tail(net.upsampler(net.body(net.head(x - mean))))
    expected = (weights[:, None] * filtered).sum(dim=2)
    torch.testing.assert_close(net(x)[-1], expected, atol=1e-6, rtol=1e-6)


def test_fusion_block_is_the_papers_formula() -> None:
    torch.manual_seed(0)
    block, x = FusionBlock(3), torch.randn(1, 3, 4, 4)
    for name, parameter in block.named_parameters():
        if name.endswith("_scale"):
            assert parameter.item() == 1.0
            torch.nn.init.normal_(parameter)
    states = [x]
    for unit in block.units:
        y = same(same(states[-1], unit.body[0]).clamp(min=0), unit.body[2])
        states.append(unit.residual_scale * y + unit.input_scale * states[-1])
    fused = same(torch.cat(states[1:], 1), block.fuse)
    expected = block.residual_scale * fused + block.input_scale * x
    torch.testing.assert_close(block(x), expected)


def test_tail_is_the_papers_formula() -> None:
    torch.manual_seed(0)
    tail, x = MultiScaleTail(3, 7), torch.randn(1, 3, 6, 6)
    y = same(0.5 * same(x, tail.conv3) + 0.5 * same(x, tail.conv5), tail.fuse).clamp(min=0)
    torch.testing.assert_close(tail(x), same(y, tail.out))
