"""Tables 1 to 4 of a study whose figures are known."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from reports.results import Results, read_results
from reports.tables.further import further
from reports.tables.model import Row, Table
from reports.tables.table1_modules import table1
from reports.tables.table2_refinement import table2
from reports.tables.table3_methods import table3
from reports.tables.table4_complexity import table4
from tests.reports.conftest import build
from tests.reports.study import QUICK, ReportStudy

TABLES = (table1, table2, table3, table4)


@pytest.fixture(scope="module")
def data(quick: Path) -> Results:
    return read_results(quick / "results")


@pytest.fixture(scope="module")
def paper(full: Path) -> Results:
    return read_results(full / "results")


def rows(table: Table) -> list[Row]:
    return [row for group in table.groups for row in group.rows]


@pytest.mark.parametrize("make", TABLES)
def test_every_missing_number_carries_a_mark(
    make: Callable[[Results], Table], data: Results, paper: Results
) -> None:
    gaps = 0
    for results in (data, paper):
        table = make(results)
        marks = {mark for mark, _ in table.notes}
        for row in rows(table):
            for cell, column in zip(row.cells, table.columns, strict=True):
                if column.kind != "text" and cell.text == "–":
                    gaps += 1
                    assert cell.note in marks, column
    assert gaps


@pytest.mark.parametrize("make", TABLES)
def test_every_caption_says_profile_and_images(
    make: Callable[[Results], Table], data: Results, paper: Results
) -> None:
    caption = make(data).caption
    assert "Profile quick" in caption
    assert "photos_test" in caption
    assert "must not be quoted as the paper's" in caption
    assert "Profile paper" in make(paper).caption


def test_every_measured_row_leads_to_its_run(data: Results) -> None:
    table = table3(data)
    for row in rows(table):
        assert bool(row.runs) != ("quoted" in row.origin)
    runs = [run.facts["Run"] for row in table.groups[0].rows for run in row.runs]
    assert runs == ["bicubic_x2", "vdsr_x2_s0", "lapsrn_x2_s0", "msrn_x2_s0", "mesr_x2_s0"]


def test_every_seed_is_a_run(paper: Results) -> None:
    trained = next(row for row in rows(table3(paper)) if row.cells[1].text == "trained here")
    assert [run.facts["Seed"] for run in trained.runs] == ["0", "1"]


@pytest.mark.parametrize(
    ("make", "datasets"),
    [(table3, ["Set5", "Set14", "BSD100", "Urban100"]), (table4, ["Set14"])],
)
def test_published_weights_have_a_run_for_each_dataset_shown(
    make: Callable[[Results], Table], datasets: list[str], paper: Results
) -> None:
    own = [row for row in rows(make(paper)) if row.cells[1].text == "published weights"]
    assert {row.cells[0].text for row in own} == {"SRCNN (9-1-5)", "VDSR", "PAN"}
    for row in own:
        assert {run.facts["Stage"] for run in row.runs} == {"evaluate_published"}
        assert [run.facts["Images"] for run in row.runs] == datasets


def test_mesr_itself_stands_in_the_ablation_with_its_training_run(data: Results) -> None:
    found = table1(data).groups[0].rows
    assert [run.facts["Run"] for run in found[-1].runs] == ["mesr_x4_s0"]
    assert [run.facts["Run"] for run in found[0].runs] == ["ablation_single_scale_s0"]
    ticks = [[cell.text for cell in row.cells[1:4]] for row in found]
    assert ticks == [["", "", ""], ["✓", "", ""], ["✓", "✓", ""], ["✓", "✓", "✓"]]


def test_gains_are_those_between_the_variants(data: Results) -> None:
    # The variants gain 2.0, 2.2, 2.4 and MESR 2.8 dB over bicubic, modulated over the images.
    found = table1(data).groups[0].rows
    mean = np.mean(1 + 0.4 * np.cos(np.arange(5)))
    expected = [f"+{gain * mean:.2f}" for gain in (0.2, 0.2, 0.4)]
    assert [row.cells[6].text for row in found] == ["–", *expected]
    assert all(row.cells[6].interval for row in found[1:])


def columns_of(table: Table) -> dict[tuple[str, str], int]:
    return {(c.group, c.head): index for index, c in enumerate(table.columns)}


def test_table_4_shows_the_trained_size_beside_its_psnr_and_the_papers_size_apart(
    data: Results,
) -> None:
    table = table4(data)
    place = columns_of(table)
    trained, whole = (row for row in rows(table) if row.cells[0].text == "MESR")
    assert [row.cells[1].text for row in (trained, whole)] == ["trained here", "counted here"]
    names = ["Parameters (M)", "Multi-Adds (G)"]
    shown = [[row.cells[place[name, "Counted"]].text for name in names] for row in (trained, whole)]
    # 100,000 parameters and 10^8 Multi-Adds and a few on a patch of 24 LR pixels, 48 at HR.
    assert shown[0] == ["0.100", f"{0.1 * 1280 * 720 / 48**2:,.1f}"]
    measured = data["complexity"].query("model == 'mesr' and variant == 'full' and scale == 2")
    params, multi_adds = measured[["params", "multi_adds"]].iloc[0]
    assert shown[1] == [f"{params / 1e6:.3f}", f"{multi_adds / 1e9:,.1f}"]
    psnr = place["PSNR (dB)", "Measured"]
    assert trained.cells[psnr].text != "–"
    assert whole.cells[psnr].text == "–"
    assert trained.runs
    assert not whole.runs
    assert "not trained" in whole.origin
    vdsr = [row for row in rows(table) if row.cells[0].text == "VDSR"]
    published = [row.cells[place["Parameters (M)", "Published"]].text for row in vdsr]
    assert published == ["–", "0.665"]


def test_what_was_only_counted_is_not_called_quoted(data: Results, paper: Results) -> None:
    for results in (data, paper):
        place = columns_of(table4(results))["Parameters (M)", "Counted"]
        kinds = {row.cells[1].text for row in rows(table4(results)) if row.cells[place].sort}
        assert "counted here" in kinds
        assert "quoted" not in kinds


def test_counts_for_other_outputs_have_no_difference(data: Results) -> None:
    table = table4(data)
    place = columns_of(table)
    (row,) = [row for row in rows(table) if row.cells[0].text.startswith("DeFiAN")]
    assert row.cells[place["Multi-Adds (G)", "Published"]].text == "44.2"  # at 480x360
    gap = row.cells[place["Multi-Adds (G)", "Difference"]]
    assert gap.text == "–"
    assert "480×360" in dict(table.notes)[gap.note]
    assert row.cells[place["Parameters (M)", "Difference"]].text == "0.000"


def test_published_figures_of_table_3_have_the_decimals_that_were_printed(paper: Results) -> None:
    frame = paper["tables/table3"]
    ssim = frame["published_ssim"].where(frame["model"] != "vdsr", 0.91)
    source = frame["source"].where(frame["model"] != "vdsr", "three digits")
    certified = (
        paper["certification"]
        .iloc[:1]
        .assign(model="vdsr", variant="", source="three digits", ssim_digits=3.0)
    )
    changed = Results(
        paper.study,
        paper.frames
        | {
            "tables/table3": frame.assign(published_ssim=ssim, source=source),
            "certification": certified,
        },
    )
    cells = [
        row.cells[3]
        for row in rows(table3(changed))
        if row.cells[0].text == "VDSR" and row.cells[1].text == "trained here"
    ]
    assert [cell.published for cell in cells] == ["0.910"] * len(cells)
    assert all(len(cell.text) == len("0.9100") for cell in cells)


def test_best_and_second_best_are_ranked_apart_for_each_kind_of_weights(paper: Results) -> None:
    first = table3(paper).groups[0].rows
    ranked = {(r.cells[0].text, r.cells[1].text, r.cells[2].rank) for r in first}
    assert {r for r in ranked if r[2]} == {
        ("MESR", "trained here", "1"),
        ("MSRN", "trained here", "2"),
        ("PAN", "published weights", "1"),
        ("VDSR", "published weights", "2"),
    }
    assert "not ranked" in table3(paper).caption


def test_table_4_ranks_the_psnr(data: Results) -> None:
    table = table4(data)
    trained = [row for row in rows(table) if row.cells[1].text == "trained here"]
    ranks = {row.cells[0].text: [cell.rank for cell in row.cells] for row in trained}
    column = columns_of(table)["PSNR (dB)", "Measured"]
    assert (ranks["MESR"][column], ranks["MSRN"][column]) == ("1", "2")
    assert sorted(cell.rank for row in rows(table) for cell in row.cells if cell.rank) == ["1", "2"]


def test_table_2_compares_with_the_network_without_rb(paper: Results) -> None:
    table = table2(paper)
    assert [row.cells[0].text for row in rows(table)] == ["MESR without RB", "RB†", "MESR"]
    assert "difference to MESR without RB" in table.caption


def test_further_metrics_are_shown_where_there_are_any(
    data: Results, tmp_path_factory: pytest.TempPathFactory
) -> None:
    assert further(data) is None
    beside = ["evaluate.metrics=[gmsd,fsim]", "evaluate.self_ensemble=[mesr]"]
    folder = ReportStudy(tmp_path_factory.mktemp("beside"), [*QUICK, *beside]).folder
    results = read_results(folder / "results")
    table = further(results)
    assert table is not None
    assert [column.head for column in table.columns[2:]] == ["GMSD ↓", "FSIM ↑"]
    assert [column.first for column in table.columns[2:]] == ["ascending", "descending"]
    plus = next(row for row in rows(table) if row.cells[0].text == "MESR+")
    assert plus.cells[1].text == "trained here, self-ensemble"
    assert {run.facts["Stage"] for run in plus.runs} == {"evaluate_ensemble"}
    assert [cell.text for cell in plus.cells[2:]] != ["–", "–"]
    assert "MESR+" in [row.cells[0].text for row in rows(table3(results))]
    assert "Further metrics" in (build(folder) / "index.html").read_text("utf-8")
