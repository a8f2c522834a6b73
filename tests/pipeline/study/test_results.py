"""Reading and writing result files by their contract."""

from pathlib import Path

import pandas as pd
import pytest

from pipeline.study import paths, results
from pipeline.study.keys import Key
from pipeline.support.errors import UserError

ROOT = Path(__file__).parents[3]
ROW = {
    **{"model": "mesr", "variant": "full", "source": "trained", "scale": 4},
    **{"dataset": "Set5", "image": "007", "protocol": "rgb", "seed": 0},
    **{"psnr_db": 32.1234567, "ssim": 0.9},
}


@pytest.mark.parametrize("name", results.FILES)
def test_committed_results_fit_their_contracts(name: str) -> None:
    file = results.FILES[name]
    path = ROOT / file.path
    assert path.read_text(encoding="utf-8").splitlines()[0].split(",") == file.names
    frame = file.read(path)
    assert list(frame.columns) == file.names
    # What profile quick does without.
    optional = (results.LADDER, results.READINGS, results.FURTHER_TABLE)
    assert len(frame) > 0 or file in optional


def test_committed_study_fits_its_contract() -> None:
    study = results.read_study(ROOT / results.STUDY)
    assert study.profile == "quick"
    assert study.labels["lapar"] == "LAPAR-A"


def test_text_stays_text_and_empty_numbers_become_nan(tmp_path: Path) -> None:
    path = tmp_path / "quality.csv"
    results.QUALITY.write([ROW, {**ROW, "seed": "", "ssim": None}], path)
    assert path.read_text().splitlines()[1] == (
        "mesr,full,trained,4,Set5,007,rgb,0,32.123457,0.900000"
    )
    frame = results.QUALITY.read(path)
    assert list(frame["image"]) == ["007", "007"]
    assert list(frame["seed"]) == ["0", ""]
    assert frame["psnr_db"].dtype == float
    assert frame["ssim"].isna().tolist() == [False, True]


@pytest.mark.parametrize("change", [{"extra": 1}, {"image": None}])
def test_rows_that_break_the_contract_are_not_written(tmp_path: Path, change: dict) -> None:
    row = {**ROW, **change} if "extra" in change else {k: v for k, v in ROW.items() if k != "image"}
    with pytest.raises(ValueError, match="unknown or missing columns"):
        results.QUALITY.write([row], tmp_path / "quality.csv")
    assert not list(tmp_path.iterdir())


def test_no_rows_make_a_file_with_its_header(tmp_path: Path) -> None:
    path = tmp_path / "quality.csv"
    results.QUALITY.write([], path)
    assert path.read_text() == ",".join(results.QUALITY.names) + "\n"
    assert results.QUALITY.read(path).empty


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "quality.csv: not found. Run: dvc repro tables"),
        ("", "not readable as CSV"),
        ("model,scale\nmesr,4\n", "column 'variant' is missing among model, scale"),
        ("{h}\n{r}", r"line 2, column scale: 'four' is not a number. Write the file again: dvc"),
        ("{h}\n1,2,3,4,5,6,7,8,9,10,11,12\n", "not readable as CSV"),
        ("{h},model\n", "column 'model' stands twice"),
        (b"\xff\xfe\x00", "not readable as CSV"),
    ],
)
def test_files_that_break_the_contract_are_named(
    tmp_path: Path, text: str | bytes | None, message: str
) -> None:
    path = tmp_path / "quality.csv"
    row = ",".join(str(v) for v in (ROW | {"scale": "four"}).values())
    if isinstance(text, bytes):
        path.write_bytes(text)
    elif text is not None:
        path.write_text(text.format(h=",".join(results.QUALITY.names), r=row))
    with pytest.raises(UserError, match=message):
        results.QUALITY.read(path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "not found"),
        ("{", "not valid JSON"),
        ("[" * 100_000, "not valid JSON"),
        ("[]", "holds a list, expected a mapping"),
        ("{}", "profile: Field required"),
    ],
)
def test_studies_that_break_the_contract_are_named(
    tmp_path: Path, text: str | None, message: str
) -> None:
    path = tmp_path / "study.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(UserError, match=f"study.json: .*{message}"):
        results.read_study(path)


def test_paths_are_those_of_the_graph() -> None:
    graph = (ROOT / "dvc.yaml").read_text(encoding="utf-8")
    key = Key.published("pan", "", 2)
    for path in (
        paths.hr_file("D"),
        paths.lr_file("D", 2),
        paths.quality_file(key, "D"),
        paths.pictures_folder(key, "D"),
        paths.record_file(key, "D"),
        paths.certificate_file("pan", "D"),
    ):
        pattern = path.as_posix().replace("published_pan_x2", "published_${item.weights}")
        pattern = pattern.replace("pan", "${item.network}").replace("_x2", "_${item.scale}")
        candidates = [pattern.replace("D", f"${{item.{n}}}") for n in ("dataset", "asset")]
        assert any(candidate in graph for candidate in candidates), path


def test_every_float_is_written_with_six_digits(tmp_path: Path) -> None:
    frame = pd.DataFrame([ROW])
    results.QUALITY.write(frame, tmp_path / "q.csv")
    assert "32.123457" in (tmp_path / "q.csv").read_text()
