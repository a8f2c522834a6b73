import shlex
import subprocess
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
    assert run.anchor == "run-vdsr-x2-s0"
    assert run.command == "git log -Sc0dec0dec0dec0de -- results/runs.csv"


def test_an_evaluation_has_no_facts_of_a_training(data: Results) -> None:
    run = table3(data).groups[0].rows[0].runs[0]
    assert run.facts["Stage"] == "evaluate_bicubic"
    assert run.facts["Images"] == "photos_test"
    assert run.log == "evaluations/bicubic_x2/photos_test"
    assert all(run.facts.values())
    assert not run.facts.keys() & {"Seed", "Steps", "Learning rate", "Precision"}
    assert "steps_per_s" not in run.measured


def test_command_finds_the_commit_that_recorded_a_run(tmp_path: Path) -> None:
    def git(*arguments: str) -> str:
        author = ("-c", "user.name=a", "-c", "user.email=a@b.example", "-c", "commit.gpgsign=false")
        command = ["git", "-C", str(tmp_path), *author, *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    git("init", "-q")
    runs = tmp_path / "results" / "runs.csv"
    runs.parent.mkdir()
    digests = ["c0de" * 16, "beef" * 16, "f00d" * 16]
    for number in (1, 2, 3):
        runs.write_text("\n".join(["code_digest", *digests[:number]]))
        git("add", "results")
        git("commit", "-qm", f"run {number}")
    command = shlex.split(recorded_by(digests[1]))
    assert command[0] == "git"
    assert git(*command[1:2], "--format=%s", *command[2:]) == "run 2\n"


@pytest.mark.parametrize("digest", ["", "known; rm -rf /", "$(true)", "a b"])
def test_what_is_no_digest_makes_no_command(digest: str) -> None:
    assert recorded_by(digest) == ""


def test_runs_table_has_every_run_and_every_column(data: Results) -> None:
    table = runs_table(data)
    assert len(table.groups[0].rows) == len(data["runs"]) == 19
    heads = [column.head for column in table.columns]
    assert {*RUN_FIELDS.values(), *MEASURED.values(), "Code digest", "Data digest"} < set(heads)
    assert all(len(row.cells) == len(heads) for row in table.groups[0].rows)
