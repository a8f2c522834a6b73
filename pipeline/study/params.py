"""What params.yaml may hold. Every stage reads its parameters through `load_params`.

Values are checked for sense, not only for type: a value that no study can want is refused by name
before anything is computed, fetched or removed. Values that name things hold letters, digits and
underscores, so that they are one word wherever they end up: a file, a stage, a command.
"""

import re
from collections import Counter
from collections.abc import Hashable, Mapping
from io import StringIO
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import yaml
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from pipeline.models.networks import network_variants
from pipeline.study import paths
from pipeline.study.further_metrics import check_metrics
from pipeline.study.keys import (
    ABLATION_MODEL,
    ABLATION_SCALE,
    MODEL,
    SEED,
    Key,
    parse_scale,
    parse_seed,
)
from pipeline.support.arithmetic import Arithmetic
from pipeline.support.errors import UserError
from pipeline.training.settings import Length, Positive, Recipe, Running, TrainSettings

Profile = Literal["quick", "compact", "reduced", "paper", "certify"]
Scale = Literal["x2", "x3", "x4"]
Item = TypeVar("Item", bound=Hashable)

LADDER = "ladder, whose networks alone can be trained longer"
LARGEST_FILE = 1_000_000  # bytes of params.yaml; the profiles have 2 kB
DEEPEST = 20  # levels of nesting
LARGEST_SETTING = 1024  # of a network: channels, layers, blocks
LARGEST_SIDE = 16_384  # of an HR image, in pixels


def _word(pattern: str, what: str) -> AfterValidator:
    def check(value: str) -> str:
        if not re.fullmatch(pattern, value, re.ASCII):
            raise ValueError(f"{value[:80]!r} is no {what}")
        return value

    return AfterValidator(check)


def _distinct(values: list[Item]) -> list[Item]:
    value, count = next(iter(Counter(values).most_common(1)), (None, 1))
    if count > 1:
        raise ValueError(f"{value!r} stands more than once")
    return values


def _size(value: str) -> str:
    if max(map(int, value.split("x"))) > LARGEST_SIDE:
        raise ValueError(f"{value} has a side above {LARGEST_SIDE} pixels")
    return value


def _ablation_variant(value: str) -> str:
    _, *known = network_variants(ABLATION_MODEL)  # the first is MESR itself
    if value not in known:
        raise ValueError(f"{value!r} is no variant of the ablation; expected {', '.join(known)}")
    return value


def _weights(name: str) -> str:
    try:
        Key.parse(f"published_{name}")
    except UserError:
        raise ValueError(
            f"{name!r} names no weights; expected network, variant if it has several, and scale, "
            "e.g. pan_x4 or a2f_SD_x4"
        ) from None
    return name


def _metric(name: str) -> str:
    try:
        check_metrics([name])
    except UserError as error:
        raise ValueError(str(error)) from None
    return name


def _settings(settings: dict[str, Any]) -> dict[str, Any]:
    for name, value in settings.items():
        if name in ("scale", "name", "self"):
            raise ValueError(f"{name!r} is no setting of a network; `scales` lists the scales")
        for number in value if isinstance(value, list) else [value]:
            if isinstance(number, (list, dict)):
                raise ValueError(f"{name}: expected a number, a word or a list of them")  # noqa: TRY004
            if isinstance(number, str) and len(number) > 40:
                raise ValueError(f"{name}: {number[:40]!r}... is no setting's value")
            # Whole numbers count something; others, such as a bias, may be negative.
            lowest = -LARGEST_SETTING if isinstance(number, float) else 0
            if isinstance(number, (int, float)) and not lowest <= number <= LARGEST_SETTING:
                raise ValueError(f"{name}: {number} is not between {lowest} and {LARGEST_SETTING}")
    return settings


