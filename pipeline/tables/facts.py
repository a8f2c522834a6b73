"""What captions and `dvc metrics show` need of the study as a whole: two small JSON files."""

import json
from pathlib import Path
from typing import Any

from pipeline.models.networks import published_sizes
from pipeline.study.published_figures import published_quality
from pipeline.support.files import atomic_path
from pipeline.tables.labels import network_label
from pipeline.tables.methods import PAPER_DATASETS
from pipeline.tables.results import FORMAT
from pipeline.tables.study import Study

PAPER_TRAINING = "DIV2K_train"


def facts(study: Study) -> dict[str, Any]:
    """Return study.json.

    Among others ``labels`` (method -> its name), ``reduced`` (trained networks that are smaller
    than in their papers), ``paper_setting`` (whether size, data and training are the paper's) and
    ``certificate`` ("measured" or "recorded").
    """
    params = study.params
    reduced = [
        method
        for method in study.methods
        if any(study.cost(method, scale)["share"] < 1 for scale in study.scales)
    ]
    networks = {network for network, *_ in published_quality()}
    quoted = {name: network_label(name, next(iter(published_sizes(name)))) for name in networks}
    settings = params.train_settings(1e-4)
    return {
        "format": FORMAT,
        "profile": params.profile,
        "subject": params.subject,
        "labels": dict(sorted(quoted.items())) | {m: study.label(m) for m in study.methods},
        "paper_setting": params.profile == "paper"
        and not reduced
        and settings.determining() == type(settings)(lr=1e-4).determining()  # Section IV-B
        and params.data.train == PAPER_TRAINING
        and set(PAPER_DATASETS) <= set(params.data.test),
        "protocol": params.evaluate.protocol,
        "arithmetic": params.arithmetic,
        "datasets": list(params.data.test),
        "training": params.data.train,
        "excluded": list(params.data.exclude),
        "scales": study.scales,
        "steps": settings.total_steps,
        "reduced": reduced,
        "hr": params.complexity.hr,
        "ablation_dataset": params.tables.ablation_dataset,
        "complexity_dataset": params.tables.complexity_dataset,
        "complexity_scale": int(params.tables.complexity_scale[1:]),
        "certificate": "measured" if params.certify.networks else "recorded",
        "confidence": params.statistics.confidence,
        "resamples": params.statistics.resamples,
        "figures": params.figures.model_dump(mode="json"),
    }


def metrics(study: Study) -> dict[str, dict[str, float]]:
    """Return metrics.json: mean PSNR of the subject in dB by scale and test set."""
    return {
        f"x{scale}": {
            dataset: round(float(scores.to_numpy().mean()), 4)
            for dataset in study.params.data.test
            if len(scores := study.scores(study.params.subject, scale, dataset))
        }
        for scale in study.scales
    }


def write(study: Study, folder: Path) -> None:
    """Write study.json and metrics.json."""
    for name, content in (("study", facts(study)), ("metrics", metrics(study))):
        with atomic_path(folder / f"{name}.json") as temporary:
            text = json.dumps(content, indent=2, ensure_ascii=False)
            temporary.write_text(text + "\n", encoding="utf-8")
