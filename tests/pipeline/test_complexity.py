from pathlib import Path

import pandas as pd
import pytest
from omegaconf import OmegaConf

from pipeline import complexity
from pipeline.configure import compose_params
from pipeline.study.params import validate_params
from pipeline.study.published_figures import published_complexity


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


def test_count_all_has_a_row_for_each_variant_and_scale() -> None:
    table = complexity.count_all(["mesr"], [2, 4], 72, 128)
    assert isinstance(table, pd.DataFrame)
    assert set(table.scale) == {2, 4}
    assert table.variant.iloc[0] == "full"
    assert set(table.variant) == {"full", "single_scale", "msfeb", "no_rb", "rb_dagger"}
    assert set(table[table.variant == "no_rb"].scale) == {4}  # the ablation is at x4 alone


def test_networks_of_compact_cost_alike_at_x4() -> None:
    text = compose_params(["profile=compact"], Path(__file__).parents[2] / "conf")
    params = validate_params(OmegaConf.to_container(OmegaConf.create(text)), "compact")
    sizes = complexity.study_sizes(params)
    at_x4 = sizes[sizes["scale"] == 4].set_index("model")["multi_adds"]
    assert len(at_x4) == 14
    assert set(sizes["patch"]) == {24}
    assert at_x4[(at_x4 - 115e6).abs() > 0.15 * 115e6].to_dict() == {}  # all could be narrowed
