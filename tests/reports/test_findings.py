"""Findings: written about one profile, refused where they no longer hold."""

from pathlib import Path

import pandas as pd
import pytest

import reports.findings
from pipeline.support.errors import UserError
from pipeline.tables.results import Results
from pipeline.tables.tables import read_all
from reports.findings import Rows, findings, main, summary
from tests.reports.conftest import replaced
from tests.reports.study import ROOT

STUDIES = ("compact", "modules", "control", "shapes")
TEXT = """{% set vdsr = overall(method="vdsr", scale=4) %}
{% block headline %}
{{ require(overall(method="mesr", scale=4).psnr_db > LEAST, "MESR is good") }}
VDSR is {{ vdsr.minus_subject_db|db }} dB behind.{% endblock %}

{% block told %}Sure.{% endblock %}

{% block validity %}
{{ span([0.5, 0.25]) }}, {{ 3|ordinal }}, {{ ["a", "b", "c"]|listed }}.
{% endblock %}

- a list of things that is long enough to be broken somewhere after about
some hundred characters or so, I think

| not | broken |
"""


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(reports.findings, "FOLDER", tmp_path)
    path = tmp_path / "toy.md.j2"
    path.write_text(TEXT.replace("LEAST", "10"), encoding="utf-8")
    (tmp_path / "summary.md.j2").write_text(
        "Of {{ toy.facts.profile }}.\n\n> as it\n> is\n\n"
        "{% block short %}{{ toy.overall|length }} rows.{% endblock %}\n",
        encoding="utf-8",
    )
    return path


@pytest.fixture(scope="module")
def kept() -> dict[str, Results]:
    return {name: read_all(ROOT / f"studies/{name}/results") for name in STUDIES}


def contradicted(study: Results, name: str, where: str, column: str, value: object) -> Results:
    """Return a study with another value in some rows of a result file."""
    frame = study[name].copy()
    changed = frame.query(where).index
    assert len(changed)
    frame.loc[changed, column] = value
    return replaced(study, **{name: frame})


def test_numbers_are_filled_in_from_the_result_files(written: Path, results: Results) -> None:
    found = findings(results)
    row = results["overall"].query("method == 'vdsr' and scale == 4").iloc[0]
    assert found["headline"] == f"VDSR is −{abs(row['minus_subject_db']):.2f} dB behind."
    assert (found["told"], found["validity"]) == ("Sure.", "0.25 to 0.50, 3rd, a, b and c.")
    assert "VDSR is" in found["document"]


@pytest.mark.parametrize(
    ("least", "message"),
    [
        ("1000", r"toy\.md\.j2: no longer true .*: MESR is good"),
        ("overall.nothing", r"toy\.md\.j2"),
    ],
)
def test_a_sentence_that_no_longer_holds_or_names_nothing_is_refused(
    written: Path, results: Results, least: str, message: str
) -> None:
    written.write_text(TEXT.replace("LEAST", least), encoding="utf-8")
    with pytest.raises(UserError, match=message):
        findings(results)


def test_rows_are_asked_for_one_by_one() -> None:
    rows = Rows("x", pd.DataFrame({"a": [1, 1, 2], "b": [3.0, None, 5.0]}))
    assert rows(a=2).b == 5.0
    assert rows(a=[1, 2]).all("b") == [3.0, 5.0]
    with pytest.raises(UserError, match=r"x\.csv: 2 rows in the place of one"):
        _ = rows(a=1).b
    scored = Rows("y", pd.DataFrame({"dataset": ["Set5", "Set14", "Set5"], "psnr_db": [1.0] * 3}))
    assert list(scored(dataset="Set14").by_dataset()) == [1.0]
    with pytest.raises(UserError, match=r"y\.csv: several rows of a test set"):
        scored.by_dataset()


