"""What params.yaml holds: the trainings of a study, one line each, and how they are compared.

`pipeline.configure` writes the file, people and `dvc exp run -S` change it. It is checked here
once; the stages `tune`, `train` and `import_run` read their own lines of it as they are.
"""

import json
from collections import Counter
from collections.abc import Hashable, Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.functional_validators import AfterValidator

from pipeline.models.networks import CODE
from pipeline.study import paths
from pipeline.study.plain import REMEDY, read_params
from pipeline.study.runs import Kind, Run, method_name, parse_scale, run_key
from pipeline.support.arithmetic import Arithmetic
from pipeline.support.errors import UserError
from pipeline.support.validation import Size, validated
from pipeline.training.settings import TrainSettings

FORMAT = 1
TABLE_DATASETS = ("ablation_dataset", "complexity_dataset")

Item = TypeVar("Item", bound=Hashable)


def _distinct(values: list[Item]) -> list[Item]:
    value, count = next(iter(Counter(values).most_common(1)), (None, 1))
    if count > 1:
        raise ValueError(f"{value!r} stands more than once")
    return values


# DVC joins the values of a matrix with "-", so that no name of a dataset may hold one.
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_]{1,64}$")]
Network = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,40}$")]
Key = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,120}$")]
Code = Annotated[str, Field(pattern=rf"^{CODE}$")]
Scale = Literal["x2", "x3", "x4"]
_FILE = r"[A-Za-z0-9_+()][A-Za-z0-9_.+() -]{0,200}"
Image = Annotated[str, Field(pattern=f"^{_FILE}$")]
KeptImage = Annotated[str, Field(pattern=rf"^[A-Za-z0-9_]{{1,64}}/{_FILE}$")]
Distinct = Annotated[list[Item], AfterValidator(_distinct)]
Settings = dict[str, Any]
Pixel = Annotated[int, Field(ge=0, le=16_384)]
Side = Annotated[int, Field(ge=1, le=16_384)]


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class Data(_Strict):
    """Datasets, by name.

    Attributes
    ----------
    train : str
        What networks are trained on.
    exclude : list of str
        Images of `train` that are left out.
    test : list of str
        What runs are scored on.
    allow_test_training : bool
        Whether `train` may be one of `test`. Scores on images that a network was trained on say
        nothing of its quality on others.
    """

    train: Name
    exclude: Distinct[Image] = []
    test: Distinct[Name]
    allow_test_training: bool = False


class Tuned(_Strict):
    """A network whose learning rate is chosen; a single one is taken without any training."""

    code: Code
    lrs: Distinct[Annotated[float, Field(gt=0, allow_inf_nan=False)]] = Field(min_length=1)


class Tune(_Strict):
    """Length and scale of the trainings by which learning rates are compared."""

    steps: Annotated[int, Field(ge=1)]
    scale: Scale


class Training(_Strict):
    """One training.

    Attributes
    ----------
    network, variant : str
        Network, and how it departs from the study's own; ``""`` where it does not.
    code : str
        File or folder of the network, see `pipeline.models.networks.load_class`.
    scale : {"x2", "x3", "x4"}
        Upscaling factor.
    seed : int
        Of the initial weights and of the patches.
    settings, train : dict
        Settings of the network and of the training that depart from the study's.
    """

    network: Network
    variant: Annotated[str, Field(pattern=r"^[A-Za-z0-9_]{0,64}$")] = ""
    code: Code
    scale: Scale
    seed: Annotated[int, Field(ge=0, lt=10**9)]
    settings: Settings = {}
    train: Settings = {}


class Import(_Strict):
    """A run without a training: published weights, or bicubic interpolation.

    Attributes
    ----------
    network, variant, code, scale, settings
        As of a training. `variant` of published weights is ``"published"``, with the published
        size before it where there are several: ``"SD-published"``.
    weights : {"published", "none"}
        Whose.
    source : str
        File or folder that the run is made of, beside its code: the download of the weights.
    """

    network: Network
    variant: Annotated[str, Field(pattern=r"^(?:(?:[A-Za-z0-9_]+-)?published)?$")] = ""
    code: Code
    scale: Scale
    weights: Literal["published", "none"]
    source: Annotated[str, Field(pattern=r"^[A-Za-z0-9_./]{1,200}$")]
    settings: Settings = {}


class Variant(_Strict):
    """A named change of a network or of its training.

    Attributes
    ----------
    network : str
        The one that it changes; ``""`` for any.
    base : str
        The variant that it is compared with; ``""`` for the study's own network.
    heading, label : str
        Section of the table of variants, and its name there.
    settings, train : dict
        What it changes, of the network and of the training.
    """

    network: Annotated[str, Field(pattern=r"^[a-z0-9_]{0,41}$")] = ""
    base: Annotated[str, Field(pattern=r"^[A-Za-z0-9_]{0,64}$")] = ""
    heading: str = "Variants"
    label: str = ""
    settings: Settings = {}
    train: Settings = {}


