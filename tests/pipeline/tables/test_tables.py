"""What the tables say of studies whose scores are known."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from pipeline.tables import certification, claims, comparisons, facts, methods, ranking, variants
from pipeline.tables.files import FILES, write_frame
from pipeline.tables.results import Results
from pipeline.tables.statistics import seeds_to_resolve
from pipeline.tables.study import Study
from pipeline.tables.tables import all_frames, all_tables, read_all
from tests.pipeline.tables.test_study import SIZES
from tests.pipeline.tables.toy import ROOT, make_params, make_study

ALL = {"mesr": ["no_rb", "rb_dagger", "msfeb", "single_scale"]}


@pytest.fixture(scope="module")
def study() -> Study:
    return make_study(make_params(variants=ALL), SIZES)


PARTS = pd.DataFrame(
    [
        ("mesr", "mesr", "", "trained", 4, "blocks", 150, 0.1875),
        ("mesr", "mesr", "", "trained", 4, "upsample", 600, 0.75),
        ("mesr", "mesr", "", "paper", 4, "blocks", 800, 0.8),
        ("vdsr", "vdsr", "", "trained", 4, "convs", 100, 1.0),  # no part that others have too
    ],
    columns=FILES["parts"],
)


def at(frame: pd.DataFrame, **values: Any) -> pd.Series:
    """Return the only row with these values."""
    for name, value in values.items():
        frame = frame[frame[name] == value]
    assert len(frame) == 1, frame
    return frame.iloc[0]


def changed(study: Study, method: str, seed: int | None, psnr_db: float) -> Study:
    """Return the study with another PSNR of one run."""
    quality = study.quality.copy()
    rows = quality["method"] == method
    rows &= quality["seed"].isna() if seed is None else quality["seed"] == seed
    quality.loc[rows, "psnr_db"] = psnr_db
    return make_study(study.params, SIZES, quality=quality)


def test_results_have_means_spread_and_the_difference_to_the_subject(study: Study) -> None:
    frame = methods.rows(study)
    assert list(frame.columns) == list(FILES["methods"])
    row = at(frame, method="vdsr", dataset="Set5", kind="trained")
    scores = study.scores("vdsr", 4, "Set5").to_numpy()
    assert row["psnr_db"] == pytest.approx(scores.mean())
    assert row["psnr_sd_db"] == pytest.approx(scores.mean(axis=1).std(ddof=1))
    assert (row["seeds"], row["images"], row["label"]) == (3, 6, "VDSR")
    assert row["minus_subject_db"] == pytest.approx(-1.0, abs=0.05)
    assert (row["verdict"], row["rank_psnr"]) == ("lower", 4)
    assert (row["published_psnr_db"], row["published_ssim"]) == (31.35, 0.8838)
    assert np.isnan(at(frame, method="mesr", dataset="Set5")["minus_subject_db"])
    assert at(frame, method="bicubic", dataset="Set5")["kind"] == "interpolation"
    quoted = frame[frame["kind"] == "quoted"]
    assert {"pan", "a2f", "srcnn"} <= set(quoted["method"])
    assert not {"vdsr", "msrn", "lapsrn", "bicubic"} & set(quoted["method"])
    assert quoted["psnr_db"].isna().all()
    assert quoted["rank_psnr"].isna().all()


def test_what_was_trained_at_another_published_size_leaves_the_first_one_quoted() -> None:
    params = make_params(["a2f", "mesr"], settings={"a2f": {"variant": "S"}})
    frame = methods.rows(make_study(params))
    assert at(frame, kind="trained", network="a2f", dataset="Set5")["label"] == "A2F-S"
    assert at(frame, kind="quoted", network="a2f", dataset="Set5")["label"] == "A2F-L"


def test_a_failed_training_and_one_below_bicubic_are_marked(study: Study) -> None:
    scores = study.quality["psnr_db"][study.quality["method"] == "bicubic"]
    failed = changed(study, "vdsr", 1, scores.mean() + 0.1)
    frame = methods.rows(failed)
    assert at(frame, method="vdsr", dataset="Set5")["remark"] == "seed 1 learned next to nothing"
    assert at(frame, method="mesr", dataset="Set5")["remark"] == ""
    below = changed(study, "vdsr", 0, 10.0)
    assert "below bicubic" in at(methods.rows(below), method="vdsr", dataset="Set5")["remark"]
    agreement = ranking.frames(failed)["agreement"]
    assert agreement["left_out"].tolist() == ["", "VDSR", "", "VDSR"]
    all_of_them, others = agreement["seed_sd_db"].tolist()[:2]
    assert others < all_of_them / 3
    needed = agreement.iloc[0][["one_pair_seeds", "all_pairs_seeds"]].tolist()
    levels = (0.05, 0.05 / 6)  # six pairs of four networks
    assert needed == [seeds_to_resolve(0.05, all_of_them, confidence=1 - a) for a in levels]


def test_the_ranking_over_all_images_has_robust_values_beside_the_mean(study: Study) -> None:
    frame = methods.overall(study)
    assert frame["method"].tolist() == ["mesr", "msrn", "lapsrn", "vdsr"]
    assert frame["rank"].tolist() == [1, 2, 3, 4]
    row = at(frame, method="msrn")
    assert row["images"] == 12
    assert row["iqm_minus_subject_db"] == pytest.approx(-0.4, abs=0.05)
    assert row["probability"] == 0.0
    assert row["low_db"] < row["minus_subject_db"] < row["high_db"] < 0
    assert at(frame, method="mesr")["share"] == pytest.approx(0.1)


def test_a_variant_is_compared_with_its_base(study: Study) -> None:
    frame = variants.rows(study)
    row = at(frame, method="mesr-msfeb", dataset="Set14")
    assert (row["base"], row["heading"]) == ("mesr-no_rb", "Ablation")
    assert row["minus_base_db"] == pytest.approx(-0.35, abs=0.05)
    assert row["verdict"] == "lower"
    assert row["published_psnr_db"] == pytest.approx(28.37)
    single = at(frame, method="mesr-single_scale", dataset="Set14")
    assert single["published_minus_base_db"] == pytest.approx(-0.19)
    base = at(frame, method="mesr", dataset="Set14")
    assert (base["base"], base["changes"]) == ("", "")
    assert pd.isna(base["verdict"])
    assert (base["rank"], base["networks"]) == (1, 4)
    assert (row["rank"], row["networks"]) == (2, 4)  # after MSRN, and in the place of MESR
    assert at(frame, method="mesr-no_rb", dataset="Set5")["changes"] == "refinement=False"


def test_lengths_are_ranked_among_themselves() -> None:
    short = {name: ["steps100"] for name in ("vdsr", "lapsrn", "mesr")}
    params = make_params(variants=short, seeds=[0])
    plain = make_study(params)
    quality = plain.quality.copy()  # after 100 steps the order is the reverse
    turned = {"vdsr-steps100": 30.0, "lapsrn-steps100": 29.0, "mesr-steps100": 28.0}
    for method, psnr in turned.items():
        quality.loc[quality["method"] == method, "psnr_db"] = psnr
    study = make_study(params, quality=quality)
    frame = variants.rows(study)
    row = at(frame, method="mesr-steps100", dataset="Set5")
    assert (row["rank"], row["networks"], row["evidence"]) == (3, 3, "one seed")
    assert row["changes"] == "train.steps=100"
    found = variants.lengths(study)
    row = at(found, dataset="Set5")
    assert (row["shorter"], row["longer"], row["networks"], row["tau"]) == (100, 600, 3, -1.0)


def test_claims_hold_where_the_interval_says_so_and_nowhere_else(study: Study) -> None:
    frame = claims.rows(study)
    gain = at(frame, claim="msfeb_gain")
    assert (gain["a"], gain["b"], gain["dataset"]) == ("mesr-msfeb", "mesr-single_scale", "Set14")
    assert (gain["verdict"], gain["paper"], gain["met"]) == ("holds", 0.19, "no")  # 0.4 dB here
    assert gain["low_db"] > 0.19
    assert at(frame, claim="rb_dagger_loss", dataset="Set5")["verdict"] == "holds"
    assert set(frame[frame["claim"] == "rb_dagger_loss"]["dataset"]) == {"Set5", "Set14"}
    above = frame[frame["claim"] == "psnr_above"]
    assert set(above["b"]) == {"vdsr", "lapsrn", "msrn"}
    assert set(above["verdict"]) == {"holds"}
    assert "MESR has a higher PSNR than VDSR" in set(above["statement"])
    section = "Section IV-C1, text on Table 1"
    assert frame[frame["section"] == section]["interval"].str.endswith("for 3").all()

    shift = study.quality["method"].map({"mesr": 1.0}).fillna(0)
    worse = study.quality.assign(psnr_db=study.quality["psnr_db"] - shift)
    frame = claims.rows(make_study(study.params, SIZES, quality=worse))
    assert at(frame, claim="rb_gain")["verdict"] == "does not hold"
    verdicts = frame[frame["claim"] == "psnr_above"].set_index(["b", "dataset"])["verdict"]
    assert verdicts["msrn", "Set5"] == "does not hold"
    equal = study.quality.copy()
    own, other = equal["method"] == "mesr", equal["method"] == "vdsr"
    shift = np.tile([0.5, -0.5], own.sum() // 2)
    equal.loc[own, "psnr_db"] = equal.loc[other, "psnr_db"].to_numpy() + shift
    frame = claims.rows(make_study(study.params, SIZES, quality=equal))
    row = at(frame, claim="psnr_above", b="vdsr", dataset="Set5")
    assert row["verdict"] == "undecided"
    assert "a smaller difference would not be seen" in row["note"]


def test_claims_on_counts_and_images() -> None:
    def judged(own: int, other: int) -> pd.Series:
        sizes = [("", "mesr", "", "paper", 2, own, 1), ("", "msrn", "rgb", "paper", 2, other, 1)]
        study = make_study(make_params(scales=[2], datasets=["Set5"]), sizes)
        return at(claims.rows(study), claim="params_fewer_than_msrn")

    assert tuple(judged(83, 100)[["verdict", "met"]]) == ("holds", "yes")
    assert tuple(judged(80, 100)[["verdict", "met"]]) == ("holds", "no")
    assert tuple(judged(101, 100)[["verdict", "met"]]) == ("does not hold", "no")
    study = make_study(make_params(["mesr"]), [("", "mesr", "", "paper", 2, 1, 1_047_700_000_000)])
    frame = claims.rows(study)
    count = at(frame, claim="multi_adds")
    assert (count["ours"], count["verdict"]) == (1047.7, "undecided")  # the paper has no figure
    assert at(frame, claim="barbara_in_set5")["verdict"] == "does not hold"
    quality = study.quality.copy()
    quality.loc[(quality["image"] == "i1") & (quality["dataset"] == "Set5"), "image"] = "Barbara"
    frame = claims.rows(make_study(study.params, quality=quality))
    assert at(frame, claim="barbara_in_set5")["verdict"] == "holds"


def test_a_family_of_comparisons_is_corrected_together() -> None:
    both = {"a": "mesr", "scale": "x4", "datasets": ["Set5", "Set14"]}
    rb = {"name": "rb", "b": "mesr-no_rb", "family": "modules"}
    rffb = {"name": "rffb", "b": "mesr-msfeb", "family": "modules"}
    asked = [both | pair for pair in (rb, rffb, {"name": "own", "b": "vdsr"})]
    params = make_params(variants=ALL, comparisons=asked)
    frame = comparisons.rows(make_study(params))
    assert frame["family"].tolist() == ["modules"] * 4 + ["own"] * 2
    modules = frame[frame["family"] == "modules"]
    assert modules["interval"].str.endswith("Holm's correction for 2").all()  # per test set
    assert modules["p_holm"].max() >= modules["p"].max()
    for _, both_on_one in modules.groupby("dataset"):
        assert both_on_one["p_holm"].min() == pytest.approx(2 * both_on_one["p"].min())
    assert at(frame, name="rb", dataset="Set5")["verdict"] == "higher"


def test_what_each_seed_alone_would_say_is_told() -> None:
    asked = [{"name": "rb", "a": "mesr", "b": "mesr-no_rb", "scale": "x4", "datasets": ["Set5"]}]
    params = make_params(variants=ALL, comparisons=asked)
    quality = make_study(params).quality
    worse = (quality["method"] == "mesr-no_rb") & (quality["seed"] == 1)
    quality.loc[worse, "psnr_db"] += 2  # one training came out far better
    (row,) = comparisons.rows(make_study(params, quality=quality)).to_dict("records")
    five = quality[(quality["dataset"] == "Set5") & (quality["scale"] == 4)]
    table = five.pivot_table(index=["seed", "image"], columns="method", values="psnr_db")
    pairs = [part for _, part in table[["mesr", "mesr-no_rb"]].dropna().groupby("seed")]
    tests = [stats.ttest_rel(part["mesr"], part["mesr-no_rb"]) for part in pairs]
    means = [float((part["mesr"] - part["mesr-no_rb"]).mean()) for part in pairs]
    assert row["seeds_alone"] == sum(test.pvalue < 0.05 for test in tests) >= 2
    assert (row["lowest_seed_db"], row["highest_seed_db"]) == pytest.approx(
        (min(means), max(means))
    )
    assert row["lowest_seed_db"] < -1 < 0 < row["highest_seed_db"]
    assert row["verdict"] == "not significant"


def kept(**rows: str) -> Results:
    """Results of the kept study compact, with those rows alone of some of its files."""
    results = read_all(ROOT / "studies/compact/results")
    frames = {name: results[name].query(query) for name, query in rows.items()}
    return replace(results, frames={**results.frames, **frames})


def test_a_star_stands_where_a_difference_is_significant_and_nowhere_else() -> None:
    row = comparisons.layout(kept()).frame.iloc[0]
    stars = {name: row[f"mark@{name}"] for name in ("Set5", "Set14", "BSD100", "Urban100")}
    assert stars == {"Set5": "", "Set14": "*", "BSD100": "*", "Urban100": "*"}


def test_table1_ticks_the_modules_that_a_network_has_where_steps_are_missing() -> None:
    frame = variants.table1(kept(variants="method in ['mesr', 'mesr-no_rb']")).frame
    ticks = {row["method"]: "".join(row[name] or "-" for name in variants.MODULES)
             for _, row in frame.iterrows()}  # fmt: skip
    assert ticks == {"mesr-no_rb": "✓✓-", "mesr": "✓✓✓"}


def test_a_study_of_one_network_has_no_order() -> None:
    alone = make_study(make_params(networks=("mesr",), variants=ALL), SIZES)
    ranked, pairs, agreement = ranking.frames(alone).values()
    assert (len(ranked), len(pairs), len(agreement)) == (0, 0, 0)
    frame = variants.rows(alone)
    assert len(frame)
    assert "rank" not in frame


def test_letters_pairs_and_agreement(study: Study) -> None:
    ranked, pairs, agreement = ranking.frames(study).values()
    first = ranked[ranked["dataset"] == "Set5"]
    assert first["method"].tolist() == ["mesr", "msrn", "lapsrn", "vdsr"]
    assert first["psnr_letters"].tolist() == ["a", "b", "c", "d"]
    row = at(pairs, dataset="Set5", metric="psnr_db", first="mesr", second="vdsr")
    assert row["diff_db"] == pytest.approx(1.0, abs=0.05)
    assert row["verdict"] == "higher"
    row = agreement.iloc[0]
    assert (row["networks"], row["seeds"], row["tau_seeds"], row["tau_metrics"]) == (4, 3, 1, 1)
    published = {"vdsr": 31.35, "lapsrn": 31.54, "msrn": 32.07}
    assert row["tau_published"] == 1.0, published
    assert row["all_pairs_seeds"] >= row["one_pair_seeds"] >= 2
    one = make_study(make_params(seeds=[0]))
    ranked, _, agreement = ranking.frames(one).values()
    assert "one seed" in ranked["note"].iloc[0]
    assert agreement["tau_seeds"].isna().all()
    reverse = study.quality.assign(psnr_db=60 - study.quality["psnr_db"])
    agreement = ranking.frames(make_study(study.params, quality=reverse))["agreement"]
    assert agreement["tau_published"].iloc[0] == -1.0
    assert agreement["tau_metrics"].iloc[0] == -1.0


def test_the_check_against_published_results_is_refused_where_it_is_missed() -> None:
    def judged(psnr_db: float | None, ssim: float | None) -> pd.Series:
        cell = {"model": "bicubic", "variant": "", "scale": 2, "dataset": "Set5", "note": ""}
        measured = pd.DataFrame([cell | {"protocol": "vdsr", "psnr_db": psnr_db, "ssim": ssim}])
        study = make_study(make_params(["mesr"]), certificates=measured)
        return certification.rows(study).iloc[0]

    assert judged(33.661, 0.92988)["verdict"] == "equal"
    assert judged(33.67, 0.9299)["verdict"] == "close"
    missed = judged(33.7, 0.9299)
    named = missed[["verdict", "measured", "psnr_digits"]]
    assert tuple(named) == ("missed", "measured", 2)
    assert judged(None, None)["verdict"] == judged(None, None)["measured"] == ""
    recorded = certification.rows(make_study(make_params(["mesr"])))
    assert set(recorded["measured"]) == {"recorded", ""}


@pytest.mark.parametrize(
    "params",
    [
        make_params(variants=ALL),
        make_params(["vdsr", "lapsrn"], subject="vdsr", seeds=[0], datasets=["photos_test"]),
        make_params(["mesr"], seeds=[0]),
        make_params([], subject="mesr"),
    ],
    ids=["everything", "without MESR", "one network", "no network"],
)
def test_every_study_has_tables_that_make_sense(tmp_path: Path, params: Any) -> None:
    study = make_study(params, SIZES)
    frames = all_frames(study) | {"sizes": study.sizes}
    frames |= {"counts": pd.DataFrame(), "overlap": pd.DataFrame(), "parts": PARTS}
    assert set(frames) == set(FILES)
    for name, frame in frames.items():
        write_frame(tmp_path / f"{name}.csv", frame, FILES[name])
    facts.write(study, tmp_path)
    results = read_all(tmp_path)
    tables = all_tables(results)
    assert {"results", "table3", "table4", "certification"} - set(tables) <= {"table4"}
    assert re.search(r"\d+ equal, \d+ close.* \(on record", tables["certification"].caption)
    for table in tables.values():
        shown = {table.sections, table.switch, table.note, table.subject, table.quoted}
        shown |= {*table.rank_within}
        for column in table.columns:
            shown |= {column.name, column.spread, column.low, column.high, column.beneath}
            shown |= {column.marks}
            table.ranks(column)
        assert shown - {""} <= set(table.frame.columns), table.name
        assert table.caption.endswith(".")
    wanted = {"table1", "table2", "variants"} if params.variants else set()
    assert {"table1", "table2", "variants"} & set(tables) == wanted
    assert ("claims" in tables) == ("mesr" in study.methods)
    if "mesr" in study.methods:
        (row,) = tables["parts"].frame.to_dict("records")
        assert (row["body"], row["upsampler"], row["full_body"]) == (0.1875, 0.75, 0.8)
        assert "named body or blocks" in tables["parts"].caption
    metrics = json.loads((tmp_path / "metrics.json").read_text())
    assert set(metrics) == {"x4"}
    if params.variants:
        assert metrics["x4"]["Set5"] == pytest.approx(study.mean("mesr", 4, "Set5"), abs=1e-4)
        claim = at(tables["claims"].frame, claim="msfeb_gain")
        assert (claim["paper_db"], claim["unit"], np.isnan(claim["ours"])) == (0.19, "", True)
        assert claim["ours_db"] == pytest.approx(0.4, abs=0.05)
        steps = tables["table1"].frame[1:]
        assert steps["minus_base_db"].tolist() == pytest.approx([0.4, 0.35, 0.25], abs=0.05)
        assert (steps["low_db"] < steps["minus_base_db"]).all()
        assert tables["table1"].frame["MSFEB"].tolist() == ["", "✓", "✓", "✓"]
        assert tables["results"].frame["is_subject"].sum() == 1
