"""What captions of several tables say."""

from collections.abc import Iterable

from reports.results import Study, known, ordered


def setting(study: Study, datasets: Iterable[str], scales: Iterable[float]) -> str:
    """Say in a caption what was measured on: no quick figure must look like a paper's."""
    where = ", ".join(ordered(datasets)) or "no dataset"
    factors = ", ".join(f"×{scale:.0f}" for scale in ordered(scales) if known(scale))
    text = (
        f"Profile {study.profile}; test images: {where}; scale {factors}; "
        f"protocol {study.protocol}."
    )
    narrowed = " Trained networks are narrowed." if study.facts.get("narrowed") else ""
    return f"{text}{narrowed} {study.warning}".strip()


def interval(study: Study) -> str:
    """Say what the intervals below paired differences are."""
    bootstrap = study.facts.get("bootstrap") or study.facts.get("statistics") or {}
    confidence = bootstrap.get("confidence") if isinstance(bootstrap, dict) else None
    percent = f"{confidence:.0%} " if isinstance(confidence, float) else ""
    return f" with its {percent}bootstrap interval over images and seeds"