class Comparison(_Strict):
    """Method `a` minus method `b` at a scale, on datasets.

    Attributes
    ----------
    family : str
        Comparisons of one family are corrected for their number, on each test set by itself.
    statement : str
        What holds when the difference is above 0.
    paper_db : float or None
        The paper's own difference in dB.
    """

    name: Name
    a: Key
    b: Key
    scale: Scale
    datasets: Distinct[Name]
    family: str = ""
    statement: str = ""
    paper_db: float | None = None


class Evaluate(_Strict):
    """How runs are scored.

    Attributes
    ----------
    protocol : {"rgb", "y"}
        See `pipeline.imaging.protocol`.
    keep_images : "all" or list of str
        SR images that are kept, ``DATASET/IMAGE``.
    threads : int or None
        CPU threads; None takes PyTorch's choice. Another number changes the order of sums, hence
        PSNR in the fifth decimal.
    """

    protocol: Literal["rgb", "y"]
    keep_images: Literal["all"] | Distinct[KeptImage]
    threads: Annotated[int, Field(ge=1, le=65_536)] | None


class Certify(_Strict):
    """Whose published weights are measured, and on what; and whose LR images are compared."""

    networks: Distinct[Network]
    datasets: Distinct[Name]
    lr: Distinct[Name]


class Complexity(_Strict):
    """Size of the HR output that Multi-Adds are counted for."""

    hr: Size


class Tables(_Strict):
    """Datasets of Tables 1 and 4."""

    ablation_dataset: Name
    complexity_dataset: Name
    complexity_scale: Scale


class Statistics(_Strict):
    """Bootstrap of paired differences."""

    resamples: Annotated[int, Field(ge=100, le=100_000)]
    confidence: Annotated[float, Field(gt=0, lt=1)]
    seed: Annotated[int, Field(ge=0, lt=2**32)]


class Crop(_Strict):
    """One visual comparison. `region` is x, y, width, height in HR pixels; null chooses it."""

    dataset: Name
    image: Image
    scale: Scale
    region: Annotated[tuple[Pixel, Pixel, Side, Side], Field(strict=False)] | None = None


class Figures(_Strict):
    """Visual comparisons (Figures 5-8) and coarse against refined (Figure 4)."""

    crops: list[Crop]
    refinement: Crop | None


