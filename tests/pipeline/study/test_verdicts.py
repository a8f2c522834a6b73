"""Verdicts of the certificate, at their edges."""

from decimal import Decimal

import pytest

from pipeline.study.published_figures import published_quality
from pipeline.study.verdicts import Verdict, digits, judge, rounds_to

CELL = published_quality()["bicubic", "", 2, "Set5"]  # 33.66 dB, 0.9299


@pytest.mark.parametrize(
    ("psnr_db", "ssim", "verdict"),
    [
        (33.66, 0.9299, "equal"),
        (33.665, 0.92995, "equal"),  # half a unit of the last digit
        (33.655, 0.92985, "equal"),
        (33.665001, 0.9299, "close"),
        (33.66, 0.929951, "close"),
        (33.68, 0.9309, "close"),
        (33.64, 0.9289, "close"),
        (33.680001, 0.9299, "missed"),
        (33.66, 0.928899, "missed"),
        (float("inf"), 1.0, "missed"),
    ],
)
def test_verdict_at_the_edges(psnr_db: float, ssim: float, verdict: Verdict) -> None:
    assert judge(CELL, psnr_db, ssim) == verdict


def test_digits_are_those_that_are_printed() -> None:
    three = CELL.model_copy(update={"ssim": Decimal("0.930")})
    assert judge(three, 33.66, 0.9295) == "equal"
    assert judge(three.model_copy(update={"ssim": Decimal("0.9300")}), 33.66, 0.9295) == "close"
    assert [digits(Decimal(text)) for text in ("33.60", "0.959", "34", "3E1")] == [2, 3, 0, 0]
    assert rounds_to(33.6, Decimal("34"))
    assert not rounds_to(33.4, Decimal("34"))


@pytest.mark.parametrize("misprint", ["psnr_db", "ssim", "psnr_db ssim"])
@pytest.mark.parametrize("psnr_db", [33.66, 20.0])
def test_a_suspected_misprint_is_neither_met_nor_missed(misprint: str, psnr_db: float) -> None:
    suspect = CELL.model_copy(update={"misprint": misprint})
    assert judge(suspect, psnr_db, 0.9299) == "misprint"
    assert judge(suspect, None, None) == ""


def test_no_verdict_without_a_figure_or_a_measurement() -> None:
    assert judge(None, 30.0, 0.9) == ""
    assert judge(CELL, None, None) == ""
    assert judge(published_quality()["dpsr", "", 2, "Set5"], 30.0, 0.9) == ""


def test_psnr_alone_decides_where_no_ssim_is_published() -> None:
    entry = published_quality()["srcnn", "9-1-5", 2, "Set5"]
    assert entry.ssim is None
    assert judge(entry, 36.34, 0.1) == "equal"
