"""docs/findings.md: numbers are those of the result files, sentences follow the verdicts."""

import re
import shutil
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from reports.findings import (
    against_variants,
    always,
    context,
    failed_trainings,
    listed,
    main,
    ordinal,
    render,
    robustness,
    span,
    standings,
    told_apart_by_one_seed,
    trained_matrix,
    wrapped,
)
from reports.results import Results, read_results
from reports.tables.claims import signed
from tests.pipeline.toy_study import ROOT

STUDY = Path("studies/compact/results")
PAGE = Path("docs/findings.md")


@pytest.fixture(scope="module")
def data(compact: Path) -> Results:
    return read_results(compact / "results")


def text_of(results: Results) -> str:
    """The page on one line."""
    return " ".join(render(results, "results").split())


def changed(data: Results, name: str, frame: pd.DataFrame) -> Results:
    return Results(data.study, data.frames | {name: frame})


@pytest.mark.skipif(
    not (ROOT / STUDY).is_dir(), reason=f"{STUDY} is not there: the study was not computed yet"
)
def test_committed_page_follows_from_the_committed_study(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    main([str(STUDY), str(tmp_path / "findings.md")])
    command = f"python -m reports.findings {STUDY} {PAGE}"
    assert PAGE.is_file(), f"{PAGE} is missing: {command}"
    assert (tmp_path / "findings.md").read_bytes() == PAGE.read_bytes(), f"run {command}"


def test_paper_reading_names_the_readings_that_the_study_told_apart() -> None:
    table = pd.read_csv(ROOT / STUDY / "tables/readings.csv")
    table = table[table["reading"] != "chosen"]
    better = table[table["verdict"] == "better"]
    assert list(better["reading"]) == ["mean_taken_off"]
    assert (table.loc[table["reading"] == "mean_taken_off", "diff_db"] > 0).all()
    assert set(table.loc[table["verdict"] == "worse", "reading"]) == {"initialisation_he"}
    assert table["reading"].nunique() == 13
    assert set(table["seeds"]) == {2}
    page = (ROOT / "docs/paper-reading.md").read_text(encoding="utf-8")
    assert "`mean_taken_off`" in page and "`initialisation_he`" in page


def test_no_number_is_typed_by_hand() -> None:
    template = (ROOT / "reports/findings.md.j2").read_text(encoding="utf-8")
    text = re.sub(r"\{\{.*?\}\}|\{%.*?%\}", "", template, flags=re.DOTALL)
    for name in ("x2", "x4", "DIV2K", "Table 1", "Table 2", "Table 4", "excludes 0"):
        text = text.replace(name, "")
    assert re.findall(r"\S*\d\S*", text) == []


def test_standings_are_those_of_the_files(data: Results) -> None:
    ranking = data["tables/ranking"]
    pairs = data["tables/pairs"].query("metric == 'psnr_db' and told_apart == 'yes'")
    found = standings(data)
    assert [(place.scale, place.dataset) for place in found] == list(
        ranking[["scale", "dataset"]].drop_duplicates().itertuples(index=False, name=None)
    )
    for place in found:
        cell = ranking[(ranking["scale"] == place.scale) & (ranking["dataset"] == place.dataset)]
        psnr = cell.set_index("model")["psnr_db"]
        assert place.psnr_db == psnr["mesr"]
        assert place.rank == 1 + (psnr > psnr["mesr"]).sum()
        assert place.lead_db == pytest.approx(psnr["mesr"] - psnr.drop("mesr").max())
        here = pairs[(pairs["scale"] == place.scale) & (pairs["dataset"] == place.dataset)]
        own = here[(here["first_model"] == "mesr") | (here["second_model"] == "mesr")]
        ahead = own["diff"].where(own["first_model"] == "mesr", -own["diff"]) > 0
        assert (len(place.below), len(place.above)) == (ahead.sum(), (~ahead).sum())
        assert len(place.above) + len(place.below) + len(place.alike) == place.networks - 1
        row = f"| x{place.scale} | {place.dataset} | {place.psnr_db:.2f} | {place.rank} of 14 |"
        assert row in text_of(data)


def test_networks_are_sorted_by_how_they_stand_everywhere(data: Results) -> None:
    places = standings(data)
    kinds = always(places)
    names = [name for found in kinds.values() for name in found]
    assert sorted(names) == sorted(set(data["tables/ranking"]["label"]) - {"MESR"})
    for name in kinds["below"]:
        assert all(name in place.below for place in places)
    for name in kinds["partly_above"]:
        assert any(name in place.above for place in places)
        assert not any(name in place.below for place in places)


def test_networks_told_apart_with_one_seed_alone_are_named(data: Results) -> None:
    places = standings(data)
    seeds = {2: 1, 3: 1, 4: 3}
    found = told_apart_by_one_seed(places, seeds)
    for name in {n for place in places for n in (*place.above, *place.below)}:
        several = [p for p in places if seeds[p.scale] > 1 and name in (*p.above, *p.below)]
        assert (name in found) == (not several)
    assert told_apart_by_one_seed(places, {2: 1, 3: 1, 4: 1}) == []
    pairs = data["tables/pairs"].copy()
    pairs.loc[pairs["scale"] == 4, "told_apart"] = "no"
    assert "told apart from MESR in this table only at scales with one seed." in (
        text_of(changed(data, "tables/pairs", pairs))
    )


def test_counts_of_claims_are_those_of_the_file(data: Results) -> None:
    claims = data["claims"].query("claim == 'psnr_above'")["verdict"].value_counts()
    assert (
        "of a higher PSNR than each of 13 networks at each scale on each test set holds in "
        f"{claims['holds']} of 156 tested cases, does "
        f"not hold in {claims['does not hold']}, and is undecided in {claims['undecided']};"
    ) in text_of(data)
    several = data["claims"].query("claim == 'psnr_above' and seeds > 1")["verdict"].value_counts()
    numbers = [several.get(name, 0) for name in ("holds", "does not hold", "undecided")]
    words = f"several seeds, at x4, these are {numbers[0]}, {numbers[1]} and {numbers[2]}."
    assert words in text_of(data)


def test_first_everywhere_is_said_so(data: Results) -> None:
    frame = data["tables/ranking"].copy()
    frame.loc[frame["model"] == "mesr", "psnr_db"] += 10
    text = text_of(changed(data, "tables/ranking", frame))
    assert "At equal cost and with equal tuning MESR is 1st of 14 networks" in text
    assert "MESR has the highest mean PSNR in all of these 12 comparisons." in text
    assert "MESR has the highest mean PSNR in none of these 12" in text_of(data)


def test_modules_follow_their_verdicts(data: Results) -> None:
    frame = data["claims"].copy()
    modules = ~frame["claim"].isin(["psnr_above", "multi_adds", "barbara_in_set5"])
    modules &= frame["unit"] == "dB"
    frame.loc[modules, "verdict"] = "does not hold"
    text = text_of(changed(data, "claims", frame))
    assert "Of 7 claims on its modules 0 hold, 7 do not, and 0 are undecided." in text
    assert "undecided claims about modules" not in text
    frame.loc[frame["claim"] == "msfeb_gain", ["verdict", "figure_within"]] = ["holds", "yes"]
    text = text_of(changed(data, "claims", frame))
    assert "1 holds, 6 do not" in text
    assert "is compatible with this study" in text
    assert "holds; figure met |" in text


@pytest.mark.parametrize(
    ("verdicts", "expected", "absent"),
    [
        (["better"] * 3, "refinement wide is better on every test set: evidence against", "stay."),
        (["better", "undecided", "worse"], "No reading is better on every test set", "evidence"),
        (["undecided"] * 3, "**None is better**", "evidence"),
    ],
)
def test_readings_follow_their_verdicts(
    data: Results, verdicts: list[str], expected: str, absent: str
) -> None:
    frame = data["tables/readings"].copy()
    frame.loc[frame["diff_db"].notna(), "verdict"] = "undecided"
    frame.loc[frame["reading"] == "refinement_wide", "verdict"] = verdicts
    section = text_of(changed(data, "tables/readings", frame)).partition("## What the readings")[2]
    section = section.partition("## ")[0]
    assert expected in section
    assert absent not in section


def test_ladder_says_who_overtakes_whom(data: Results) -> None:
    frame = data["ladder"].copy()
    place = (frame["dataset"] == "Set14") & (frame["model"] == "mesr")
    others = frame[(frame["dataset"] == "Set14") & (frame["model"] != "mesr")]
    best = others[others["steps"] == 8000].set_index("model")["psnr_db"]
    frame.loc[place & (frame["steps"] == 8000), "psnr_db"] = best.max() - 0.05
    # The longest trainings give what the study's own gave, and then more for MESR.
    own = frame[frame["steps"] == 8000].set_index(["dataset", "model"])["psnr_db"]
    longest = frame["steps"] == 32000
    frame.loc[longest, "psnr_db"] = [
        own[at]
        for at in zip(frame.loc[longest, "dataset"], frame.loc[longest, "model"], strict=True)
    ]
    text = text_of(changed(data, "ladder", frame))
    assert "From 8,000 to 32,000 steps it stays" in text
    assert "from 8,000 to 32,000 steps that of 5 networks stays." in text
    assert "The lead of" in text
    frame.loc[place & longest, "psnr_db"] = best.max() + 0.123
    name = data.network(str(best.idxmax()), "")
    expected = f"it changes: MESR overtakes {name} (Set14: −0.05, then +0.12 dB)."
    text = text_of(changed(data, "ladder", frame))
    assert expected in text
    assert "from 8,000 to 32,000 steps that of 5 networks changes" in text


def test_a_ladder_without_longer_trainings(data: Results) -> None:
    frame = data["ladder"]
    text = text_of(changed(data, "ladder", frame[frame["steps"] <= 8000]))
    assert "No two networks were trained longer than the study itself" in text


def test_a_rung_of_some_networks_alone(data: Results) -> None:
    frame = data["ladder"]
    fewer = frame[(frame["steps"] < 32000) | frame["model"].isin(["mesr", "idn"])]
    rungs = context(changed(data, "ladder", fewer))["ladder"]["longer"]
    assert {rung.networks for rung in rungs} == {2}
    alone = frame[(frame["steps"] < 32000) | (frame["model"] == "idn")]
    text = text_of(changed(data, "ladder", alone))
    idn = frame[frame["model"] == "idn"].set_index(["dataset", "steps"])["psnr_db"]
    gains = ", ".join(
        f"{name} {signed(idn[name, 32000] - idn[name, 8000])} dB" for name in idn.index.unique(0)
    )
    assert f"IDN alone was trained for 32,000 steps and gains over its 8,000: {gains}." in text
    assert "the order of 5 networks changes; beyond, it was not tested." in text
    assert "No two networks were trained longer" in text
    assert "The ladder goes to 32,000 steps, for IDN." in text
    assert "From 8,000 to 32,000" not in text
    two = text_of(changed(data, "ladder", fewer))
    assert re.search("from 8,000 to 32,000 steps that of (IDN and MESR|MESR and IDN) ", two)
    both = fewer.pivot_table("psnr_db", ["dataset", "model"], "steps")
    gaps = (both.xs("mesr", level="model") - both.xs("idn", level="model"))[[8000, 32000]]
    stays = gaps[np.sign(gaps[8000]) == np.sign(gaps[32000])].abs()
    assert len(stays)
    for name, early, late in stays.itertuples():
        assert f"from {early:.2f} to {late:.2f} dB on {name}" in two
    assert re.search("The ladder goes to 32,000 steps, for (IDN and MESR|MESR and IDN).", two)


def test_a_training_that_learned_nothing_is_named_and_left_out_of_the_spread(
    data: Results,
) -> None:
    assert failed_trainings(data) == []
    assert "learned next to nothing" not in text_of(data)
    frame = data["quality"].copy()
    place = ["scale", "dataset", "image"]
    bicubic = frame[frame["model"] == "bicubic"].set_index(place)["psnr_db"]
    lost = (frame["model"] == "vdsr") & (frame["scale"] == 4) & (frame["source"] == "trained")
    lost &= frame["seed"] == "1"
    frame.loc[lost, "psnr_db"] = (
        bicubic.loc[pd.MultiIndex.from_frame(frame.loc[lost, place])].to_numpy() + 0.01
    )
    worse = changed(data, "quality", frame)
    (found,) = failed_trainings(worse)
    assert (found.model, found.scale, found.seed) == ("vdsr", 4, 1)
    assert found.gain_db == pytest.approx(0.01)
    assert "VDSR at x4 with seed 1 learned next to nothing: it gains 0.01 dB" in text_of(worse)
    for row in robustness(worse, [found]):
        names = data["tables/ranking"].query(f"scale == 4 and dataset == {row['dataset']!r}")
        means = [
            trained_matrix(worse, model, variant, 4, row["dataset"]).mean(axis=1)
            for model, variant in names[["model", "variant"]].itertuples(index=False)
            if model != "vdsr"
        ]
        spread = [np.std(a - b, ddof=1) for a, b in combinations(means, 2)]
        assert row["others_sd_db"] == pytest.approx(np.sqrt(np.mean(np.square(spread))))


def test_a_network_that_never_learned_and_a_variant_are_no_failed_trainings(data: Results) -> None:
    frame = data["quality"].copy()
    at = (frame["source"] == "trained") & (frame["scale"] == 4)
    frame.loc[at & (frame["model"] == "vdsr"), "psnr_db"] -= 20  # every seed below bicubic
    variant = at & (frame["model"] == "mesr") & (frame["variant"] == "no_rb")
    frame.loc[variant & (frame["seed"] == "1"), "psnr_db"] -= 20
    assert failed_trainings(changed(data, "quality", frame)) == []


def test_equal_cost_is_said_of_the_scales_at_which_it_holds(data: Results) -> None:
    sizes = data["sizes"].copy()
    sizes["multi_adds"] = 100e6
    assert "- At equal cost and with equal tuning MESR is" in text_of(changed(data, "sizes", sizes))
    sizes.loc[(sizes["scale"] == 2) & (sizes["model"] == "mesr"), "multi_adds"] = 40e6
    text = text_of(changed(data, "sizes", sizes))
    assert "At equal cost and with equal tuning, at x3 and x4, MESR is" in text
    assert (
        "At x2, where the same networks differ in cost (40 to 100 M Multi-Adds at x2, MESR 40"
        in (text)
    )
    assert "## Equal budget at x3 and x4, equal tuning" in text


def test_mesr_is_compared_with_each_other_variant_of_table_1(data: Results) -> None:
    found = against_variants(data)
    assert [cell["label"] for cell in found] == ["Single-scale 3x3", "+ MSFEB", "+ RFFB"]
    for cell, variant in zip(found, ("single_scale", "msfeb", "no_rb"), strict=True):
        own, other = (
            trained_matrix(data, "mesr", name, 4, cell["dataset"]) for name in ("full", variant)
        )
        assert cell["diff_db"] == pytest.approx((own - other).mean())
    assert f"All modules together, against Single-scale 3x3 on {found[0]['dataset']}: " in (
        text_of(data)
    )


def test_tuning_names_who_chose_the_ends(data: Results) -> None:
    frame = data["tuning"]
    highest = frame[(frame["lr"] == 0.004) & (frame["chosen"] == "yes")]
    names = [data.network(row.model, row.variant) for row in highest.itertuples()]
    assert f"{listed(names)} chose the highest value, 0.004" in text_of(data)
    assert "began again with a lower one: 1 of MSRN." in text_of(data)


def test_a_study_that_has_little_says_little(quick: Path) -> None:
    text = text_of(read_results(quick / "results"))
    assert "claims on its modules were not tested: profile quick does not evaluate" in text
    assert "No other reading of the paper was trained in this profile: what" in text
    assert "No network was trained for other numbers of steps in this profile." in text
    assert "MESR is 1st of 4 networks" in text
    assert not re.search(r"\bnan\b", text)


def test_committed_study_of_profile_quick_has_a_page() -> None:
    text = text_of(read_results(ROOT / "results"))
    assert "At the sizes of this study MESR is" in text  # neither cost nor tuning is equal
    assert "## Networks compared" in text
    assert not re.search(r"\bnan\b", text)


def test_page_is_a_function_of_the_results(
    compact: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(compact / "results", tmp_path / "results")
    monkeypatch.chdir(tmp_path)
    main(["results", "one.md"])
    main(["results", "two.md"])
    page = (tmp_path / "one.md").read_bytes()
    assert page == (tmp_path / "two.md").read_bytes()
    assert b"python -m reports.findings results docs/findings.md" in page.replace(b"\n", b" ")
    lines = page.decode().splitlines()
    assert all(len(line) <= 110 for line in lines if not line.startswith("|"))
    assert not any(line != line.rstrip() for line in lines)
    # No row of a table stands apart from the others.
    for before, line, after in zip(lines, lines[1:], lines[2:], strict=False):
        if line.startswith("|---"):
            assert before.startswith("|")
            assert after.startswith("|")


def test_words() -> None:
    assert [ordinal(n) for n in (1, 3, 4, 11, 12, 21, 22)] == [
        *("1st", "3rd", "4th", "11th", "12th", "21st", "22nd")
    ]  # fmt: skip
    assert listed(["a"]) == "a"
    assert listed(["a", "b", "c"]) == "a, b and c"
    assert span([0.123, float("nan"), 0.456]) == "0.12 to 0.46"
    assert span([1.0, 1.001]) == "1.00"
    assert (signed(0.001), signed(-0.01), signed(0.0)) == ("+0.001", "−0.01", "0.00")


def test_wrapping_leaves_tables_and_items() -> None:
    page = f"# Title\n\n{'word ' * 40}\n\n| a |\n|---|\n| {'b' * 200} |\n\n- one\n  two\n- three\n"
    lines = wrapped(page).splitlines()
    assert lines[0] == "# Title"
    assert f"| {'b' * 200} |" in lines
    assert lines[-2:] == ["- one two", "- three"]
    assert max(len(line) for line in lines if "word" in line) <= 110


def test_a_study_at_one_scale_says_so(data: Results) -> None:
    frames = {
        name: frame[frame["scale"] == 4] if name in ("tables/ranking", "tables/table3") else frame
        for name, frame in data.frames.items()
    }
    claims = data["claims"].copy()
    other = (claims["claim"] == "psnr_above") & (claims["scale"] != 4)
    claims.loc[other, "verdict"] = "not tested"
    text = text_of(Results(data.study, frames | {"claims": claims}))
    assert "**Other scales.** All of this is at x4." in text
    assert "of 52 tested cases" in text
    assert "104 further cases were not tested" in text
    assert "where there is one seed: the ladder." in text
