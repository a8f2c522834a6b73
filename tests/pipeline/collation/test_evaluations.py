from pathlib import Path

import pytest

from pipeline.support.errors import UserError
from tests.pipeline.toy_study import ToyStudy

PATH = Path("evaluations/mesr_x4_s1/quality/photos_test.csv")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (",rgb,", ",y,", r"column protocol: 'y'; expected 'rgb'"),
        (",b,", ",a,", "image a stands twice"),
        (",b,", ",other,", "different images of photos_test"),
        ("mesr,", "vdsr,", "column model: 'vdsr'; expected 'mesr'"),
        (",trained,", ",published,", "column source: 'published'; expected 'trained'"),
        (",4,photos", ",2,photos", r"column scale: 2\.0; expected 4"),
        (",photos_test,", ",Set5,", "column dataset: 'Set5'; expected 'photos_test'"),
        (",rgb,1,", ",rgb,2,", "column seed: '2'; expected '1'"),
        (",0.82", ",nan,0.82", "not readable as CSV"),
        ("0.820000", "nan", "no PSNR or no SSIM"),
    ],
)
def test_an_evaluation_that_is_not_what_its_name_says_is_refused(
    changed: ToyStudy, old: str, new: str, message: str
) -> None:
    text = PATH.read_text()
    assert old in text
    PATH.write_text(text.replace(old, new))
    with pytest.raises(UserError, match=message):
        changed.run()


def test_a_mixture_of_variants_is_refused(changed: ToyStudy) -> None:
    lines = PATH.read_text().splitlines()
    lines[1] = lines[1].replace(",full,", ",no_rb,")
    PATH.write_text("\n".join(lines))
    with pytest.raises(UserError, match=r"several variants \(full, no_rb\)"):
        changed.run()


def test_a_file_without_rows_is_refused(changed: ToyStudy) -> None:
    text = PATH.read_text()
    PATH.write_text(text.splitlines()[0] + "\n")
    with pytest.raises(UserError, match="holds no image"):
        changed.run()
    PATH.write_text("model,variant\n")
    with pytest.raises(UserError, match="column 'source' is missing"):
        changed.run()