@pytest.mark.parametrize(
    ("profile", "name", "where", "column", "value", "sentence"),
    [
        ("compact", "overall", "method == 'mesr' and scale == 4", "rank", 9, "MESR has one place"),
        ("compact", "overall", "method == 'dpsr' and scale == 4", "verdict", "lower", "SRCNN"),
        ("compact", "agreement", "scale == 4", "tau_published", 0.9, "differs from the published"),
        ("compact", "claims", "claim == 'rb_gain'", "verdict", "undecided", "only the gain of RB"),
        ("compact", "claims", "claim == 'rb_gain'", "p_pooled", 0.001, "pooled spread"),
        ("compact", "comparisons", "dataset == 'Set5'", "verdict", "higher", "significant on Set5"),
        ("compact", "lengths", "longer == 8000", "tau", 1.0, "the order changes"),
        ("compact", "variants", "method == 'idn-steps32000'", "psnr_db", 20.0, "IDN stays ahead"),
        ("compact", "tuning", "network == 'mesr'", "chosen", None, "took the largest rate"),
        ("compact", "methods", "method == 'drsan'", "share", 9.0, "follows no share"),
        ("modules", "comparisons", "name == 'rb'", "verdict", "higher", "RB gains nothing"),
        ("modules", "comparisons", "name == 'rb_gate'", "verdict", "lower", "one comparison is"),
        ("modules", "comparisons", "seeds == 5", "seeds_alone", 0, "single trainings mislead"),
        ("modules", "comparisons", "name == 'rb_loss'", "lowest_seed_db", 0.0, "doubled loss"),
        ("modules", "comparisons", "name == 'rb_mean'", "diff_db", 0.0, "the mean is largest"),
        ("modules", "quality", "key == 'mesr_x4_s3'", "coarse_psnr_db", 9.0, "coarse and refined"),
        ("modules", "quality", "image == 'img_001'", "gate_mean", 900.0, "the gate is closed"),
        ("modules", "quality", "key == 'mesr-mean_outside_x4_s1'", "coarse_psnr_db", 9.0, "darken"),
        ("modules", "variants", "method == 'mesr-mean_outside'", "coarse_psnr_db", 9.0, "has the"),
        ("modules", "comparisons", "name == 'rb_mean'", "p", 0.001, "corrected for all"),
        ("modules", "methods", "method == 'mesr'", "psnr_db", 40.0, "below the published SRCNN"),
        ("modules", "quality", "key == 'mesr-no_rb_x4_s1'", "psnr_db", 40.0, "three trainings"),
        ("control", "variants", "method == 'idn-steps40000'", "psnr_db", 40.0, "out of reach"),
        ("control", "variants", "method == 'idn-steps10000'", "psnr_db", 20.0, "steps are best"),
        ("control", "variants", "method == 'idn-steps40000'", "psnr_db", 20.0, "steps lose little"),
        ("shapes", "comparisons", "dataset == 'Set5'", "verdict", "higher", "but on Set5"),
        ("shapes", "comparisons", "dataset == 'Set14'", "p", 0.02, "corrected for four"),
        ("shapes", "comparisons", "name == 'skip'", "seeds", 3, "three comparisons, two seeds"),
        ("shapes", "comparisons", "name == 'skip'", "lowest_seed_db", -0.1, "pair of trainings"),
        ("shapes", "comparisons", "name == 'skip'", "diff_db", 0.05, "a skip gains most of it"),
        ("shapes", "sizes", "method == 'mesr-image_skip'", "multi_adds", 10**12, "no shape costs"),
        ("shapes", "parts", "method == 'mesr'", "share", 0.2, "mostly upsampler"),
        ("shapes", "quality", "key == 'mesr_x4_s1'", "coarse_psnr_db", 9.0, "RB does nothing"),
    ],
)
def test_results_that_say_otherwise_are_refused(
    kept: dict[str, Results], profile: str, name: str, where: str, column: str, value: object,
    sentence: str,
) -> None:  # fmt: skip
    changed = contradicted(kept[profile], name, where, column, value)
    with pytest.raises(UserError, match=sentence):
        findings(changed)


