"""Rankings of networks whose values are given image by image."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest

from pipeline.collation.evaluations import Evaluated, Quality
from pipeline.collation.ranking import ranking
from pipeline.study.keys import Key
from tests.pipeline.toy_study import ToyStudy

Values = dict[str, Sequence[Sequence[float]]]


def quality(psnr: Values, ssim: Values, variants: dict[str, str]) -> Quality:
    """Networks at x4 on photos_test: one row of values per seed, one column per image."""
    found = []
    for model, by_seed in psnr.items():
        for seed, values in enumerate(by_seed):
            rows = pd.DataFrame({"psnr_db": values, "ssim": ssim[model][seed]})
            rows["image"] = [f"image{n}" for n in range(len(rows))]
            rows["dataset"] = "photos_test"
            found.append(Evaluated(Key.trained(model, 4, seed), variants[model], rows))
    return Quality(found)


def rank(quick: ToyStudy, psnr: Values, ssim: Values | None = None):
    variants = {
        key.model: quick.variant(key) for key in quick.params.evaluations() if key.seed == 0
    }
    return ranking(quick.params, quality(psnr, ssim or psnr, variants))


def test_letters_and_pairs_of_known_networks(quick: ToyStudy) -> None:
    rng = np.random.default_rng(0)
    hard = rng.normal(28, 3, 12)
    psnr = {
        name: hard + gain + rng.normal(0, 0.02, (3, 12))
        for name, gain in (("mesr", 1.0), ("vdsr", 0.0), ("lapsrn", 0.001))
    }
    ranked, pairs, agreement = rank(quick, psnr)
    assert ranked[0]["model"] == "mesr"
    assert {row["model"]: row["psnr_letters"] for row in ranked} == {
        "mesr": "a", "vdsr": "b", "lapsrn": "b",
    }  # fmt: skip
    means = sorted((float(np.mean(values)) for values in psnr.values()), reverse=True)
    assert [float(row["psnr_db"]) for row in ranked] == pytest.approx(means, abs=1e-6)
    apart = {
        frozenset((row["first_model"], row["second_model"])): row["told_apart"]
        for row in pairs
        if row["metric"] == "psnr_db"
    }
    assert apart == {
        frozenset(("mesr", "vdsr")): "yes",
        frozenset(("mesr", "lapsrn")): "yes",
        frozenset(("vdsr", "lapsrn")): "no",
    }
    assert len(pairs) == 6
    assert agreement[0]["networks"] == agreement[0]["seeds"] == 3
    assert {row["note"] for row in ranked} == {""}


def test_tau_by_metric_and_by_seed_by_hand(quick: ToyStudy) -> None:
    # Seeds 0 and 1 agree, seed 2 swaps the last two of three: tau 1, 1/3, 1/3.
    psnr = {
        "mesr": [[33.0, 33.2]] * 3,
        "vdsr": [[32.0, 32.2], [32.0, 32.2], [31.0, 31.2]],
        "lapsrn": [[31.5, 31.7], [31.5, 31.7], [31.6, 31.8]],
    }
    # By mean PSNR mesr, vdsr (31.77), lapsrn (31.63); by SSIM the reverse: tau -1.
    ssim = {"mesr": [[0.7, 0.7]] * 3, "vdsr": [[0.8, 0.8]] * 3, "lapsrn": [[0.9, 0.9]] * 3}
    _, _, (row,) = rank(quick, psnr, ssim)
    assert float(row["tau_metrics"]) == -1
    assert float(row["tau_seeds"]) == pytest.approx(5 / 9, abs=1e-6)
    assert float(row["tau_seeds_lowest"]) == pytest.approx(1 / 3, abs=1e-6)
    # Differences over the seeds: vdsr - mesr (-1, -1, -2) and lapsrn - mesr (-1.5, -1.5, -1.4),
    # vdsr - lapsrn (0.5, 0.5, -0.6): variances 1/3, 0.01/3 and 1.21/3.
    assert float(row["seed_sd_db"]) == pytest.approx(np.sqrt((1 + 0.01 + 1.21) / 9), abs=1e-6)
    assert 2 < int(row["one_pair_seeds"]) < int(row["all_pairs_seeds"])


def test_one_seed_says_what_cannot_be_said(quick: ToyStudy) -> None:
    psnr = {"mesr": [[33.0, 30.1, 29.0]], "vdsr": [[32.0, 29.2, 28.1]]}
    ranked, pairs, (agreement,) = rank(quick, psnr)
    assert all("another training" in row["note"] for row in ranked)
    assert [row["psnr_letters"] for row in ranked] == ["a", "b"]
    assert pairs[0]["told_apart"] == "yes"
    for column in ("tau_seeds", "tau_seeds_lowest", "seed_sd_db", "one_pair_seeds"):
        assert agreement[column] == ""
    assert "one seed" in agreement["note"]
    assert float(agreement["tau_metrics"]) == 1


def test_one_seed_and_one_image_say_nothing(quick: ToyStudy) -> None:
    ranked, pairs, _ = rank(quick, {"mesr": [[33.0]], "vdsr": [[32.0]]})
    assert {row["psnr_letters"] for row in ranked} == {""}
    assert {row["note"] for row in ranked} == {"one seed and one image: nothing can be said"}
    assert {row["told_apart"] for row in pairs} == {""}


def test_an_image_reproduced_exactly_leaves_the_letters_by_ssim(quick: ToyStudy) -> None:
    ssim = {"mesr": [[0.9, 0.91]] * 2, "vdsr": [[0.8, 0.81]] * 2}
    psnr = {"mesr": [[np.inf, 33.0]] * 2, "vdsr": [[32.0, 31.0]] * 2}
    ranked, pairs, (agreement,) = rank(quick, psnr, ssim)
    assert [row["psnr_letters"] for row in ranked] == ["", ""]
    assert [row["ssim_letters"] for row in ranked] == ["a", "b"]
    assert all("reproduced exactly" in row["note"] for row in [*ranked, agreement])
    assert {row["metric"] for row in pairs} == {"ssim"}
    assert agreement["seed_sd_db"] == ""


def test_one_network_has_none_to_compare_with(quick: ToyStudy) -> None:
    ranked, pairs, (agreement,) = rank(quick, {"mesr": [[33.0, 32.0]] * 3})
    assert ranked[0]["psnr_letters"] == ""
    assert ranked[0]["note"] == agreement["note"] == "one network: there is none to compare with"
    assert pairs == []
    assert agreement["tau_metrics"] == ""


def test_networks_of_other_kinds_of_weights_are_not_ranked(paper: ToyStudy) -> None:
    ranked = paper.table("tables/ranking")
    assert set(ranked["model"]) == {"mesr", "vdsr"}
    assert len(ranked) == 2 * 3 * 4
    # The toy's networks differ by the same on every image.
    assert set(ranked[ranked["model"] == "mesr"]["psnr_letters"]) == {"a"}
    assert set(ranked[ranked["model"] == "vdsr"]["psnr_letters"]) == {"b"}
