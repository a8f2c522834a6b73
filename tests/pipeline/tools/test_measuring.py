"""Latency and memory, measured in a moment."""

from dataclasses import replace
from math import exp
from pathlib import Path

import pandas as pd
import pytest

from pipeline import measure as stage
from pipeline.support.errors import UserError
from pipeline.tools import measuring
from pipeline.tools.measuring import Case, file_name, with_scores

VDSR = Case("vdsr", "", "study", 2, {"features": 8, "depth": 3}, "LR 32x24", 32, 24)


def test_rows_hold_counts_and_ordered_quartiles() -> None:
    table = measuring.measure([VDSR], rounds=3)
    (row,) = table.to_dict("records")
    assert 0 < row["latency_q1_ms"] <= row["latency_ms"] <= row["latency_q3_ms"]
    # Three 3x3 convolutions on the HR grid of 64x48: 1 -> 8 -> 8 -> 1 features.
    assert row["multi_adds"] == 64 * 48 * 9 * (8 + 64 + 8)
    assert (row["convolutions"], row["activations"]) == (3, 64 * 48 * (8 + 8 + 1))
    assert row["share"] == 1
    # As in the files that are there already, which the report shows beside new ones.
    (known, *_) = Path(__file__).parents[3].glob("benchmarks/machines/*.csv")
    assert list(table.columns) == list(pd.read_csv(known).columns)


def test_costly_networks_are_measured_on_a_strip_and_scaled_to_the_whole(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert VDSR.affordable().share == 1
    monkeypatch.setattr(measuring, "LIMIT_S", 0.0)
    part = VDSR.affordable()
    assert part.share == 1 / 16
    assert part.ready()[1].shape == (1, 1, 2 * 8, 2 * 24)  # no less than 8 LR rows
    monkeypatch.setattr(Case, "timed", lambda *_: 3.0)
    found = measuring.latencies([VDSR, replace(VDSR, share=0.25)], 4)
    assert found.tolist() == [[3.0] * 4, [12.0] * 4]


@pytest.mark.skipif(not measuring.STATUS.is_file(), reason="needs Linux")
def test_peak_memory_holds_the_feature_maps() -> None:
    large = replace(VDSR, settings={"features": 64, "depth": 3}, height=256, width=256)
    found = measuring.peak_memory(large)
    feature_map = 64 * 512 * 512 * 4 / 2**20
    assert 1.5 * feature_map < found < 6 * feature_map


def test_scores_are_relative_to_mesr() -> None:
    rows = [("mesr", 10.0, 100, 1000), ("vdsr", 5.0, 200, 500), ("bicubic", 1e9, 1, 1)]
    table = pd.DataFrame(rows, columns=["model", "latency_ms", "multi_adds", "params"])
    table = with_scores(table.assign(size="paper", scale=4, input="x"))
    assert table["ntire_score"][0] == pytest.approx(exp(2))
    expected = 0.7 * exp(1) + 0.15 * exp(4) + 0.15 * exp(1)
    assert table["ntire_score"][1] == pytest.approx(expected)
    assert with_scores(table.iloc[1:])["ntire_score"].isna().all()


def test_the_command_writes_a_file_named_after_the_machine(monkeypatch) -> None:
    monkeypatch.setattr(stage, "inputs", lambda scale: [("LR 16x16", 16, 16)])
    words = ["--model", "idn", "--model", "pan", "--scale", "x2", "--rounds", "3"]
    stage.main([*words, "--size", "paper", "--out", "machines"])
    (path,) = Path("machines").glob("*.csv")
    table = pd.read_csv(path)
    assert list(table["model"]) == ["idn", "pan"]
    assert set(table["rounds"]) == {3}
    with pytest.raises(UserError, match="unknown"):
        stage.main(["--model", "nonsense"])
    row = {"machine": "AMD EPYC (AVX512)", "threads": 2, "device": "cpu", "torch": "2.14.1+cu130",
           "precision": "fp32"}  # fmt: skip
    name = file_name(pd.DataFrame([row]))
    assert name == "amd-epyc-avx512-2threads-torch2.14.1-fp32.csv"
    gpu = row | {"machine": "NVIDIA H100", "device": "cuda", "precision": "bf16"}
    assert file_name(pd.DataFrame([gpu])) == "nvidia-h100-torch2.14.1-bf16.csv"
