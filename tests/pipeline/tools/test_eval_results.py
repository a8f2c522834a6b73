"""Evaluation results beside a card, as Hugging Face's library reads and writes them."""

from pathlib import Path

import pytest
import yaml
from huggingface_hub import eval_result_entries_to_yaml, parse_eval_result_entries
from typer.testing import CliRunner

from pipeline.cli import app
from tests.pipeline.tools.study import scores_of, write_study


def test_a_card_has_its_results_beside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_study(tmp_path)
    arguments = ["card", "mesr", "--scale", "4", "--out", "repository/README.md"]
    done = CliRunner().invoke(app, arguments, catch_exceptions=False)
    path = Path("repository/.eval_results/mesr_x4_s0.yaml")
    assert f"{path}: its results" in done.output
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    entries = parse_eval_result_entries(content)
    assert eval_result_entries_to_yaml(entries) == content  # nothing that the library drops
    means = scores_of("mesr_x4_s0").mean(axis=0)
    assert {(e.dataset_id, e.task_id): e.value for e in entries} == {
        ("photos_test", "psnr_y_x4"): pytest.approx(means[0], abs=1e-5),
        ("photos_test", "ssim_x4"): pytest.approx(means[1], abs=1e-5),
    }
    assert entries[0].notes == "PSNR-Y in dB at x4, protocol rgb, mean of 3 images"
