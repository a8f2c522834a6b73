"""The scoreboard in the report against claims.csv."""

from pathlib import Path

import pandas as pd
import pytest

from reports.page.write import page_templates
from reports.results import Results, read_results
from reports.tables.claims import Scoreboard, scoreboard, signed
from reports.tables.model import Cell


@pytest.fixture(scope="module")
def data(compact: Path) -> Results:
    return read_results(compact / "results")


@pytest.fixture(scope="module")
def board(data: Results) -> Scoreboard:
    return scoreboard(data)


def with_claims(data: Results, **changes: str) -> Results:
    """The study with cells of the claims on modules replaced."""
    frame = data["claims"].copy()
    for column, text in changes.items():
        frame.loc[frame["claim"] == "msfeb_gain", column] = text
    return Results(data.study, data.frames | {"claims": frame})


def test_tally_counts_every_row(data: Results, board: Scoreboard) -> None:
    assert dict(board.tally) == data["claims"]["verdict"].value_counts().to_dict()


def test_each_claim_is_one_line(data: Results, board: Scoreboard) -> None:
    assert len(board.lines) == data["claims"]["claim"].nunique()
    (networks,) = [line for line in board.lines if "each network" in line.statement]
    counts = data["claims"].query("claim == 'psnr_above'")["verdict"].value_counts()
    expected = [f"{v} in {counts[v]}" for v in ("holds", "does not hold", "undecided")]
    assert networks.verdict == f"{', '.join(expected)} of 156"
    assert networks.mark == "open"
    assert networks.why.startswith("said of narrowed networks after 8,000 steps on T91_BSDS200; ")
    assert "second best in some" in networks.why  # the paper does not say everywhere
    assert "one seed" not in networks.why  # which is so at some scales alone


def test_figures_are_those_of_the_file(data: Results, board: Scoreboard) -> None:
    row = data["claims"].set_index("claim").loc["msfeb_gain"]
    line = board.lines[0]
    assert line.paper == "+0.19 dB"
    assert line.ours == f"{row['ours']:+.2f} dB".replace("-", "−")
    ends = [float(end.replace("−", "-")) for end in line.interval.strip("[]").split(", ")]
    assert ends == pytest.approx([row["low"], row["high"]], abs=0.005)
    fewer = next(line for line in board.lines if "MSRN" in line.statement)
    assert (fewer.paper, fewer.ours) == ("16.7 %", "23.1 %")
    assert (fewer.verdict, fewer.figure, fewer.mark) == ("holds", "figure differs", "near")


@pytest.mark.parametrize(
    ("verdict", "within", "mark", "figure"),
    [
        ("holds", "yes", "pass", "figure met"),
        ("holds", "no", "near", "figure differs"),
        ("does not hold", "no", "fail", "figure differs"),
        ("undecided", "yes", "open", "figure met"),
        ("not tested", "", "", ""),
    ],
)
def test_verdict_and_figure_are_told_apart(
    data: Results, verdict: str, within: str, mark: str, figure: str
) -> None:
    changed = with_claims(data, verdict=verdict, figure_within=within)
    line = scoreboard(changed).lines[0]
    assert (line.verdict, line.mark, line.figure) == (verdict, mark, figure)
    cell = scoreboard(changed).table.groups[0].rows[0].cells[7]
    assert (cell.text, cell.verdict) == ("; ".join(filter(None, (verdict, figure))), mark)


def test_grid_has_every_network_scale_and_dataset(data: Results, board: Scoreboard) -> None:
    assert board.grid is not None
    (group,) = board.grid.groups
    assert len(group.rows) == 13
    heads = [(column.group, column.head) for column in board.grid.columns[1:]]
    frame = data["claims"].query("claim == 'psnr_above'")
    for row in group.rows:
        for (dataset, scale), cell in zip(heads, row.cells[1:], strict=True):
            where = (frame["dataset"] == dataset) & (frame["scale"] == float(scale[1:]))
            names = [
                data.network(m, v)
                for m, v in zip(frame["reference_model"], frame["reference_variant"], strict=True)
            ]
            found = frame[where & (pd.Series(names, frame.index) == row.cells[0].text)].iloc[0]
            assert cell.sort == found["ours"]
            assert cell.text.endswith("*") == (found["verdict"] != "undecided")
            assert (cell.verdict == "pass") == (found["verdict"] == "holds")


def test_a_study_that_tested_nothing_has_no_grid(quick: Path) -> None:
    board = scoreboard(read_results(quick / "results"))
    assert board.grid is None
    assert {line.verdict for line in board.lines if "PSNR" in line.statement} == {"not tested"}
    cells = [row.cells for group in board.table.groups for row in group.rows]
    assert {cell.text for row in cells for cell in row[5:7] if isinstance(cell, Cell)} == {"–"}


def test_partial_page_shows_every_line(board: Scoreboard, tmp_path: Path) -> None:
    html = page_templates(tmp_path).get_template("claims.html.j2").render(claims=board)
    assert html.count("<li>") == len(board.lines)
    assert "MSFEB in place of single-scale features" in html


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0031, "+0.003"), (-0.0049, "−0.005"), (0.006, "+0.01"), (0.0001, "0.00"), (-1.0, "−1.00")],
)
def test_a_small_end_of_an_interval_keeps_its_sign(value: float, text: str) -> None:
    assert signed(value) == text
