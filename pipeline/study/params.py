"""What params.yaml may hold. Every stage reads its parameters through `load_params`."""

import re
from pathlib import Path
from typing import Annotated, Any, Literal

from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PositiveInt,
    ValidationError,
    model_validator,
)

from pipeline.models.networks import network_variants
from pipeline.study.keys import ABLATION_MODEL, Key, parse_scale, parse_seed
from pipeline.support.errors import UserError
from pipeline.training.settings import Recipe, Running, TrainSettings

PARAMS_FILE = Path("params.yaml")

Profile = Literal["quick", "reduced", "paper", "certify"]
Scale = Literal["x2", "x3", "x4"]


def _name(value: str) -> str:
    # A DVC matrix joins its values with "-" and uses them in stage names and paths.
    if not re.fullmatch(r"[A-Za-z0-9_]+", value):
        raise ValueError(f"{value!r} may hold letters, digits and underscores only")
    return value


def _ablation_variant(value: str) -> str:
    _, *known = network_variants(ABLATION_MODEL)  # the first is MESR itself
    if value not in known:
        raise ValueError(f"{value!r} is no variant of the ablation; expected {', '.join(known)}")
    return value


Name = Annotated[str, AfterValidator(_name)]
Variant = Annotated[str, AfterValidator(_ablation_variant)]
Seed = Annotated[str, Field(pattern=r"^s\d+$")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class DataParams(_Strict):
    """Names of datasets and of published weights, as in pipeline/assets/files.csv."""

    train: Name
    test: list[Name] = Field(min_length=1)
    images: list[Name]
    degrade: list[Name]
    weights: list[Name]


class EvaluateParams(_Strict):
    """How networks are evaluated, and which published weights are, e.g. ``a2f_SD_x4``."""

    protocol: Literal["rgb", "y"]
    keep_images: Literal["all"] | list[str]
    published: list[Name]


class CertifyParams(_Strict):
    """Which published weights are measured, and on what; and whose LR images are compared."""

    networks: list[Name]
    datasets: list[Name]
    lr: list[Name]


class ComplexityParams(_Strict):
    """Size of the HR output that Multi-Adds are counted for."""

    hr: Annotated[str, Field(pattern=r"^\d+x\d+$")]


class TableParams(_Strict):
    """Datasets of Tables 1 and 4."""

    ablation_dataset: Name
    complexity_dataset: Name
    complexity_scale: Scale


class StatisticsParams(_Strict):
    """Bootstrap of the ablation's paired differences."""

    resamples: PositiveInt
    confidence: Annotated[float, Field(gt=0, lt=1)]
    seed: int


class CropParams(_Strict):
    """One visual comparison. `region` is x, y, width, height in HR pixels; null chooses it."""

    dataset: Name
    image: str
    scale: Scale
    region: tuple[int, int, int, int] | None = None


class FigureParams(_Strict):
    """Visual comparisons (Figures 5-8) and coarse against refined (Figure 4)."""

    crops: list[CropParams]
    refinement: CropParams | None


class Params(_Strict):
    """The whole of params.yaml."""

    profile: Profile
    scales: list[Scale] = Field(min_length=1)
    seeds: list[Seed] = Field(min_length=1)
    data: DataParams
    models: list[Literal["mesr"]] = Field(max_length=1)
    variants: list[Variant]
    baselines: list[Name]
    networks: dict[Name, dict[str, Any]]
    train: Recipe
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

    def evaluations(self) -> list[Key]:
        """Return every evaluation that the study consists of, in the order of the tables."""
        found = []
        for scale in map(parse_scale, self.scales):
            found.append(Key.bicubic(scale))
            for model in (*self.baselines, *self.models):
                found += [Key.trained(model, scale, parse_seed(seed)) for seed in self.seeds]
        for variant in self.variants:
            found += [Key.ablation(variant, parse_seed(seed)) for seed in self.seeds]
        return found + [Key.parse(f"published_{name}") for name in self.evaluate.published]

    @property
    def train_settings(self) -> TrainSettings:
        """What the trainer is told."""
        return TrainSettings(**dict(self.train), **dict(self.running))

    @model_validator(mode="after")
    def _consistent(self) -> "Params":
        for field in ("scales", "seeds", "variants", "baselines"):
            values = getattr(self, field)
            if len(set(values)) != len(values):
                raise ValueError(f"{field}: a value stands twice in {values}")
        for model in (*self.models, *self.baselines):
            if model not in self.networks:
                raise ValueError(
                    f"networks.{model}: missing; add an entry ({{}} for the size in its paper)"
                )
        for field in ("test", "degrade"):
            for dataset in getattr(self.data, field):
                if dataset not in self.data.images:
                    raise ValueError(f"data.{field}: {dataset!r} is not listed in data.images")
        if (self.models or self.baselines) and self.data.train not in self.data.degrade:
            raise ValueError(f"data.train: {self.data.train!r} is not listed in data.degrade")
        for field in ("datasets", "lr"):
            for dataset in getattr(self.certify, field):
                if dataset not in self.data.images:
                    raise ValueError(f"certify.{field}: {dataset!r} is not listed in data.images")
        if self.variants and not ("x4" in self.scales and self.models):
            raise ValueError(
                "variants: the ablation compares with the full network at x4, "
                "so scales must hold x4 and models mesr"
            )
        for field in ("ablation_dataset", "complexity_dataset"):
            if getattr(self.tables, field) not in self.data.test:
                raise ValueError(
                    f"tables.{field}: {getattr(self.tables, field)!r} is not listed in data.test"
                )
        return self


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
            found = f" (found {problem['input']!r})" if problem["type"] != "missing" else ""
            if isinstance(problem["input"], dict):
                found = ""
            message = problem["msg"].removeprefix("Value error, ")
            if problem["type"] == "extra_forbidden":
                message = "no stage knows this key"
            lines.append(f"  {where}: {message}{found}" if where else f"  {message}")
        raise UserError(
            f"{origin} does not fit what the stages expect:\n"
            + "\n".join(lines)
            + "\nCorrect it, or compose it afresh: python -m pipeline.configure profile=quick"
        ) from error


def load_params(path: Path = PARAMS_FILE) -> Params:
    """Read and check params.yaml.

    Raises
    ------
    UserError
        When the file is missing, is not YAML, or does not fit the schema.
    """
    try:
        values = OmegaConf.to_container(OmegaConf.load(path), resolve=True)
    except FileNotFoundError as error:
        raise UserError(
            f"{path}: not found in {Path.cwd()}. Run from the project's root, "
            "or compose it: python -m pipeline.configure profile=quick"
        ) from error
    except (OmegaConfBaseException, ValueError) as error:
        raise UserError(f"{path}: not readable as YAML ({error})") from error
    except Exception as error:  # the YAML parser's own errors share no public base with the above
        raise UserError(f"{path}: not readable as YAML ({error})") from error
    return validate_params(values, str(path))
