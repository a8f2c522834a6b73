from pathlib import Path

import pandas as pd
import pytest
import yaml

from pipeline import complexity
from pipeline.configure import compose_params
from pipeline.study.params import Params
from pipeline.study.published_figures import published_complexity
from tests.pipeline.toy_study import ROOT, write_params


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


def test_networks_of_compact_cost_alike_at_x4() -> None:
    text = compose_params(["profile=compact"], ROOT / "conf")
    sizes, parts = complexity.study_sizes(Params.model_validate(yaml.safe_load(text)))
    own = sizes[(sizes["kind"] == "trained") & (sizes["scale"] == 4) & (sizes["variant"] == "")]
    at_x4 = own.set_index("network")["patch_multi_adds"]
    assert len(at_x4) == 14
    assert set(sizes["patch"]) == {24}
    assert at_x4[(at_x4 - 115e6).abs() > 0.15 * 115e6].to_dict() == {}  # all could be reduced
    # MESR's blocks and upsampler: reduced width changed where its computation is.
    mesr = parts[(parts["network"] == "mesr") & (parts["scale"] == 4) & (parts["variant"] == "")]
    share = mesr.set_index(["kind", "part"])["share"]
    assert share["trained"][["blocks", "upsample"]].round(3).tolist() == [0.188, 0.771]
    assert share["paper"][["blocks", "upsample"]].round(3).tolist() == [0.827, 0.148]
    paper = sizes[sizes["kind"] == "paper"].set_index(["network", "scale"])
    # CARN's table, which has VDSR with 612.6 G Multi-Adds; A2F is compared in the size S here.
    assert paper.loc[("vdsr", 4), "multi_adds"] == pytest.approx(612.6e9, rel=1e-4)
    assert paper.loc[("a2f", 4), "variant"] == "S"


def test_stage_counts_the_networks_of_the_study_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_params(tmp_path, "complexity.hr=144x96")
    complexity.main([])
    sizes = pd.read_csv("results/sizes.csv", keep_default_na=False)
    trained = sizes[sizes["kind"] == "trained"]
    assert list(trained["method"]) == ["vdsr", "mesr", "mesr-no_rb", "vdsr-steps500"]
    vdsr = trained.iloc[0]
    # Layers 1-4, 4-4 and 4-1 of 3x3, on the enlarged image and on an enlarged patch of 8x8.
    weights = 9 * (4 + 16 + 4)
    assert (vdsr["params"], vdsr["multi_adds"]) == (weights + 4 + 4 + 1, weights * 144 * 96)
    assert vdsr["patch_multi_adds"] == weights * 32 * 32
    parts = pd.read_csv("results/parts.csv", keep_default_na=False)
    assert tuple(parts.iloc[0][["method", "part", "share"]]) == ("vdsr", "convs", 1.0)
    assert set(pd.read_csv("results/counts.csv")["network"]) == {"vdsr"}
