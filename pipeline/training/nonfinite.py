"""What is left behind when a loss or a gradient is infinite or not a number."""

import json
from typing import NoReturn

import torch

from pipeline.support.errors import UserError
from pipeline.support.files import atomic_path
from pipeline.training.checkpoint import CheckpointFolder, write_tensors
from pipeline.training.patches import PatchSampler
from pipeline.training.state import TrainingState


class NonFiniteError(UserError):
    """A loss or gradient was not finite."""


def report_nonfinite(
    name: str,
    state: TrainingState,
    sampler: PatchSampler,
    batch_size: int,
    folder: CheckpointFolder,
    *,
    loss: float,
    gradient_norm: float,
    lr: float,
    precision: str,
    is_main: bool,
) -> NoReturn:
    """Write down the step, whose gradients were not applied, and give up.

    Parameters
    ----------
    name : str
        Of the run.
    state : TrainingState
        Before the step, gradients in place.
    sampler : PatchSampler
        Where the batch came from.
    batch_size : int
        Patches of the global batch: a process may hold a share of it only.
    folder : CheckpointFolder
        Gets ``nonfinite.json`` and ``nonfinite.safetensors``, all that is needed to replay it.
    loss, gradient_norm, lr : float
        Of the step.
    precision : str
        ``"fp32"`` or ``"bf16"``.
    is_main : bool
        Whether this process writes the files.

    Raises
    ------
    NonFiniteError
        Always.
    """
    path = folder.path / "nonfinite.json"
    if is_main:
        whole = range(batch_size)
        batch = sampler.batch(state.step, whole)
        report = {
            "step": state.step,
            "loss": str(loss),
            "gradient_norm": str(gradient_norm),
            "lr": lr,
            "precision": precision,
            "parameters_with_nonfinite_gradient": [
                name
                for name, parameter in state.parameters.items()
                if parameter.grad is not None and not parameter.grad.isfinite().all()
            ],
            "patches": [sampler.draw(state.step, i)._asdict() for i in whole],
        }
        with atomic_path(path) as temporary:
            temporary.write_text(json.dumps(report, indent=2) + "\n")
        write_tensors(
            path.with_suffix(".safetensors"),
            {
                "lr": torch.from_numpy(batch.lr),
                "hr": torch.from_numpy(batch.hr),
                **{f"network.{k}": v for k, v in state.network.state_dict().items()},
            },
        )
    raise NonFiniteError(
        f"{name}: step {state.step}: loss {loss}, gradient norm {gradient_norm}; expected "
        f"finite numbers. {path} and {path.stem}.safetensors hold the patches and the weights "
        "before the step. Lower tune.lrs, set train.grad_clip, or use precision fp32."
    )
