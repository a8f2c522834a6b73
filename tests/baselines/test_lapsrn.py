import numpy as np
import pytest
import torch
from torch.nn import functional as F

from baselines.lapsrn import LapSRN, PyramidLevel
from tests.baselines.formulas import same


@pytest.mark.parametrize(
    ("scale", "sizes"), [(2, [(10, 14)]), (3, [(10, 14), (15, 21)]), (4, [(10, 14), (20, 28)])]
)
def test_levels_have_their_sizes(scale: int, sizes: list[tuple[int, int]]) -> None:
    net = LapSRN(scale, features=4, depth=2)
    outputs = net(torch.rand(2, 1, 5, 7))
    assert [output.shape for output in outputs] == [(2, 1, *size) for size in sizes]


def test_level_is_the_authors_formula() -> None:
    torch.manual_seed(0)
    level, features, image = PyramidLevel(3, 2), torch.randn(1, 3, 4, 5), torch.rand(1, 1, 4, 5)
    for parameter in level.parameters():
        torch.nn.init.normal_(parameter)

    def leaky(value: np.ndarray) -> np.ndarray:
        return np.where(value > 0, value, 0.2 * value)

    def spread(x: np.ndarray, weight: np.ndarray, crop: tuple[int, int]) -> np.ndarray:
        """Stamp the kernel at every second pixel, then crop (first, last) rows and columns."""
        _, outputs, side, _ = weight.shape
        height, width = x.shape[1:]
        canvas = np.zeros((outputs, 2 * (height - 1) + side, 2 * (width - 1) + side))
        for row in range(height):
            for column in range(width):
                stamp = np.einsum("i,iohw->ohw", x[:, row, column], weight)
                canvas[:, 2 * row : 2 * row + side, 2 * column : 2 * column + side] += stamp
        first, last = crop
        return canvas[:, first : canvas.shape[1] - last, first : canvas.shape[2] - last]

    state = {name: tensor.detach().numpy() for name, tensor in level.state_dict().items()}
    hidden = features
    for conv in level.convs:
        hidden = F.leaky_relu(same(hidden, conv), 0.2)
    # MatConvNet's crop of [0, 1, 0, 1]: nothing at the top and left, one row and column at the end.
    enlarged = spread(hidden[0].detach().numpy(), state["upsample.weight"], (0, 1))
    enlarged = leaky(enlarged + state["upsample.bias"][:, None, None])
    residual = same(torch.from_numpy(enlarged).float()[None], level.residual)
    enlarged_image = spread(image[0].numpy(), state["upsample_image.weight"], (1, 1))
    found_features, found_image = (y[0].detach().numpy() for y in level(features, image))
    np.testing.assert_allclose(found_features, enlarged, rtol=1e-4, atol=1e-4)
    expected = enlarged_image + residual[0].detach().numpy()
    np.testing.assert_allclose(found_image, expected, rtol=1e-4, atol=1e-4)


def test_image_branch_begins_as_bilinear_interpolation() -> None:
    level, image = PyramidLevel(2, 1), torch.rand(1, 1, 6, 5)
    torch.nn.init.zeros_(level.residual.weight)
    _, enlarged = level(torch.zeros(1, 2, 6, 5), image)
    bilinear = F.interpolate(image, scale_factor=2, mode="bilinear", align_corners=False)
    # Beyond the border the transposed convolution sees zeros, interpolation the border.
    torch.testing.assert_close(enlarged[..., 1:-1, 1:-1], bilinear[..., 1:-1, 1:-1])


def test_x3_is_the_x4_pyramid_reduced_by_bicubic() -> None:
    torch.manual_seed(0)
    net3, net4 = LapSRN(3, features=4, depth=1), LapSRN(4, features=4, depth=1)
    net4.load_state_dict(net3.state_dict())
    x = torch.rand(1, 1, 12, 16)
    (first3, last3), (first4, last4) = net3(x), net4(x)
    torch.testing.assert_close(first3, first4)
    # torch's antialiased bicubic has a = -0.5 as MATLAB's; only borders are treated differently.
    reduced = F.interpolate(last4, size=(36, 48), mode="bicubic", antialias=True)
    inside = (..., slice(4, -4), slice(4, -4))
    torch.testing.assert_close(last3[inside], reduced[inside], atol=1e-5, rtol=1e-5)