def test_command_writes_both_files_and_wants_the_marks(
    written: Path, study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "README.md").write_text("# A\n")
    with pytest.raises(UserError, match=r"README\.md: expected one pair of the marks"):
        main([str(study / "results")])
    assert not (tmp_path / "docs").exists()
    begin, end = reports.findings.BEGIN.format("x"), reports.findings.END
    (tmp_path / "README.md").write_text(f"# A\n{begin}\nold\n{end}\nrest\n")
    main([str(study / "results")])
    text = (tmp_path / "README.md").read_text()
    assert "old" not in text
    assert text.endswith("rest\n")
    assert " rows.\n\n(" in text
    assert "Of toy." not in text
    lines = (tmp_path / "docs/findings.md").read_text().splitlines()
    assert max(map(len, lines)) <= 105
    assert "| not | broken |" in lines
    page = (tmp_path / "docs/summary.md").read_text()
    assert page.startswith("Of toy.\n\n> as it\n> is\n\n")
    assert page.endswith(" rows.\n")
    # Several studies follow each other.
    main([str(study / "results")] * 2)
    assert (tmp_path / "docs/findings.md").read_text().count("| not | broken |") == 2
    text = (tmp_path / "README.md").read_text()
    assert f"findings of {study}/results {study}/results:" in text


def test_a_summary_that_no_longer_holds_is_refused(written: Path, results: Results) -> None:
    page = written.with_name("summary.md.j2")
    page.write_text('{{ require(toy.overall|length == 0, "nothing was ranked") }}')
    with pytest.raises(UserError, match=r"summary\.md\.j2: no longer true.*nothing was ranked"):
        summary([results])
    page.write_text("{{ other.overall }}")
    with pytest.raises(UserError, match=r"summary\.md\.j2: .*other"):
        summary([results])


@pytest.mark.parametrize(
    ("profile", "name", "where", "column", "value", "sentence"),
    [
        ("compact", "claims", "claim == 'msfeb_gain'", "verdict", "holds", "are undecided"),
        ("compact", "overall", "rank == 5", "method", "vdsr", "five best at x3 and x4 have"),
        ("modules", "comparisons", "name == 'rb'", "verdict", "higher", "RB gains nothing"),
        ("modules", "quality", "key == 'mesr_x4_s3'", "coarse_psnr_db", 9.0, "coarse and refined"),
        ("modules", "claims", "claim == 'rb_gain'", "high_db", 0.05, "not excluded"),
        ("modules", "comparisons", "name == 'rb_mean'", "verdict", "higher", "rows in the place"),
        ("compact", "claims", "claim == 'msfeb_gain'", "high_db", 0.2, "figure lies outside"),
        ("compact", "overall", "rank == 1 and scale == 3", "method", "idn", "MESR is 10th and PAN"),
        ("compact", "claims", "a == 'mesr' and b == 'pan'", "verdict", "holds", "than SRCNN"),
        ("compact", "overall", "rank == 5 and scale == 2", "method", "vdsr", "at x2 networks"),
        ("compact", "variants", "method == 'idn-steps32000'", "psnr_db", 20.0, "come out alike"),
        ("compact", "variants", "method == 'mesr-steps32000'", "minus_base_db", 0.0, "gains more"),
        ("compact", "variants", "method.str.contains('one_step')", "verdict", "higher", "alone"),
        ("shapes", "quality", "method != 'mesr'", "psnr_db", 40.0, "one of the best"),
        ("shapes", "comparisons", "dataset == 'Set14'", "verdict", "lower", "significant but on"),
        ("shapes", "quality", "key == 'mesr-image_skip_x4_s1'", "psnr_db", 20.0, "worst reshaped"),
    ],
)
def test_a_kept_summary_that_results_contradict_is_refused(
    kept: dict[str, Results], profile: str, name: str, where: str, column: str, value: object,
    sentence: str,
) -> None:  # fmt: skip
    studies = kept | {profile: contradicted(kept[profile], name, where, column, value)}
    with pytest.raises(UserError, match=sentence):
        summary(list(studies.values()))