Name = Annotated[
    str,
    # A DVC matrix joins its values with "-" and uses them in stage names and paths.
    _word(r"[A-Za-z0-9_]{1,64}", "name; expected letters, digits and underscores, at most 64"),
]
Model = Annotated[
    Name, _word(MODEL, "name of a network; expected small letters and digits, a letter first")
]
Variant = Annotated[Name, AfterValidator(_ablation_variant)]
Seed = Annotated[str, _word(SEED, "seed; expected s0, s1, ...")]
Size = Annotated[
    str,
    _word(r"[1-9]\d{0,4}x[1-9]\d{0,4}", "size; expected WIDTHxHEIGHT, e.g. 1280x720"),
    AfterValidator(_size),
]
# Names a file in the folder of a dataset.
Image = Annotated[
    str, _word(r"(?!\.)[A-Za-z0-9_.+() -]{1,200}", "name of an image, without its suffix")
]
KeptImage = Annotated[
    str, _word(r"[A-Za-z0-9_]{1,64}/(?!\.)[A-Za-z0-9_.+() -]{1,200}", "DATASET/IMAGE")
]
Metric = Annotated[str, AfterValidator(_metric)]
Weights = Annotated[Name, AfterValidator(_weights)]
Distinct = Annotated[list[Item], Field(max_length=1000), AfterValidator(_distinct)]
Pixel = Annotated[int, Field(ge=0, le=LARGEST_SIDE)]
Side = Annotated[int, Field(ge=1, le=LARGEST_SIDE)]


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class DataParams(_Strict):
    """Names of datasets and of published weights, as in pipeline/assets/files.csv.

    Attributes
    ----------
    allow_test_training : bool
        Whether `train` may be one of the datasets in `test`. Scores on images that a network was
        trained on say nothing of its quality on others.
    """

    train: Name
    test: Distinct[Name] = Field(min_length=1)
    images: Distinct[Name]
    degrade: Distinct[Name]
    weights: Distinct[Name]
    allow_test_training: bool = False


class RepeatParams(_Strict):
    """Further seeds, and the scales that are trained with them too."""

    scales: Distinct[Scale]
    seeds: Distinct[Seed]


class TuneParams(_Strict):
    """How the learning rate of each network is chosen, see `pipeline.tune`.

    Attributes
    ----------
    lrs : list of float
        Values to choose from; a single one is taken without any training.
    steps : int
        Length of the training with each of them.
    scale : {"x2", "x3", "x4"}
        At which they are compared.
    """

    lrs: Distinct[Positive] = Field(min_length=1, max_length=20)
    steps: Length
    scale: Scale


class ReadingParams(_Strict):
    """What a reading of the paper changes: settings of MESR, and of the training."""

    network: Annotated[dict[str, Any], AfterValidator(_settings)] = {}
    train: dict[str, Any] = {}


class ReadingsParams(_Strict):
    """Readings of the paper that are trained at x4 beside the chosen one.

    Attributes
    ----------
    trained : list of str
        Names of those that are trained.
    seeds : list of str
        With which seeds; those of MESR at x4.
    changes : dict
        What each of them changes, by name.
    """

    trained: Distinct[Name]
    seeds: Distinct[Seed]
    changes: dict[Name, ReadingParams]


class RungParams(_Strict):
    """Networks that are trained at x4 for other numbers of steps, schedules stretched.

    Attributes
    ----------
    models, baselines : list of str
        Among those that the study trains.
    steps : list of int
        Other than the study's own, whose trainings are one rung of the ladder.
    """

    models: Distinct[Literal["mesr"]]
    baselines: Distinct[Model]
    steps: Distinct[Length]


class LadderParams(RungParams):
    """What is trained for other numbers of steps than the study's own.

    Attributes
    ----------
    longer : RungParams
        Further rungs, for some of the networks: long trainings are dear.
    seeds : list of str
        With which seeds; those of the study at x4.
    """

    longer: RungParams
    seeds: Distinct[Seed]

    @property
    def trained(self) -> list[tuple[str, int]]:
        """Networks and numbers of steps, baselines first, each with its own from few to many."""
        return [
            (model, steps)
            for model in (*self.baselines, *self.models)
            for steps in sorted((*self.steps, *(self.longer.steps if self._goes_on(model) else ())))
        ]

    def _goes_on(self, model: str) -> bool:
        return model in (*self.longer.baselines, *self.longer.models)


class EvaluateParams(_Strict):
    """How networks are evaluated, and which published weights are, e.g. ``a2f_SD_x4``.

    Attributes
    ----------
    threads : int or None
        CPU threads of an evaluation; None takes PyTorch's choice. Another number changes the order
        of sums, hence PSNR in the fifth decimal.
    metrics : list of str
        Metrics beside PSNR and SSIM, see `pipeline.study.further_metrics`.
    self_ensemble : list of str
        Trained networks that are evaluated a second time, averaged over flips and turns.
    """

    protocol: Literal["rgb", "y"]
    threads: Annotated[int, Field(ge=1, le=65_536)] | None
    keep_images: Literal["all"] | Distinct[KeptImage]
    published: Distinct[Weights]
    metrics: Distinct[Metric] = []
    self_ensemble: Distinct[Model] = []


class CertifyParams(_Strict):
    """Which published weights are measured, and on what; and whose LR images are compared."""

    networks: Distinct[Model]
    datasets: Distinct[Name]
    lr: Distinct[Name]


