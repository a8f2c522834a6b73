"""Model cards: what a reader of trained weights must know, with Hugging Face's front matter."""

from dataclasses import dataclass

import numpy as np
import yaml
from markupsafe import Markup

from pipeline.models.networks import network_variants
from pipeline.study.labels import label
from pipeline.study.results import StudyFacts
from pipeline.study.statistics import Difference, paired_difference
from pipeline.tools.pages import render
from pipeline.tools.recorded import CODE_LICENCE, Recorded

METRICS = {"psnr_db": ("psnr", "PSNR-Y [dB]"), "ssim": ("ssim", "SSIM")}


@dataclass(frozen=True)
class Score:
    """One metric on one dataset.

    Attributes
    ----------
    metric : str
        Column of quality.csv.
    mean, gain : Difference
        Of the network, with an interval over images, and its gain over bicubic interpolation on
        the same images, likewise.
    """

    metric: str
    mean: Difference
    gain: Difference


def scores(recorded: Recorded) -> dict[str, list[Score]]:
    """Means and gains over bicubic interpolation, by dataset, with the study's intervals."""
    settings = recorded.study.bootstrap.model_dump()
    found: dict[str, list[Score]] = {}
    for dataset, rows in recorded.quality.items():
        found[dataset] = []
        for metric in METRICS:
            values, bicubic = (rows[[c]].to_numpy().T for c in (metric, f"bicubic_{metric}"))
            mean = paired_difference(values, np.zeros_like(values), **settings)
            gain = paired_difference(values, bicubic, **settings)
            found[dataset].append(Score(metric, mean, gain))
    return found


def model_card(recorded: Recorded) -> str:
    """Write the card of a training.

    Parameters
    ----------
    recorded : Recorded
        What the study recorded of it; nothing else enters.

    Returns
    -------
    str
        Markdown after a block of YAML with the licence and the model-index.
    """
    run = recorded.run
    name = f"{label(run.model, run.variant)} x{run.scale}"
    found = scores(recorded)
    return render(
        "card.md.j2",
        name=name,
        recorded=recorded,
        run=run,
        study=recorded.study,
        front_matter=Markup(_front_matter(name, recorded.study, found)),  # YAML quotes it
        scores=found,
        licence=CODE_LICENCE,
        departures=_departures(recorded),
    )


def _front_matter(name: str, study: StudyFacts, found: dict[str, list[Score]]) -> str:
    results = [
        {
            "task": {"type": "image-to-image", "name": "Image super-resolution"},
            "dataset": {"type": dataset, "name": f"{dataset}, protocol {study.protocol}"},
            "metrics": [
                {
                    "type": METRICS[score.metric][0],
                    "name": METRICS[score.metric][1],
                    "value": round(score.mean.mean, 6),
                }
                for score in listed
            ],
        }
        for dataset, listed in found.items()
    ]
    values = {
        "license": CODE_LICENCE.lower(),
        "pipeline_tag": "image-to-image",
        "tags": ["super-resolution", "image-super-resolution", "pytorch"],
        "model-index": [{"name": name, "results": results}],
    }
    text: str = yaml.safe_dump(values, sort_keys=False, allow_unicode=True)
    return text


def _departures(recorded: Recorded) -> dict[str, object]:
    """Return the constructor settings that are not those of the network's published size."""
    published = network_variants(recorded.run.model).get(recorded.run.variant, {})
    return {n: v for n, v in recorded.run.settings.items() if published.get(n) != v}
