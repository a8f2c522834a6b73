from pipeline.models.networks import NETWORKS
from tests.pipeline.toy_study import ToyStudy, row


def test_table_4_joins_counts_and_quality(quick: ToyStudy) -> None:
    table = quick.table("tables/table4")
    vdsr = row(table, model="vdsr")
    assert vdsr["params"] == "665921"
    assert vdsr["published_params"] == "665000"
    assert vdsr["multi_adds"] == "612591206400"
    assert "narrowed here: depth=" in vdsr["note"]
    assert "counts are of the published size" in vdsr["note"]
    pan = row(table, model="pan")
    assert pan["psnr_db"] == pan["published_psnr_db"] == ""
    assert "not trained in profile quick" in pan["note"]
    assert "480x360" in row(table, model="defian")["note"]
    assert set(table["model"]) == set(NETWORKS) - {"bicubic"}
    assert len(table) == len(NETWORKS) - 1
    assert list(table["model"])[-1] == "mesr"


def test_table_4_ranks_as_table_3(paper: ToyStudy) -> None:
    settings = paper.params.tables
    own = ["model", "variant", "provenance", "rank_psnr"]
    rows3, rows4 = paper.table("tables/table3"), paper.table("tables/table4")
    at = ("x" + rows3["scale"] == settings.complexity_scale) & (
        rows3["dataset"] == settings.complexity_dataset
    )
    ranks = set(rows3[at][own].itertuples(index=False, name=None))
    assert set(rows4[own].itertuples(index=False, name=None)) <= ranks
    assert sorted(filter(None, rows4["rank_psnr"])) == ["1", "1", "2", "2"]