class ComplexityParams(_Strict):
    """Size of the HR output that Multi-Adds are counted for."""

    hr: Size


class TableParams(_Strict):
    """Datasets of Tables 1 and 4."""

    ablation_dataset: Name
    complexity_dataset: Name
    complexity_scale: Scale


class StatisticsParams(_Strict):
    """Bootstrap of the ablation's paired differences."""

    resamples: Annotated[int, Field(ge=100, le=100_000)]
    confidence: Annotated[float, Field(gt=0, lt=1)]
    seed: Annotated[int, Field(ge=0, lt=2**32)]


class CropParams(_Strict):
    """One visual comparison. `region` is x, y, width, height in HR pixels; null chooses it."""

    dataset: Name
    image: Image
    scale: Scale
    region: Annotated[tuple[Pixel, Pixel, Side, Side], Field(strict=False)] | None = None


class FigureParams(_Strict):
    """Visual comparisons (Figures 5-8) and coarse against refined (Figure 4)."""

    crops: list[CropParams] = Field(max_length=100)
    refinement: CropParams | None


class Params(_Strict):
    """The whole of params.yaml."""

    profile: Profile
    arithmetic: Arithmetic = "native"
    scales: Distinct[Scale] = Field(min_length=1)
    seeds: Distinct[Seed] = Field(min_length=1)
    repeats: RepeatParams
    data: DataParams
    models: Distinct[Literal["mesr"]]
    variants: Distinct[Variant]
    baselines: Distinct[Model]
    networks: dict[Model, Annotated[dict[str, Any], AfterValidator(_settings)]]
    tune: TuneParams
    train: Recipe
    readings: ReadingsParams
    ladder: LadderParams
    running: Running
    evaluate: EvaluateParams
    certify: CertifyParams
    complexity: ComplexityParams
    tables: TableParams
    statistics: StatisticsParams
    figures: FigureParams

    def network_settings(self, model: str) -> dict[str, Any]:
        """Return the constructor settings of a network.

        Raises
        ------
        UserError
            When params.yaml has no entry for it.
        """
        if model not in self.networks:
            raise UserError(
                f"networks.{model}: missing in params.yaml; add an entry "
                "({} for the size in its paper)"
            )
        return dict(self.networks[model])

    def seeds_at(self, scale: int) -> list[int]:
        """Return the seeds with which networks are trained at a scale."""
        repeated = scale in map(parse_scale, self.repeats.scales)
        return [parse_seed(s) for s in (*self.seeds, *(self.repeats.seeds if repeated else ()))]

    def evaluations(self) -> list[Key]:
        """Return every evaluation that Tables 1 to 4 rest on, in the order of the tables.

        Those of `reading_evaluations` and `ladder_evaluations` come on top.
        """
        found = []
        for scale in map(parse_scale, self.scales):
            found.append(Key.bicubic(scale))
            for model in (*self.baselines, *self.models):
                found += [Key.trained(model, scale, seed) for seed in self.seeds_at(scale)]
                if model in self.evaluate.self_ensemble:
                    found += [Key.ensemble(model, scale, seed) for seed in self.seeds_at(scale)]
        for variant in self.variants:
            found += [Key.ablation(variant, seed) for seed in self.seeds_at(ABLATION_SCALE)]
        return found + [Key.parse(f"published_{name}") for name in self.evaluate.published]

    def reading_evaluations(self) -> list[Key]:
        """Return the evaluations of the readings of the paper."""
        seeds = [parse_seed(seed) for seed in self.readings.seeds]
        return [Key.reading(name, seed) for name in self.readings.trained for seed in seeds]

    def ladder_evaluations(self) -> list[Key]:
        """Return the evaluations of the trainings of other lengths than the study's."""
        seeds = [parse_seed(seed) for seed in self.ladder.seeds]
        return [Key.ladder(*rung, seed) for rung in self.ladder.trained for seed in seeds]

    def reading_settings(self, name: str) -> dict[str, Any]:
        """Return the constructor settings of MESR in a reading of the paper."""
        return self.network_settings(ABLATION_MODEL) | self.readings.changes[name].network

    def train_settings(self, lr: float, **changes: Any) -> TrainSettings:
        """Return what the trainer is told: `lr`, the study's settings, and what departs from them.

        Raises
        ------
        ValueError
            When a change is no setting or has a value that none may have.
        """
        return TrainSettings(**dict(self.train) | dict(self.running) | {"lr": lr} | changes)

    def _check_arithmetic(self) -> None:
        if self.arithmetic == "native":
            return
        for name, value, only in (
            ("train.threads", self.train.threads, (None, 1)),
            ("evaluate.threads", self.evaluate.threads, (None, 1)),
            ("train.precision", self.train.precision, ("auto", "fp32")),
            ("train.compile", self.train.compile, (False,)),
        ):
            if value not in only:
                raise ValueError(
                    f"{name}: {value} is not possible in portable arithmetic, whose bits are the "
                    f"same on every processor; expected {only[-1]}, or arithmetic: native"
                )

    @model_validator(mode="after")
    def _consistent(self) -> "Params":
        self._check_arithmetic()
        for model in (*self.models, *self.baselines):
            if model not in self.networks:
                raise ValueError(
                    f"networks.{model}: missing; add an entry ({{}} for the size in its paper)"
                )
        if "mesr" in self.baselines or "bicubic" in self.baselines:
            raise ValueError("baselines: mesr stands in `models`, and bicubic is not trained")
        for model in self.evaluate.self_ensemble:
            if model not in (*self.models, *self.baselines):
                raise ValueError(
                    f"evaluate.self_ensemble: {model!r} is not trained; expected a network of "
                    "models or baselines"
                )
        test, images = self.data.test, self.data.images
        for field, values, allowed, where in (
            ("data.test", test, images, "data.images"),
            ("data.degrade", self.data.degrade, images, "data.images"),
            ("certify.datasets", self.certify.datasets, images, "data.images"),
            ("tables.ablation_dataset", [self.tables.ablation_dataset], test, "data.test"),
            ("tables.complexity_dataset", [self.tables.complexity_dataset], test, "data.test"),
        ):
            for value in values:
                if value not in allowed:
                    raise ValueError(f"{field}: {value!r} is not listed in {where}")
        if self.models or self.baselines:
            if self.data.train not in self.data.degrade:
                raise ValueError(f"data.train: {self.data.train!r} is not listed in data.degrade")
            if self.data.train in test and not self.data.allow_test_training:
                raise ValueError(
                    f"data.train: {self.data.train!r} is in data.test too, and scores on training "
                    "images say nothing of other images; to train on it all the same, set "
                    "data.allow_test_training to true"
                )
        if self.variants and not ("x4" in self.scales and self.models):
            raise ValueError(
                "variants: the ablation compares with the full network at x4, "
                "so scales must hold x4 and models mesr"
            )
        self._check_trainings()
        return self

    def _check_trainings(self) -> None:
        """Check repeats, tuning, readings and ladder against what else is trained."""
        odd: list[str]
        scales = self.repeats.scales
        if odd := [scale for scale in scales if scale not in self.scales]:
            raise ValueError(f"repeats.scales: {odd[0]!r} is not listed in scales")
        if odd := [seed for seed in self.repeats.seeds if seed in self.seeds]:
            raise ValueError(f"repeats.seeds: {odd[0]!r} is listed in seeds already")
        if self.repeats.seeds and self.variants and "x4" not in scales:
            raise ValueError(
                "repeats.seeds: the ablation at x4 is repeated with them too, so repeats.scales "
                "must hold x4; add it, or clear variants"
            )
        if self.models or self.baselines:
            if self.tune.scale not in self.scales:
                raise ValueError(f"tune.scale: {self.tune.scale!r} is not listed in scales")
            if self.train.schedule == "step" and (len(self.tune.lrs) > 1 or self.ladder.trained):
                raise ValueError(
                    "train.schedule: 'step' does not stretch to the lengths of tune.steps and "
                    "ladder.steps; use cosine, one_cycle or constant"
                )
            if len(self.tune.lrs) > 1 and self.train.validation_images == 0:
                raise ValueError(
                    "tune.lrs: several learning rates are compared on held-out images; set "
                    "train.validation_images above 0, or leave one learning rate"
                )
        seeds = [f"s{seed}" for seed in self.seeds_at(ABLATION_SCALE)]
        for field, values, allowed, where in (
            ("readings.trained", self.readings.trained, [*self.readings.changes], "changes"),
            ("readings.seeds", self.readings.seeds, seeds, "seeds, or in repeats for x4"),
            ("ladder.seeds", self.ladder.seeds, seeds, "seeds, or in repeats for x4"),
            ("ladder.models", self.ladder.models, self.models, "models"),
            ("ladder.baselines", self.ladder.baselines, self.baselines, "baselines"),
            ("ladder.longer.models", self.ladder.longer.models, self.ladder.models, LADDER),
            (
                "ladder.longer.baselines",
                self.ladder.longer.baselines,
                self.ladder.baselines,
                LADDER,
            ),
        ):
            if odd := [value for value in values if value not in allowed]:
                raise ValueError(f"{field}: {odd[0]!r} is not listed in {where}")
        rungs = [*self.ladder.steps, *self.ladder.longer.steps]
        if self.train.total_steps in rungs:
            raise ValueError(
                f"ladder.steps: {self.train.total_steps} is the length of the study's own "
                "trainings, which are compared anyway; leave it out"
            )
        if len(set(rungs)) < len(rungs):
            raise ValueError("ladder.longer.steps: a number of steps stands under ladder.steps too")
        compared = self.readings.trained or self.ladder.models or self.ladder.baselines
        if compared and "x4" not in self.scales:
            raise ValueError("readings and ladder are trained at x4, so scales must hold x4")
        if self.readings.trained and not self.models:
            raise ValueError("readings: they are compared with MESR, so models must hold mesr")
        for name, change in self.readings.changes.items():
            if odd := [key for key in change.train if key not in Recipe.model_fields]:
                raise ValueError(f"readings.changes.{name}.train: {odd[0]!r} is no setting")
            try:
                self.train_settings(self.tune.lrs[0], **change.train)
            except ValidationError as error:
                problem = error.errors()[0]
                where = ".".join(map(str, problem["loc"]))
                raise ValueError(
                    f"readings.changes.{name}.train.{where}: {problem['msg']}"
                ) from None


