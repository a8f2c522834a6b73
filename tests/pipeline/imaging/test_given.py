"""LR and SR files are found by the names that people give them."""

import unicodedata

import pytest

from pipeline.imaging.given import match_files
from pipeline.support.errors import UserError

NAMES = ["0801", "baby", "img_007"]
TWELVE = [f"img_{number:03}" for number in range(1, 13)]


@pytest.mark.parametrize(
    "ending",
    ["", "x4", "_x4", "-x4", "_X4", "_LR", "_LR_x4", "_LRBI_x4", "_SRF_4_LR", "x4_LR", "_SR",
     "_x4_SR", "_SwinIR", "_out", "_rlt", "x4_RCAN", "_x4_EDSR"],
)  # fmt: skip
def test_endings_of_the_usual_collections_and_what_all_files_have_in_common(ending: str) -> None:
    stems = [f"{name}{ending}" for name in NAMES]
    assert match_files(stems, NAMES, 4, "sr", "SR") == dict(zip(NAMES, stems, strict=True))


def test_files_of_other_scales_are_passed_over() -> None:
    stems = [f"{name}x{scale}" for scale in (2, 3, 4) for name in NAMES]
    assert match_files(stems, NAMES, 3, "lr", "LR") == {name: f"{name}x3" for name in NAMES}


def test_numbers_stand_for_the_alphabetical_order_of_names() -> None:
    for names in (["woman", "baby", "head"], ["3096", "101085", "304034"]):
        stems = [f"img_00{number}_SRF_2_LR" for number in (1, 2, 3)]
        assert match_files(stems, names, 2, "lr", "LR") == dict(
            zip(sorted(names), stems, strict=True)
        )
    # An image that is called so itself comes first.
    assert match_files(["img_003x2"], ["img_003"], 2, "lr", "LR") == {"img_003": "img_003x2"}


@pytest.mark.parametrize("name", ["{}", "{:03}", "photo_{}", "img_{:02}"])
def test_numbers_stand_for_numbers(name: str) -> None:
    names = [name.format(number) for number in range(1, 13)]
    found = match_files(TWELVE, names, 4, "sr", "SR")
    assert found == dict(zip(names, TWELVE, strict=True))


def test_numbers_that_do_not_agree_or_are_cut_are_refused() -> None:
    for first in (0, 2, 95):
        names = [str(number) for number in range(first, first + 12)]
        with pytest.raises(UserError, match=rf"1 to 12, the HR images {first} to {first + 11}"):
            match_files(TWELVE, names, 4, "sr", "SR")
    with pytest.raises(UserError, match="Rename the files"):
        match_files(["10", "20"], ["1", "2"], 4, "lr", "LR")


@pytest.mark.parametrize("forms", [("NFC", "NFD"), ("NFD", "NFC")])
def test_composed_and_decomposed_letters_are_the_same(forms: tuple[str, str]) -> None:
    stem, name = (unicodedata.normalize(form, "Zürich") for form in forms)
    assert match_files([f"{stem}_x4"], [name], 4, "lr", "LR") == {name: f"{stem}_x4"}


def test_case_matters_where_it_distinguishes_images() -> None:
    assert match_files(["BABY_x2", "Head"], ["baby", "head"], 2, "lr", "LR") == {
        "baby": "BABY_x2", "head": "Head",
    }  # fmt: skip
    assert match_files(["A", "a"], ["a", "A"], 2, "lr", "LR") == {"a": "a", "A": "A"}


@pytest.mark.parametrize(
    ("stems", "scale", "message"),
    [
        (["0801x4", "babyx4"], 4, r"lr: has no LR image of 'img_007' \(1 of 3 are missing\)"),
        (["0801x4", "babyx4", "img7"], 4, "it has 'img7'"),
        (["0801x2", "babyx2", "img_007x2"], 4, r"has '0801' at x2 but not at x4\. Give the scale"),
        (["0801_x2_EDSR", "baby_x2_EDSR", "img_007_x2_EDSR"], 4, "has '0801' at x2"),
        (["0801_EDSR", "baby_RCAN", "img_007_EDSR"], 4, "has no LR image of '0801'"),
        (["0801", "baby", "img_007", "extra"], 4, "'extra' belongs to no HR image"),
        (["0801", "0801x4", "baby", "img_007"], 4, "'0801' and '0801x4' are both LR images"),
        ([], 4, r"of '0801' \(3 of 3 are missing\)"),
    ],
)
def test_refusals(stems: list[str], scale: int, message: str) -> None:
    with pytest.raises(UserError, match=message):
        match_files(stems, NAMES, scale, "lr", "LR")
