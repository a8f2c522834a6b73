"""Pairing of scores, and what is said of a difference."""

from typing import Any

import numpy as np
import pytest

from pipeline.tables.statistics import compare
from tests.pipeline.tables.toy import make_params, make_study

SIZES = [
    ("vdsr", "vdsr", "", "trained", 4, 100, 1000),
    ("mesr", "mesr", "", "trained", 4, 120, 1100),
    ("msrn", "msrn", "", "trained", 4, 500, 9000),
    ("", "mesr", "", "paper", 4, 4_600_000, 11_000),
]


def asked(a: str, b: str) -> dict[str, Any]:
    return {"a": a, "b": b, "scale": 4, "dataset": "Set5"}


def test_a_difference_is_paired_over_the_seeds_that_both_have() -> None:
    params = make_params(["vdsr", "mesr"], variants={"mesr": ["no_rb"]})
    study = make_study(params)
    quality = study.quality
    fewer = quality[~((quality["method"] == "mesr-no_rb") & (quality["seed"] == 1))]
    study = make_study(params, quality=fewer.sample(frac=1, random_state=0))  # in any order
    d = study.difference("mesr", "mesr-no_rb", 4, "Set5")
    assert d is not None

    def psnr(method: str, seed: int) -> np.ndarray:
        rows = quality[
            (quality["method"] == method)
            & (quality["seed"] == seed)
            & (quality["dataset"] == "Set5")
        ]
        return rows.sort_values("image")["psnr_db"].to_numpy()

    expected = [psnr("mesr", seed) - psnr("mesr-no_rb", seed) for seed in (0, 2)]
    np.testing.assert_array_equal(d, expected)
    assert study.difference("mesr", "mesr", 4, "Set5").shape == (3, 6)
    together = study.difference("mesr", "vdsr", 4)
    assert together is not None
    assert together.shape == (3, 12)


def test_what_was_not_trained_stands_beside_every_seed() -> None:
    study = make_study(make_params(["mesr"]))
    d = study.difference("mesr", "bicubic", 4, "Set5")
    assert d is not None
    assert d.shape == (3, 6)
    assert d.mean() == pytest.approx(2.0, abs=0.1)


def test_nothing_is_said_without_common_seeds_or_finite_values() -> None:
    params = make_params(["vdsr", "mesr"])
    quality = make_study(params).quality
    other = quality[(quality["method"] != "vdsr") | (quality["seed"] == 0)]
    other = other[(other["method"] != "mesr") | (other["seed"] == 1)]
    assert make_study(params, quality=other).difference("mesr", "vdsr", 4, "Set5") is None
    infinite = quality.copy()
    infinite.loc[(infinite["image"] == "i0") & (infinite["seed"] == 0), "psnr_db"] = np.inf
    study = make_study(params, quality=infinite)
    assert study.difference("mesr", "vdsr", 4, "Set5") is None
    (row,) = study.compared([asked("mesr", "vdsr")], "scale")
    assert "diff_db" not in row
    assert study.summary("mesr", 4, "Set5")["psnr_db"] == np.inf
    assert study.difference("mesr", "vdsr", 4, "elsewhere") is None


def test_one_seed_and_unequal_cost_are_named() -> None:
    study = make_study(make_params(["vdsr", "msrn", "mesr"]), SIZES)
    pairs = [asked("mesr", name) for name in ("vdsr", "msrn")]
    found = study.compared(pairs, "scale")
    assert [row["evidence"] for row in found] == ["", "unequal cost"]
    assert found[0]["interval"] == ("Student, 95%, over seeds and images, Holm's correction for 2")
    study = make_study(make_params(["vdsr", "msrn", "mesr"], seeds=[0]), SIZES)
    found = study.compared(pairs, "scale")
    assert [row["evidence"] for row in found] == ["one seed", "one seed, unequal cost"]
    assert "over images," in found[0]["interval"]
    assert study.cost("mesr", 4) == {"params": 120, "multi_adds": 1100, "share": 0.1}


def test_the_spread_is_pooled_over_a_network_and_its_variants() -> None:
    params = make_params(["vdsr", "mesr"], variants={"mesr": ["no_rb", "rb_dagger", "msfeb"]})
    study = make_study(params)
    pairs = {
        "rb": ("mesr", "mesr-no_rb"),
        "other": ("mesr", "vdsr"),
        "rffb": ("mesr-no_rb", "mesr-msfeb"),  # two arms alone
    }
    rows = study.compared([asked(*pair) for pair in pairs.values()], "scale")
    found = dict(zip(pairs, rows, strict=True))
    arms = np.array(
        [study.scores(m, 4, "Set5").mean(axis=1) for m in ("mesr", "mesr-no_rb", "mesr-rb_dagger")]
    )
    gaps = [arms[i] - arms[j] for i, j in ((0, 1), (0, 2), (1, 2))]
    variance = float(np.mean([np.var(d, ddof=1) for d in gaps]))
    matrices = {name: study.difference(*pair, 4, "Set5") for name, pair in pairs.items()}
    expected = compare(matrices, pooled={"rb": (variance, 4)})  # type: ignore[arg-type]
    assert found["rb"]["p_pooled"] == pytest.approx(expected.loc["rb", "p_holm"])
    assert np.isnan(found["other"]["p_pooled"])
    assert np.isnan(found["rffb"]["p_pooled"])


def test_names_are_those_of_papers() -> None:
    params = make_params(
        ["vdsr", "mesr"], variants={"mesr": ["no_rb", "steps100"], "vdsr": ["steps100"]}
    )
    study = make_study(params)
    assert [study.label(m) for m in study.methods] == [
        "Bicubic", "VDSR", "VDSR, 100 steps", "MESR", "MESR, no rb", "MESR, 100 steps",
    ]  # fmt: skip
    assert study.label("mesr-no_rb", short=True) == "no rb"
    assert study.at(4) == ["vdsr", "mesr"]
    assert study.at(4, kind=None) == ["bicubic", "vdsr", "mesr"]
    assert (study.base("mesr-no_rb"), study.base("mesr")) == ("mesr", "")