def validate_params(values: Any, origin: str) -> Params:
    """Check parameter values against the schema.

    Parameters
    ----------
    values : mapping
        Plain containers, as read from YAML.
    origin : str
        What to call their source in an error message.

    Raises
    ------
    UserError
        Naming each key that is unknown, missing or has a value that no stage accepts.
    """
    try:
        return Params.model_validate(values)
    except ValidationError as error:
        lines = []
        for problem in error.errors():
            where = ".".join(str(part) for part in problem["loc"])
            value = problem["input"]
            told = problem["type"] != "missing" and not isinstance(value, (dict, list))
            found = f" (found {str(value)[:80]!r})" if told else ""
            message = problem["msg"].removeprefix("Value error, ")
            if problem["type"] == "extra_forbidden":
                message = "no stage knows this key"
            lines.append(f"  {where}: {message}{found}" if where else f"  {message}")
        raise UserError(
            f"{origin} does not fit what the stages expect:\n"
            + "\n".join(lines)
            + "\nCorrect it, or compose it afresh: python -m pipeline.configure profile=quick"
        ) from error


def load_params(path: Path = paths.PARAMS) -> Params:
    """Read and check params.yaml.

    Raises
    ------
    UserError
        When the file is missing, is not YAML, or does not fit the schema.
    """
    return validate_params(_read_yaml(path), str(path))


