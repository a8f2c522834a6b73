"""The settings of a training. Imports no torch, so that checking params.yaml stays quick."""

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, PositiveInt, model_validator

Fraction = Annotated[float, Field(ge=0, lt=1)]
# Upper bounds are far above anything sensible: they catch a slip of the keyboard before it hangs.
Length = Annotated[int, Field(ge=1, le=100_000_000)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NonNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class _Settings(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class Running(_Settings):
    """How a training is read, saved and watched. Never changes its weights or its history.

    Parameters
    ----------
    workers : int
        Threads that read patches ahead of the loop; 0 reads them in the loop itself.
    checkpoint_every_seconds, checkpoint_every_steps : int
        Save when either has passed since the last checkpoint; 0 switches one off.
    cuda_graph : bool
        On a GPU, record the kernels of a step once and launch them together from then on. The
        equal-budget objective only: the papers' own change with the step.
    watch : list of {"tensorboard", "dvclive"}
        Loggers besides the progress lines; both come with the extra ``watch``.
    """

    workers: Annotated[int, Field(ge=0, le=1024)] = 0
    checkpoint_every_seconds: NonNegativeInt = 300
    checkpoint_every_steps: NonNegativeInt = 0
    cuda_graph: bool = True
    watch: Annotated[list[Literal["tensorboard", "dvclive"]], Field(max_length=2)] = []


class Recipe(_Settings):
    """What determines the result of a training, the learning rate apart.

    The defaults are Section IV-B of the paper. The learning rate is each network's own: stages
    `tune` and `tune_baseline` choose it.

    Parameters
    ----------
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
    schedule : {"step", "one_cycle", "cosine", "constant"}
        ``"step"`` multiplies by `decay_factor` every `decay_every_epochs` epochs; ``"one_cycle"``
        rises from lr / 25 over the first 30 % of the steps and falls to lr / 250,000, both along
        a cosine (PyTorch's defaults); ``"cosine"`` falls from lr to 0.
    objective : {"charbonnier", "paper"}
        The equal-budget loss (sum of Charbonnier losses over the outputs) or the one from the
        network's own paper.
    charbonnier : {"pixel", "image"}
        Reading of equation (21): root per value, or of the norm over the image.
    charbonnier_zeta : float
        Zeta of equation (21), for images in [0, 1].
    grad_clip : float
        Largest gradient norm; 0 switches clipping off.
    ema : float
        Decay of an exponential moving average of the weights, which is then what is validated
        and kept; 0 switches it off.
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
    keep : {"last", "best"}
        Whether weights.safetensors holds the last weights or those of the best validation.
    precision : {"auto", "fp32", "bf16"}
        ``"auto"`` takes bfloat16 autocast where the hardware multiplies bfloat16 matrices faster
        than float32 (CPUs with AMX or AVX-512 BF16, GPUs of compute capability 8 and later).
    tf32 : bool
        Let GPUs compute float32 convolutions and matrix products with 10-bit mantissas.
    channels_last : bool
        Memory order of images and weights.
    compile : bool
        Use `torch.compile`.
    deterministic : bool
        Ask for deterministic algorithms. CPUs have no others here; GPUs lose some speed.
    threads : int or None
        CPU threads per process; None takes PyTorch's choice (which honours OMP_NUM_THREADS).
        Never more than there are processors.
    """

    patch: Annotated[int, Field(ge=1, le=4096)] = 32
    batch: PositiveInt = 16  # what fits is for the estimate of memory to say
    epochs: Length = 1000
    steps_per_epoch: Length = 1000
    steps: Length | None = None

    betas: Annotated[tuple[Fraction, Fraction], Field(strict=False)] = (0.9, 0.999)
    eps: Positive = 1e-8
    schedule: Literal["step", "one_cycle", "cosine", "constant"] = "step"
    decay_every_epochs: Length = 200
    decay_factor: Annotated[float, Field(gt=0, le=1)] = 0.5

    objective: Literal["charbonnier", "paper"] = "charbonnier"
    charbonnier: Literal["pixel", "image"] = "pixel"
    charbonnier_zeta: Positive = 1e-3
    grad_clip: NonNegative = 0.0
    ema: Fraction = 0.0

    skip_small_images: bool = False
    flips: bool = True
    rotations: bool = True
    validation_images: NonNegativeInt = 10
    validation_crop: NonNegativeInt = 0
    validate_every: Length = 1000
    keep: Literal["last", "best"] = "last"

    precision: Literal["auto", "fp32", "bf16"] = "auto"
    tf32: bool = False
    channels_last: bool = True
    compile: bool = False
    deterministic: bool = True
    threads: Annotated[int, Field(ge=1, le=65_536)] | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.keep == "best" and self.validation_images == 0:
            raise ValueError(
                "keep: 'best' needs validation_images > 0; hold some out, or keep 'last'"
            )
        if self.total_steps > 100_000_000:
            raise ValueError("epochs and steps_per_epoch: more than 100,000,000 steps in all")
        if self.compile and self.tf32:
            raise ValueError("compile and tf32: PyTorch's compiler refuses the two together")
        return self

    @property
    def total_steps(self) -> int:
        """Optimizer steps of the whole training."""
        return self.steps or self.epochs * self.steps_per_epoch


class TrainSettings(Recipe, Running):
    """All that `pipeline.training.trainer.train` is told.

    Parameters
    ----------
    lr : float
        Learning rate, the highest one of the schedule.
    """

    lr: Positive = 1e-4

    def determining(self) -> dict[str, Any]:
        """Return the settings that can change the result of a training, as plain values."""
        return self.model_dump(mode="json", exclude=set(Running.model_fields))
