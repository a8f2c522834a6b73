"""What captions of several tables say."""

from collections.abc import Iterable

from pipeline.study.results import StudyFacts
from reports.results import known, ordered, warning


def setting(study: StudyFacts, datasets: Iterable[str], scales: Iterable[float]) -> str:
    """Say in a caption what was measured on: no quick figure must look like a paper's."""
    where = ", ".join(ordered(datasets)) or "no dataset"
    factors = ", ".join(f"×{scale:.0f}" for scale in ordered(scales) if known(scale))
    text = (
        f"Profile {study.profile}; test images: {where}; scale {factors}; "
        f"protocol {study.protocol}."
    )
    narrowed = " Trained networks are narrowed." if study.narrowed else ""
    return f"{text}{narrowed} {warning(study)}".strip()


def interval(study: StudyFacts) -> str:
    """Say what the intervals below paired differences are."""
    confidence = f"{study.bootstrap.confidence:.0%}"
    return f" with its {confidence} bootstrap interval over images and seeds"
