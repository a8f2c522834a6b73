"""LR files are found by the names that the usual collections give them."""

import pytest

from pipeline.imaging.given import match_lr
from pipeline.support.errors import UserError

NAMES = ["0801", "baby", "img_007"]


@pytest.mark.parametrize(
    "ending", ["", "x4", "_x4", "-x4", "_X4", "_LR", "_LR_x4", "_LRBI_x4", "_SRF_4_LR", "x4_LR"]
)
def test_endings_of_the_usual_collections(ending: str) -> None:
    stems = [f"{name}{ending}" for name in NAMES]
    assert match_lr(stems, NAMES, 4, "lr") == dict(zip(NAMES, stems, strict=True))


def test_files_of_other_scales_are_passed_over() -> None:
    stems = [f"{name}x{scale}" for scale in (2, 3, 4) for name in NAMES]
    assert match_lr(stems, NAMES, 3, "lr") == {name: f"{name}x3" for name in NAMES}


def test_numbers_stand_for_the_alphabetical_order() -> None:
    names = ["woman", "baby", "head"]
    stems = [f"img_00{number}_SRF_2_LR" for number in (1, 2, 3)]
    assert match_lr(stems, names, 2, "lr") == {
        "baby": stems[0], "head": stems[1], "woman": stems[2],
    }  # fmt: skip
    # An image that is called so itself comes first.
    assert match_lr(["img_003x2"], ["img_003"], 2, "lr") == {"img_003": "img_003x2"}


@pytest.mark.parametrize(
    ("stems", "scale", "message"),
    [
        (["0801x4", "babyx4"], 4, r"lr: has no LR image of 'img_007' \(1 of 3 are missing\)"),
        (["0801x4", "babyx4", "img7"], 4, "it has 'img7'"),
        (["0801x2", "babyx2", "img_007x2"], 4, r"has '0801' at x2 but not at x4\. Give the scale"),
        (["0801", "baby", "img_007", "extra"], 4, "'extra' belongs to no HR image"),
        (["0801", "0801x4", "baby", "img_007"], 4, "'0801' and '0801x4' are both LR images"),
        (["0801", "babyx4", "baby_x4", "img_007"], 4, "'babyx4' and 'baby_x4' are both"),
        ([], 4, r"of '0801' \(3 of 3 are missing\)"),
    ],
)
def test_refusals(stems: list[str], scale: int, message: str) -> None:
    with pytest.raises(UserError, match=message):
        match_lr(stems, NAMES, scale, "lr")
