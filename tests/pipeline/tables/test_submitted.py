"""Files of submitted results: what is taken, what is refused, and the rows that they become."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from pipeline.support.errors import UserError
from pipeline.tables import methods
from pipeline.tables.study import Study
from pipeline.tables.submitted import read_submission, rows
from tests.pipeline.tables.test_study import SIZES
from tests.pipeline.tables.toy import make_params, make_study

DIGEST = "ab" * 32
SCORE = {"digest": DIGEST, "images": 6, "psnr_db": 33.5, "ssim": 0.9}


def values(**changes: Any) -> dict[str, Any]:
    """Content of a valid file; `scales` and its parts may be changed too."""
    score = SCORE | {name: changes.pop(name) for name in SCORE if name in changes}
    dataset, scale = changes.pop("dataset", "Set5"), changes.pop("scale", "x4")
    at = {"parameters": 700_000, "multi_adds": 40_000_000_000, "datasets": {dataset: score}}
    at |= changes.pop("at", {})
    return {
        "format": 1,
        "name": "mynet",
        "label": "MyNet",
        "protocol": "rgb",
        "trained_on": "DIV2K",
        "trained_on_test_data": False,
        "source": "https://example.org/mynet",
        "scales": {scale: at},
    } | changes


def write(folder: Path, stem: str = "mynet", **changes: Any) -> Path:
    path = folder / f"{stem}.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        yaml.safe_dump(values(**{"name": stem} | changes), allow_unicode=True), encoding="utf-8"
    )
    return path


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Study:
    """A study in the working folder, of which evaluations say which images were scored."""
    monkeypatch.chdir(tmp_path)
    for dataset in ("Set5", "Set14"):
        record = Path(f"evaluations/bicubic_x4/{dataset}/record.json")
        record.parent.mkdir(parents=True)
        record.write_text(json.dumps({"data_digest": DIGEST, "images": 6}))
    return make_study(make_params(), SIZES)


def test_the_example_of_the_readme_has_the_format(tmp_path: Path) -> None:
    readme = Path(__file__).parents[3] / "submissions/README.md"
    example = readme.read_text(encoding="utf-8").split("```yaml\n")[1].split("```")[0]
    path = tmp_path / "mynet.yaml"
    path.write_text(example.replace("SHA-256 of data/hr/Set5.h5", DIGEST), encoding="utf-8")
    found = read_submission(path)
    ((scale, dataset, at, score),) = found.scores()
    assert (scale, dataset, at.parameters, score.psnr_db) == (4, "Set5", 715_000, 32.1)
    assert not found.trained_on_test_data


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"format": 2}, r"format: should be 1 \(found '2'\)"),
        ({"psnr_db": float("nan")}, r"scales\.x4\.datasets\.Set5\.psnr_db: should be a finite"),
        ({"psnr_db": -3.0}, r"psnr_db: should be greater than 0 \(found '-3.0'\)"),
        ({"psnr_db": "33.5"}, r"psnr_db: should be a valid number \(found '33.5'\)"),
        ({"digest": "ABC"}, r"digest: should be 64 hexadecimal"),
        ({"scale": "x5"}, r"scales\.x5: should be 'x2', 'x3' or 'x4'"),
        ({"dataset": "a b"}, r"scales\.x4\.datasets\.a b: should be letters, digits and _"),
        ({"at": {"datasets": {}}}, r"scales\.x4\.datasets: .* at least 1 item"),
        ({"at": {"parameters": None}}, r"scales\.x4\.parameters: is empty"),
        ({"at": {"paramters": 1}}, r"\.paramters: no such setting\. Did you mean parameters"),
        ({"trained_on_test_data": "no"}, r"trained_on_test_data: should be a valid boolean"),
        ({"trained_on": None}, r"trained_on: is empty"),
        ({"source": "javascript:alert(1)"}, r"source: should be a web address"),
        ({"label": "a\nb"}, r"label: should be one line"),
        ({"licence": "mine"}, r"licence: no such setting"),
        ({"name": "other"}, r"name is 'other', expected that of the file, 'mynet'"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(tmp_path: Path, changes: dict[str, Any], told: str) -> None:
    path = write(tmp_path, **changes)
    with pytest.raises(UserError, match=told) as refused:
        read_submission(path)
    assert str(refused.value).startswith(f"{path}: ")


def test_all_problems_of_a_file_are_told_at_once(tmp_path: Path) -> None:
    path = write(tmp_path, ssim=7.0)
    text = path.read_text(encoding="utf-8").replace("label: MyNet\n", "")
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=r"(?s)label: Field required.*ssim: .*README\.md explains"):
        read_submission(path)


def test_rows_are_marked_and_ranked_apart(study: Study) -> None:
    before = methods.rows(study)
    write(Path("submissions"))
    write(Path("submissions"), "cheat", psnr_db=60.0, trained_on_test_data=True)
    frame = methods.rows(study)
    own = frame[frame["kind"] == "submitted"].set_index("method")
    assert list(own.index) == ["cheat-submitted", "mynet-submitted"]
    row = own.loc["mynet-submitted"]
    assert (row["label"], row["scale"], row["dataset"], row["images"]) == ("MyNet", 4, "Set5", 6)
    assert (row["psnr_db"], row["ssim"], row["params"]) == (33.5, 0.9, 700_000)
    assert row["multi_adds"] == 40_000_000_000
    assert row["remark"] == "submitted, not recomputed here (https://example.org/mynet)"
    assert row["note"] == "trained on DIV2K"
    assert pd.isna(row["network"])  # counts of the study's networks are not its own
    assert np.isnan(row["minus_subject_db"])
    assert own.loc["cheat-submitted", "remark"].startswith("trained on test data; submitted")
    assert own["rank_psnr"].tolist() == [1, 2]
    rest = frame[frame["kind"] != "submitted"]
    assert rest["rank_psnr"].fillna(0).tolist() == before["rank_psnr"].fillna(0).tolist()


def test_other_scales_sets_and_protocols_are_in_no_table(
    study: Study, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = Path("submissions")
    write(folder, "a", scale="x2")
    write(folder, "b", dataset="Urban100")
    write(folder, "c", protocol="y")
    (folder / "README.md").write_text("no results")
    assert rows(study) == []
    assert capsys.readouterr().out == (
        "submissions/c.yaml: left out, it was scored under protocol y\n"
    )


def test_scores_on_other_images_are_refused(study: Study) -> None:
    folder = Path("submissions")
    write(folder, digest="cd" * 32)
    with pytest.raises(UserError, match=r"Set5 has the digest cdcd.*expected abab.*record\.json"):
        rows(study)
    write(folder, images=5)
    with pytest.raises(UserError, match=r"5 images of Set5, expected 6"):
        rows(study)


def test_multi_adds_for_another_output_are_left_out(study: Study) -> None:
    write(Path("submissions"))
    other = make_study(make_params(complexity={"hr": "1920x1080"}), SIZES)
    assert [row["multi_adds"] for row in rows(other)] == [None]
