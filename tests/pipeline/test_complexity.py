import math

import pandas as pd
import pytest
import torch
from torch import Tensor, nn

from mesr import MESR
from mesr.common.base import SRNetwork
from pipeline import complexity
from pipeline.study.published_figures import published_complexity
from pipeline.support.errors import UserError


class Toy(SRNetwork):
    def __init__(self, scale: int, body: nn.Module) -> None:
        super().__init__(scale)
        self.body = body

    def forward(self, x: Tensor) -> tuple[Tensor]:
        return (self.body(x),)


def count(scale: int, body: nn.Module, *size: int) -> complexity.Complexity:
    return complexity.count(Toy(scale, body).to("meta"), *size)


def test_convolution_in_closed_form() -> None:
    found = count(2, nn.Conv2d(3, 7, 5, padding=2), 40, 60)
    assert found.params == 7 * (3 * 25 + 1)
    assert found.multi_adds == 20 * 30 * 7 * 3 * 25


def test_sub_pixel_stage_in_closed_form() -> None:
    body = nn.Sequential(nn.Conv2d(3, 3 * 9, 3, padding=1), nn.PixelShuffle(3), nn.ReLU())
    assert count(3, body, 30, 60).multi_adds == 10 * 20 * 27 * 27


def test_grouped_and_transposed_convolutions_in_closed_form() -> None:
    grouped = nn.Conv2d(3, 6, 3, padding=1, groups=3)
    assert count(2, grouped, 8, 8).multi_adds == 4 * 4 * 6 * 9
    transposed = nn.ConvTranspose2d(3, 5, 4, stride=2, padding=1)  # counted on its input grid
    assert count(2, transposed, 8, 8).multi_adds == 4 * 4 * 3 * 5 * 16


def test_what_some_papers_count_besides() -> None:
    body = nn.Sequential(nn.Conv2d(3, 5, 3, padding=1), nn.PReLU(), nn.Conv2d(5, 2, 1, bias=False))
    found = count(2, body, 40, 60)
    assert found.params - found.weights == 5
    assert found.biases == found.rectifiers == 20 * 30 * 5
    assert found.pooling == 0
    assert count(2, nn.AdaptiveAvgPool2d(1), 40, 60).pooling == 3 * 20 * 30


@pytest.mark.parametrize(
    ("ours", "theirs", "published", "digit", "expected"),
    [
        (57_281, 57_281, 57_000, 1000, "equal"),
        (665_921, 664_704, 665_000, 1000, "equal"),  # cut off
        (814_242, 812_768, 813_000, 1000, "explained"),
        (814_242, 814_242, 813_000, 1000, "differs"),
        (1_000, 1_000, 1_001, 1, "differs"),
        (1_000, 1_000, None, 1, ""),
    ],
)
def test_verdict(ours: int, theirs: int, published: int, digit: int, expected: str) -> None:
    assert complexity.verdict(ours, theirs, published, digit) == expected


def test_offsets_of_the_published_counts_are_what_their_explanations_say() -> None:
    table = published_complexity()
    hr = 1280 * 720
    for scale in (2, 3, 4):
        # LAPAR leaves out 72 dictionary filters of 25 taps and applying one filter to 3 channels.
        assert table["lapar", "", scale].multi_adds_offset == -hr * (72 * 25 + 3 * 25)
        # MSRN's last convolution, 64 to 3, and the second of its two upsampling convolutions at
        # x4, 64 to 256, are counted at LR size.
        lr = hr // scale**2
        second = 64 * 256 * 9 * (4 * lr - lr) if scale == 4 else 0
        assert table["msrn", "rgb", scale].multi_adds_offset == -64 * 3 * 9 * (hr - lr) - second


def test_counts_of_a_published_row() -> None:
    row = complexity.compare(published_complexity()["lapsrn", "", 4])
    assert (row["params"], row["counted_params"]) == (814_242, 812_768)
    assert (row["params_verdict"], row["multi_adds_verdict"]) == ("explained", "differs")
    assert "biases" in row["explanation"]


def mesr_multi_adds(scale: int) -> int:
    """Weights of each convolution times the pixels it runs on, from the paper's equations."""
    lr = 1280 * 720 // scale**2
    unit = 64 * 24 + 2 * 24 * 24 * 9 + 72 * 24 * 9 + 24 * 24 * 9 + 48 * 64
    body = 27 * 64 + 24 * 5 * unit + 24 * 64 * 64
    if scale == 4:
        upsampler = lr * 64 * 256 * 9 + 4 * lr * 64 * 256 * 9
    else:
        upsampler = lr * 64 * 64 * scale**2 * 9
    hr = 1280 * 720 * (64 * 3 * 9 + 3 * 64 * 9 + 64 * 3)
    attention = 24 * 64 * 5  # one 1-D convolution over the channels per block
    return lr * body + upsampler + hr + attention


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_whole_of_mesr_in_closed_form(scale: int) -> None:
    with torch.device("meta"):
        network = MESR(scale)
    assert complexity.count(network).multi_adds == mesr_multi_adds(scale)


def test_operation_of_unknown_cost_is_refused_by_name() -> None:
    class Unknown(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return torch.cumsum(x, 2)

    with pytest.raises(UserError, match="cumsum"):
        count(2, Unknown(), 8, 8)


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_lr_size_has_exactly_the_right_number_of_pixels(scale: int) -> None:
    height, width = complexity.lr_size(720, 1280, scale)
    assert height * width * scale**2 == 720 * 1280
    assert abs(math.log(width / height * 720 / 1280)) < 0.15


def test_lr_size_refuses_what_cannot_be_divided() -> None:
    with pytest.raises(UserError, match=r"complexity\.hr: 100x100.*scale 3"):
        complexity.lr_size(100, 100, 3)


@pytest.mark.parametrize("text", ["1280", "1280x", "0x720", "axb", "1280x-7"])
def test_parse_size_refuses_nonsense(text: str) -> None:
    with pytest.raises(UserError, match="expected WIDTHxHEIGHT"):
        complexity.parse_size(text)


def test_preupsampled_networks_run_on_the_hr_grid() -> None:
    toy = Toy(2, nn.Conv2d(3, 3, 3, padding=1))
    toy.preupsampled = True
    assert complexity.count(toy.to("meta"), 20, 30).multi_adds == 20 * 30 * 81


def test_count_all_has_a_row_for_each_variant_and_scale() -> None:
    table = complexity.count_all(["mesr"], [2, 4], 72, 128)
    assert isinstance(table, pd.DataFrame)
    assert set(table.scale) == {2, 4}
    assert table.variant.iloc[0] == "full"
    assert set(table.variant) == {"full", "single_scale", "msfeb", "no_rb", "rb_dagger"}
    assert set(table[table.variant == "no_rb"].scale) == {4}  # the ablation is at x4 alone
