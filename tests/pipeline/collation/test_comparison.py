from pathlib import Path

import pytest

from pipeline.collation.comparison import rank
from pipeline.models.networks import NETWORKS
from pipeline.study.results import QUALITY
from tests.pipeline import toy_study
from tests.pipeline.toy_study import PAPER, ToyStudy, row


def test_quick_figures_are_never_beside_figures_of_the_paper(quick: ToyStudy) -> None:
    for name in ("table1", "table2", "table3"):
        table = quick.table(f"tables/{name}")
        assert set(table["dataset"]) == {"photos_test"}
        assert set(table["published_psnr_db"]) == {""}
    assert set(quick.table("tables/table3")["provenance"]) == {"interpolation", "trained"}


def test_table_3_keeps_provenances_apart(paper: ToyStudy) -> None:
    table = paper.table("tables/table3")
    at = {"scale": "2", "dataset": "Set14"}
    trained = row(table, model="vdsr", provenance="trained", **at)
    published = row(table, model="vdsr", provenance="published", **at)
    assert trained["seeds"] == "3"
    assert published["seeds"] == published["psnr_sd_db"] == ""
    assert float(trained["published_psnr_db"]) == float(published["published_psnr_db"]) == 33.03
    # Weights were evaluated at x2 alone: elsewhere the figure is quoted.
    vdsr = table[table["model"] == "vdsr"]
    assert set(vdsr[vdsr["provenance"] == "quoted"]["scale"]) == {"3", "4"}
    quoted = row(table, model="vdsr", provenance="quoted", scale="4", dataset="Set14")
    assert quoted["psnr_db"] == ""
    assert float(quoted["published_psnr_db"]) == 28.01
    assert "published under protocol vdsr" in quoted["note"]
    dpsr = row(table, model="dpsr", **at)
    assert dpsr["published_psnr_db"] == ""
    assert "BSD68" in dpsr["note"]
    mesr = row(table, model="mesr", provenance="quoted", **at)
    assert "not available as numbers" in mesr["note"]
    assert row(table, model="lapar", **at)["label"] == "LAPAR-A"
    assert row(table, model="a2f", **at)["label"] == "A2F-L"
    # Every network of the paper and bicubic at every scale and dataset
    for scale in "234":
        for dataset in ("Set5", "Set14", "BSD100", "Urban100"):
            cell = table[(table["scale"] == scale) & (table["dataset"] == dataset)]
            assert set(cell["model"]) == set(NETWORKS)


def test_ranks_are_among_comparable_rows(paper: ToyStudy) -> None:
    table = paper.table("tables/table3")
    cell = table[(table["scale"] == "2") & (table["dataset"] == "Set5")]
    trained = cell[cell["provenance"] == "trained"].set_index("model")["rank_psnr"]
    assert dict(trained) == {"vdsr": "2", "mesr": "1"}
    published = cell[cell["provenance"] == "published"].set_index("model")["rank_psnr"]
    assert dict(published) == {"vdsr": "2", "pan": "1"}
    assert set(cell[cell["provenance"] == "interpolation"]["rank_psnr"]) == {""}
    # Quoted figures come from different protocols.
    quoted = table[table["provenance"] == "quoted"]
    assert (quoted["published_psnr_db"] != "").sum() > 100
    assert set(quoted["rank_psnr"]) == set(quoted["rank_ssim"]) == {""}


def test_equal_prints_share_a_rank() -> None:
    same = {"provenance": "trained", "scale": 2, "dataset": "Set5", "rank": ""}
    rows = [{**same, "psnr_db": str(value)} for value in (30.004, 30.001, 29.9, 29.8)]
    rank(rows, "rank", "psnr_db", digits=2)
    assert [r["rank"] for r in rows] == [1, 1, 2, ""]


def test_self_ensembles_have_rows_and_ranks_of_their_own(paper: ToyStudy, beside: ToyStudy) -> None:
    table = beside.table("tables/table3")
    assert set(table[table["provenance"] == "self-ensemble"]["label"]) == {"MESR+", "VDSR+"}
    plus = row(table, model="mesr", provenance="self-ensemble", scale="2", dataset="Set5")
    assert (plus["seeds"], plus["rank_psnr"], plus["published_psnr_db"]) == ("3", "1", "")
    # The other rows are what they are without it.
    others = table[table["provenance"] != "self-ensemble"].reset_index(drop=True)
    assert others.equals(paper.table("tables/table3"))
    assert beside.table("tables/table4").equals(paper.table("tables/table4"))
    runs = beside.table("runs")
    assert set(runs[runs["stage"] == "evaluate_ensemble"]["label"]) == {"MESR+", "VDSR+"}
    assert set(beside.table("quality")["model"]) > {"mesr", "mesr+", "vdsr+"}


def test_further_metrics_are_ranked_in_their_direction(beside: ToyStudy) -> None:
    table = beside.table("tables/metrics")
    cells = table[["scale", "dataset", "label", "provenance"]].drop_duplicates()
    assert len(table) == 2 * len(cells)
    assert "quoted" not in set(table["provenance"])
    at = {"scale": "2", "dataset": "Set5", "provenance": "trained"}
    # The toy study's metric is half of SSIM, whatever its name: MESR has more of it.
    for metric, better, ranks in (("fsim", "higher", ("1", "2")), ("gmsd", "lower", ("2", "1"))):
        mesr, vdsr = (row(table, model=m, metric=metric, **at) for m in ("mesr", "vdsr"))
        assert mesr["better"] == vdsr["better"] == better
        assert (mesr["rank"], vdsr["rank"]) == ranks
        assert float(mesr["value"]) > float(vdsr["value"])
        assert float(mesr["value_sd"]) == 0


def test_without_further_metrics_their_table_is_empty(quick: ToyStudy) -> None:
    assert len(quick.table("tables/metrics")) == 0
    assert list(quick.table("quality")) == QUALITY.names


TOYNET = """
from mesr.common.base import SRNetwork


class ToyNet(SRNetwork):
    pass
"""


@pytest.mark.parametrize("baselines", ["[vdsr]", "[vdsr,toynet]"])
def test_a_network_without_published_figures_has_no_quoted_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, baselines: str
) -> None:
    (tmp_path / "toynet.py").write_text(TOYNET)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(NETWORKS, "toynet", "toynet:ToyNet")
    monkeypatch.setitem(toy_study.GAIN, "toynet", 0.5)
    monkeypatch.chdir(tmp_path)
    study = ToyStudy(tmp_path, [*PAPER, "+networks.toynet={}", f"baselines={baselines}"])
    study.run()
    expected = {("ToyNet", "trained")} if "toynet" in baselines else set()
    for name in ("tables/table3", "tables/table4"):
        table = study.table(name)
        own = table[table["model"] == "toynet"]
        assert set(zip(own["label"], own["provenance"], strict=True)) == expected