class Params(_Strict):
    """The whole of params.yaml.

    Attributes
    ----------
    profile, subject : str
        Name of the study, and the network that its tables are about.
    arithmetic : {"portable", "native"}
        See `pipeline.support.arithmetic`.
    scales : list of {"x2", "x3", "x4"}
        Of the study.
    fetched : dict
        What is downloaded: ``source``, where the digests of an asset's files are listed, and
        ``out``, where its stage puts them.
    degraded : list of {"x2", "x3", "x4"}
        Scales at which LR images of ``data.train`` are stored.
    networks : dict
        Constructor settings of each network at the study's size.
    tuned : dict
        Networks that are trained; their learning rate is chosen first.
    train, running : dict
        `pipeline.training.settings`; `running` changes no result.
    trainings, imports : dict
        The runs, by key.
    evaluated : list of str
        Keys of the runs that are scored, in the order of the tables.
    variants : dict
        Every variant that is used.
    """

    format: Literal[1]
    profile: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,40}$")]
    subject: Network
    arithmetic: Arithmetic
    scales: Distinct[Scale]
    data: Data
    fetched: dict[Name, dict[str, str]]
    degraded: Distinct[Scale]
    networks: dict[Network, Settings]
    tuned: dict[Network, Tuned]
    tune: Tune
    train: Settings
    trainings: dict[Key, Training]
    imports: dict[Key, Import]
    evaluated: Distinct[Key]
    variants: dict[Name, Variant]
    comparisons: list[Comparison]
    evaluate: Evaluate
    certify: Certify
    complexity: Complexity
    tables: Tables
    statistics: Statistics
    figures: Figures
    running: Settings

    def runs(self) -> dict[str, Run]:
        """Return what is trained or imported, by key: first those scored, in table order."""
        keys = dict.fromkeys([*self.evaluated, *self.imports, *self.trainings])
        return {key: self.run(key) for key in keys}

    def run(self, key: str) -> Run:
        """Return one run.

        Raises
        ------
        UserError
            When params.yaml has none of that name.
        """
        entry = self.trainings.get(key) or self.imports.get(key)
        if entry is None:
            known = ", ".join([*self.trainings, *self.imports]) or "none"
            raise UserError(f"{key!r} is no run of {paths.PARAMS}, which has: {known}")
        about = entry.model_dump(include={"network", "variant", "code", "settings"})
        about |= {"key": key, "scale": parse_scale(entry.scale)}
        if isinstance(entry, Import):
            kinds: dict[str, Kind] = {"published": "published", "none": "interpolation"}
            return Run(**about, kind=kinds[entry.weights], seed=None)
        about["settings"] = self.networks[entry.network] | entry.settings
        return Run(**about, kind="trained", seed=entry.seed, train=entry.train)

    def train_settings(
        self, lr: float, where: str = "train or running", **changes: Any
    ) -> TrainSettings:
        """Return what the trainer is told: the study's settings, `lr`, and what departs from them.

        Raises
        ------
        UserError
            When one is no setting or has a value that none may have; `where` names the section.
        """
        values = {**self.train, **self.running, "lr": lr, **changes}
        return validated(TrainSettings, json.dumps(values), f"{paths.PARAMS}: {where}", REMEDY)

    @model_validator(mode="after")
    def _consistent(self) -> "Params":
        """Check what people and `dvc exp run -S` may change against the rest."""
        if problem := next(self._problems(), None):
            raise ValueError(problem)
        return self

    def _problems(self) -> Iterator[str]:
        for key, entry in self.trainings.items():
            for section, name, known in (
                ("networks", entry.network, self.networks),
                ("tuned", entry.network, self.tuned),
                ("variants", entry.variant, ("", *self.variants)),
                ("degraded", entry.scale, self.degraded),
            ):
                if name not in known:
                    yield f"{section}: lacks {name}, but {key} is trained"
        for key in (*self.trainings, *self.imports):
            run = self.run(key)
            name = run_key(run.network, run.variant, run.scale, run.seed)
            if key != name:
                yield (
                    f"{key}: its values are those of {name}; rename the key to that, or correct "
                    "the values"
                )
        runs: list[Training | Import] = [*self.imports.values(), *self.trainings.values()]
        methods = {(method_name(e.network, e.variant), e.scale) for e in runs}
        for pair in self.comparisons:
            for method in (pair.a, pair.b):
                if (method, pair.scale) not in methods:
                    yield (
                        f"comparisons, {pair.name}: nothing is run of {method!r} at {pair.scale}. "
                        f"Methods: {', '.join(sorted(name for name, _ in methods))}"
                    )
        named = [(f"comparisons, {pair.name}", pair.datasets) for pair in self.comparisons]
        named += [(f"tables.{n}", [getattr(self.tables, n)]) for n in TABLE_DATASETS]
        for where, datasets in named:
            for name in set(datasets) - set(self.data.test):
                yield f"{where}: {name!r} is not listed in data.test"
        if self.trainings:
            yield from self._training_problems()

    def _training_problems(self) -> Iterator[str]:
        told = [
            self.train_settings(1e-4, f"trainings.{key}.train", **entry.train)
            for key, entry in self.trainings.items()
        ]
        threads = {self.evaluate.threads, *(settings.threads for settings in told)}
        precisions = {settings.precision for settings in told}
        if self.arithmetic == "portable" and (threads - {None, 1} or "bf16" in precisions):
            yield (
                "train.threads, train.precision, evaluate.threads: more than one thread and bf16 "
                "are not possible in portable arithmetic, whose bits are the same on every "
                "processor; expected 1 and fp32, or arithmetic: native"
            )
        if self.data.train in self.data.test and not self.data.allow_test_training:
            yield (
                f"data.train: {self.data.train!r} is in data.test too, and scores on training "
                "images say nothing of other images; to train on it all the same, set "
                "data.allow_test_training to true"
            )
        settings = self.train_settings(1e-4)
        several = any(len(tuned.lrs) > 1 for tuned in self.tuned.values())
        if several and (settings.schedule == "step" or settings.validation_images == 0):
            yield (
                "tuned: several learning rates are compared on held-out images, by trainings of "
                "tune.steps; expected train.validation_images above 0 and train.schedule cosine "
                "or one_cycle ('step' does not stretch), or one learning rate"
            )


def load_params(path: Path = paths.PARAMS) -> Params:
    """Read and check params.yaml.

    Raises
    ------
    UserError
        When the file is missing, is not YAML, was written by an earlier version, or does not fit
        the schema, naming each key that is unknown, missing or has a value that no stage accepts.
    """
    return validated(Params, read_params(path), str(path), REMEDY)
