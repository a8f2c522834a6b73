"""How near a measured figure comes to a published one: the verdicts of the certificate."""

from decimal import Decimal
from typing import Literal

from pipeline.study.published_figures import PublishedQuality

Verdict = Literal["equal", "close", "missed", "misprint", ""]

TOLERANCE_DB = Decimal("0.02")
TOLERANCE_SSIM = Decimal("0.001")


def digits(printed: Decimal) -> int:
    """Return how many digits stand after the point: 2 of 33.60, 3 of 0.959."""
    return max(0, -int(printed.as_tuple().exponent))


def rounds_to(measured: float, printed: Decimal) -> bool:
    """Whether a figure lies within half a unit of the last digit printed."""
    return _away(measured, printed) <= Decimal(5).scaleb(-digits(printed) - 1)


def _away(measured: float, printed: Decimal) -> Decimal:
    return abs(Decimal(f"{measured:.6f}") - printed)


def judge(entry: PublishedQuality | None, psnr_db: float | None, ssim: float | None) -> Verdict:
    """Compare the PSNR and SSIM measured for a cell with the published ones.

    Parameters
    ----------
    entry : PublishedQuality or None
        The published cell; what it does not have is not compared.
    psnr_db, ssim : float or None
        As measured; None where nothing was.

    Returns
    -------
    {"equal", "close", "missed", "misprint", ""}
        "equal" when both lie within half a unit of the last printed digit, "close" when both lie
        within 0.02 dB and 0.001, "missed" otherwise; "misprint" when a published value is suspected
        to be one, whatever was measured; empty when there is nothing to compare.
    """
    if entry is None or psnr_db is None or ssim is None:
        return ""
    pairs = [
        (measured, printed, tolerance)
        for measured, printed, tolerance in (
            (psnr_db, entry.psnr_db, TOLERANCE_DB),
            (ssim, entry.ssim, TOLERANCE_SSIM),
        )
        if printed is not None
    ]
    if entry.misprint or not pairs:
        return "misprint" if entry.misprint else ""
    if all(rounds_to(measured, printed) for measured, printed, _ in pairs):
        return "equal"
    near = (_away(measured, printed) <= tolerance for measured, printed, tolerance in pairs)
    return "close" if all(near) else "missed"
