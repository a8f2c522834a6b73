from pathlib import Path

import pytest

from reports.logs import MEASURED
from reports.results import Results, read_results
from reports.tables.all_runs import runs_table
from reports.tables.provenance import RUN_FIELDS, recorded_by
from reports.tables.table3_methods import table3


@pytest.fixture(scope="module")
def data(quick: Path) -> Results:
    return read_results(quick / "results")


def test_provenance_shows_what_decided_a_training(data: Results) -> None:
    run = table3(data).groups[0].rows[1].runs[0]
    expected = {
        **{"Learning rate": "0.0001", "Schedule": "step", "Batch": "16", "LR patch": "32"},
        **{"Network settings": "features=16", "Steps": "600", "Images": "photos_train"},
        **{"Parameters": "109,363", "Threads": "2"},
    }
    assert {name: run.facts[name] for name in expected} == expected
    assert run.digests == {"Code digest": "c0de" * 16, "Data digest": f"hr {'0b1c' * 16}"}
    assert run.log == "runs/vdsr_x2_s0"
    assert run.command == "git log -Sc0dec0dec0dec0de -- results/runs.csv"


def test_an_evaluation_has_no_facts_of_a_training(data: Results) -> None:
    run = table3(data).groups[0].rows[0].runs[0]
    assert run.facts["Stage"] == "evaluate_bicubic"
    assert run.facts["Images"] == "photos_test"
    assert run.log == "evaluations/bicubic_x2/photos_test"
    assert all(run.facts.values())
    assert not run.facts.keys() & {"Seed", "Steps", "Learning rate", "Precision"}
    assert "steps_per_s" not in run.measured


@pytest.mark.parametrize("digest", ["", "known; rm -rf /", "$(true)", "a b"])
def test_what_is_no_digest_makes_no_command(digest: str) -> None:
    assert recorded_by(digest) == ""


def test_runs_table_has_every_run_and_every_column(data: Results) -> None:
    table = runs_table(data)
    assert len(table.groups[0].rows) == len(data["runs"]) == 19
    heads = [column.head for column in table.columns]
    assert {*RUN_FIELDS.values(), *MEASURED.values(), "Code digest", "Data digest"} < set(heads)
    assert all(len(row.cells) == len(heads) for row in table.groups[0].rows)