def _read_yaml(path: Path) -> Mapping[str, Any]:
    if not path.is_file():
        raise UserError(
            f"{path}: not found in {Path.cwd()}. Run from the project's root, "
            "or compose it: python -m pipeline.configure profile=quick"
        )
    if (size := path.stat().st_size) > LARGEST_FILE:
        raise UserError(
            f"{path}: holds {size:,} bytes; expected at most {LARGEST_FILE:,}. Compose it afresh: "
            "python -m pipeline.configure profile=quick"
        )
    try:
        text = path.read_text(encoding="utf-8")
        depth = 0
        for event in yaml.parse(text, Loader=yaml.SafeLoader):  # builds nothing yet
            line = event.start_mark.line + 1 if event.start_mark else 0
            if isinstance(event, yaml.AliasEvent):
                raise UserError(
                    f"{path}, line {line}: an alias (*{event.anchor}), which "
                    "parameters do without. Write the value out."
                )
            depth += isinstance(event, yaml.CollectionStartEvent)
            depth -= isinstance(event, yaml.CollectionEndEvent)
            if depth > DEEPEST:
                raise UserError(
                    f"{path}, line {line}: nested more than {DEEPEST} levels "
                    "deep. Compose the file afresh: python -m pipeline.configure profile=quick"
                )
        # DVC interpolates nothing in params.yaml, so nothing may be interpolated here.
        values = OmegaConf.to_container(OmegaConf.load(StringIO(text)), resolve=False)
    # OmegaConf asserts that the top is a mapping or a list.
    except (OmegaConfBaseException, yaml.YAMLError, ValueError, OSError, AssertionError) as error:
        raise UserError(f"{path}: not readable as YAML ({error})") from error
    return values  # type: ignore[return-value]
