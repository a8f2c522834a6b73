import json
from pathlib import Path

import pytest

from pipeline.study.results import QUALITY
from tests.pipeline.toy_study import ToyStudy, row


def test_means_spreads_and_differences_of_table_1(quick: ToyStudy) -> None:
    table = quick.table("tables/table1")
    assert list(table["variant"]) == ["single_scale", "msfeb", "no_rb", "full"]
    msfeb = row(table, variant="msfeb")
    # images add 0, 1, 2 and seeds 0, 0.1, 0.2: means 1 and 0.1, spread over seeds 0.1
    assert float(msfeb["psnr_db"]) == pytest.approx(26.11 + 1.25 + 1 + 0.1)
    assert float(msfeb["psnr_sd_db"]) == pytest.approx(0.1)
    assert float(msfeb["diff_db"]) == pytest.approx(0.25)
    assert float(msfeb["diff_low_db"]) == pytest.approx(0.25)
    assert msfeb["seeds"] == "3"
    assert row(table, variant="single_scale")["diff_db"] == ""
    assert float(row(table, variant="full")["diff_db"]) == pytest.approx(0.25)
    assert "the paper's Table 1 is on Set14" in table["note"][0]


def test_the_papers_figures_stand_beside_its_setting(paper: ToyStudy) -> None:
    table = paper.table("tables/table1")
    baseline, msfeb = row(table, variant="single_scale"), row(table, variant="msfeb")
    assert float(baseline["published_psnr_db"]) == 28.18
    assert float(msfeb["published_diff_db"]) == 0.19
    assert float(msfeb["published_psnr_db"]) == pytest.approx(28.37)
    assert "IV-C1" in baseline["source"]
    assert "not available" in row(table, variant="full")["note"]


def test_table_2_compares_with_the_network_without_refinement(paper: ToyStudy) -> None:
    table = paper.table("tables/table2")
    assert len(table) == 3 * 4
    dagger = row(table, variant="rb_dagger", dataset="Urban100")
    assert float(dagger["diff_db"]) == pytest.approx(-0.05)
    assert "without RB" in dagger["note"]
    assert row(table, variant="no_rb", dataset="Set5")["diff_db"] == ""


def test_an_image_reproduced_exactly_has_no_difference(changed: ToyStudy) -> None:
    path = Path("evaluations/ablation_msfeb_s0/quality/photos_test.csv")
    rows = QUALITY.read(path)
    rows.loc[0, "psnr_db"] = float("inf")
    QUALITY.write(rows, path)
    changed.run()
    table = changed.table("tables/table1")
    assert row(table, variant="msfeb")["psnr_db"] == "inf"
    assert row(table, variant="msfeb")["diff_db"] == row(table, variant="no_rb")["diff_db"] == ""
    assert row(table, variant="full")["diff_db"] != ""
    metrics = json.loads(Path("results/metrics.json").read_text())["photos_test"]
    assert metrics["ablation_msfeb_s0"]["psnr_db"] == float("inf")
