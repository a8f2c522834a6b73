"""The settings of a training, with their limits: checked by pydantic where params.yaml is read.

Nothing is checked here, and pydantic is not imported: a training is told values that were checked.
"""

from dataclasses import asdict, dataclass
from typing import Annotated, Any, ClassVar, Literal

from annotated_types import Ge, Interval

Fraction = Annotated[float, Interval(ge=0, lt=1)]
Positive = Annotated[float, Interval(gt=0, lt=float("inf"))]
# Upper bounds are far above anything sensible: they catch a slip of the keyboard before it hangs.
Length = Annotated[int, Interval(ge=1, le=100_000_000)]

RUNNING = ("checkpoint_every_seconds", "cuda_graph")


@dataclass(frozen=True, kw_only=True)
class TrainSettings:
    """All that `pipeline.training.trainer.train` is told about how to train.

    The defaults are Section IV-B of the paper.

    Parameters
    ----------
    lr : float
        Learning rate, the highest one of the schedule.
    patch : int
        Height and width of the LR patches, in LR pixels.
    batch : int
        Patches per step, over all processes together.
    epochs, steps_per_epoch : int
        Length of the training. Patches are drawn at random, so an epoch is a unit of time, not a
        pass over the images; 1000 steps is what the EDSR line of work calls an epoch.
    steps : int or None
        Overrides epochs * steps_per_epoch.
    betas, eps
        Constants of Adam.
    schedule : {"step", "one_cycle", "cosine"}
        ``"step"`` multiplies by `decay_factor` every `decay_every_epochs` epochs; ``"one_cycle"``
        rises from lr / 25 over the first 30 % of the steps and falls to lr / 250,000, both along
        a cosine (PyTorch's defaults); ``"cosine"`` falls from lr to 0.
    charbonnier : {"pixel", "image"}
        Reading of equation (21): root per value, or of the norm over the image.
    charbonnier_zeta : float
        Zeta of equation (21), for images in [0, 1].
    loss_weight : float
        Factor of the whole loss. With 2, a network of one output has the gradient of one whose
        two equal outputs are both in the loss.
    skip_small_images : bool
        Leave out training images that are smaller than a patch (run.json lists them), where
        otherwise the training is refused.
    flips, rotations : bool
        Augment by horizontal flips and by 90-degree rotations.
    validation_images : int
        How many training images are held out, never trained on, and used for validation.
    validation_crop : int
        Validate on the central square of that many LR pixels; 0 takes whole images.
    validate_every : int
        Steps between two rows of history.csv, each with a validation when images are held out.
    precision : {"auto", "fp32", "bf16"}
        ``"auto"`` takes bfloat16 autocast where the hardware multiplies bfloat16 matrices faster
        than float32 (CPUs with AMX or AVX-512 BF16, GPUs of compute capability 8 and later).
    channels_last : bool
        Memory order of images and weights.
    deterministic : bool
        Ask for deterministic algorithms. CPUs have no others here; GPUs lose some speed.
    threads : int or None
        CPU threads per process; None takes PyTorch's choice (which honours OMP_NUM_THREADS).
        Never more than there are processors.
    initial_seed_offset : int
        Added to the run's seed for the initial weights alone. Networks that share most of their
        layers share most of their initial weights under one seed; an offset makes them
        independent.
    checkpoint_every_seconds : int
        Save when so long has passed since the last checkpoint; 0 saves when stopped only.
    cuda_graph : bool
        On a GPU, record the kernels of a step once and launch them together from then on.

    The last two never change weights or history.
    """

    # For pydantic, when it reads a dataclass.
    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid", "strict": True}

    lr: Positive = 1e-4
    patch: Annotated[int, Interval(ge=1, le=4096)] = 32
    batch: Annotated[int, Ge(1)] = 16  # what fits is for the estimate of memory to say
    epochs: Annotated[int, Interval(ge=1, le=100_000)] = 1000
    steps_per_epoch: Annotated[int, Interval(ge=1, le=1_000_000)] = 1000
    steps: Length | None = None
    betas: tuple[Fraction, Fraction] = (0.9, 0.999)
    eps: Positive = 1e-8
    schedule: Literal["step", "one_cycle", "cosine"] = "step"
    decay_every_epochs: Length = 200
    decay_factor: Annotated[float, Interval(gt=0, le=1)] = 0.5
    charbonnier: Literal["pixel", "image"] = "pixel"
    charbonnier_zeta: Positive = 1e-3
    loss_weight: Positive = 1.0
    skip_small_images: bool = False
    flips: bool = True
    rotations: bool = True
    validation_images: Annotated[int, Ge(0)] = 10
    validation_crop: Annotated[int, Ge(0)] = 0
    validate_every: Length = 1000
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    channels_last: bool = True
    deterministic: bool = True
    threads: Annotated[int, Interval(ge=1, le=65_536)] | None = None
    initial_seed_offset: Annotated[int, Interval(ge=0, lt=1_000_000_000)] = 0
    checkpoint_every_seconds: Annotated[int, Ge(0)] = 300
    cuda_graph: bool = True

    @property
    def total_steps(self) -> int:
        """Optimizer steps of the whole training."""
        return self.steps or self.epochs * self.steps_per_epoch

    def determining(self) -> dict[str, Any]:
        """Return the settings that can change the result of a training, as JSON has them."""
        values = asdict(self) | {"betas": list(self.betas)}
        return {name: value for name, value in values.items() if name not in RUNNING}
