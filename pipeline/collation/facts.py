"""What captions need to know of the study as a whole: results/study.json."""

from pipeline.collation.cells import PAPER_DATASETS, PAPER_TRAINING, narrowing
from pipeline.study.keys import parse_scale, parse_seed
from pipeline.study.labels import labels
from pipeline.study.params import CropParams, Params
from pipeline.study.results import Bootstrap, Crop, Figures, StudyFacts


def narrowed_networks(params: Params) -> dict[str, str]:
    """Trained networks that depart from their published size, and how."""
    trained = (*params.models, *params.baselines)
    settings = {m: s for m, s in params.networks.items() if m in trained}
    return {m: text for m, s in settings.items() if (text := narrowing(m, s))}


def is_paper_setting(params: Params) -> bool:
    """Tell whether all that decides a figure is as in the paper, whatever the profile's name."""
    training = params.train_settings(params.tune.lrs[0])
    return (
        params.profile == "paper"
        and not narrowed_networks(params)
        and len(params.tune.lrs) == 1
        and training.determining() == type(training)().determining()  # defaults: Section IV-B
        and params.data.train == PAPER_TRAINING
        and set(PAPER_DATASETS) <= set(params.data.test)
    )


def _crop(params: CropParams) -> Crop:
    return Crop(
        dataset=params.dataset,
        image=params.image,
        scale=parse_scale(params.scale),
        region=params.region,
    )


def study_facts(params: Params) -> StudyFacts:
    """Facts that captions need, and the settings of the figures."""
    figures = params.figures
    return StudyFacts(
        profile=params.profile,
        labels=labels(),
        is_paper_setting=is_paper_setting(params),
        protocol=params.evaluate.protocol,
        datasets=params.data.test,
        training=params.data.train,
        scales=[parse_scale(scale) for scale in params.scales],
        seeds=[parse_seed(seed) for seed in params.seeds],
        narrowed=narrowed_networks(params),
        ablation_dataset=params.tables.ablation_dataset,
        complexity_dataset=params.tables.complexity_dataset,
        complexity_scale=parse_scale(params.tables.complexity_scale),
        complexity_hr=params.complexity.hr,
        certificate="measured" if params.certify.networks else "recorded",
        bootstrap=Bootstrap(**params.statistics.model_dump()),
        figures=Figures(
            crops=[_crop(crop) for crop in figures.crops],
            refinement=_crop(figures.refinement) if figures.refinement else None,
        ),
    )
