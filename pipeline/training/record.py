"""What determines a training, and what it leaves behind.

Everything in the output folder is a function of what determines the training: the same training,
run again or in parts, leaves the same bytes. Times and the like are in the log.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from pipeline.imaging.backend import computed_on
from pipeline.support.files import atomic_path
from pipeline.support.provenance import code_digest, network_code
from pipeline.training.checkpoint import CheckpointFolder, TrainingState, on_cpu, write_tensors
from pipeline.training.history import write_history
from pipeline.training.patches import PatchSampler, TrainingImages
from pipeline.training.processes import Processes
from pipeline.training.settings import TrainSettings

FORMAT = 3  # of checkpoints; raised when an old one can no longer be read

# What trains every network, beside its own code and `mesr.common`: see `network_code`.
CODE = (
    "pipeline/training",
    "pipeline/imaging/backend.py",
    "pipeline/imaging/colour.py",
    "pipeline/imaging/packed.py",
    "pipeline/imaging/tensors.py",
)


def weights_digest(network: nn.Module) -> str:
    """Return the SHA-256 of names, types, shapes and values of a network's state."""
    digest = hashlib.sha256()
    for name, tensor in network.state_dict().items():
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(on_cpu(tensor).reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def determining_facts(
    network: nn.Module,
    images: TrainingImages,
    settings: TrainSettings,
    seed: int,
    identity: Mapping[str, Any],
    precision: str,
    processes: Processes,
) -> dict[str, Any]:
    """Return everything that determines the result; the name of the checkpoint is its hash.

    Parameters
    ----------
    network : nn.Module
        Untrained.
    images : TrainingImages
        What is trained on and what is held out.
    settings : TrainSettings
        How to train.
    seed : int
        Of the patches.
    identity : mapping
        Network, variant, code, scale and network settings.
    precision : str
        ``"fp32"`` or ``"bf16"``.
    processes : Processes
        Their number and kind of device. The number of threads is PyTorch's current one.
    """
    return {
        "format": FORMAT,
        "identity": dict(identity),
        "seed": seed,
        "settings": settings.determining(),
        "excluded_images": images.excluded,
        "hr": images.hr.digest,
        "lr": images.lr.digest,
        "initial_weights": weights_digest(network),
        "code": code_digest([*network_code(type(network)), *CODE]),
        "environment": {  # decides the last bits
            "precision": precision,
            **computed_on(processes.device),
            "processes": processes.count,
            "cudnn": torch.backends.cudnn.version() if processes.device.type == "cuda" else None,
            "numpy": np.__version__,
        },
    }


def write_output(
    output: Path, state: TrainingState, folder: CheckpointFolder, images: TrainingImages
) -> None:
    """Write the folder of a finished training in one step.

    Parameters
    ----------
    output : Path
        Gets ``weights.safetensors``, ``best.safetensors`` when there was a validation,
        ``history.csv`` and ``run.json``.
    state : TrainingState
        At the last step.
    folder : CheckpointFolder
        Which knows what determined the training.
    images : TrainingImages
        What was held out and left out.
    """
    facts, best = folder.facts, state.best_row or {}
    with atomic_path(output) as partial:
        partial.mkdir()
        write_tensors(partial / "weights.safetensors", state.weights())
        if state.best:
            write_tensors(partial / "best.safetensors", state.best)
        write_history(partial / "history.csv", state.history)
        record = {
            **facts["identity"],
            "seed": facts["seed"],
            "train": facts["settings"],
            "params": sum(parameter.numel() for parameter in state.network.parameters()),
            "steps": state.step,
            "best_step": best.get("step"),
            "best_psnr_db": best.get("psnr_db"),
            "validation_images": images.validation,
            "skipped_images": images.skipped,
            "excluded_images": images.excluded,
            **facts["environment"],
            "code_digest": facts["code"],
            "data_digest": f"hr {facts['hr']} lr {facts['lr']}",
            "weights_sha256": file_digest(partial / "weights.safetensors"),
            "history_sha256": file_digest(partial / "history.csv"),
            "fingerprint": folder.fingerprint,
        }
        (partial / "run.json").write_text(json.dumps(record, indent=2) + "\n")


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_nonfinite(
    path: Path,
    state: TrainingState,
    patches: PatchSampler,
    settings: TrainSettings,
    loss: float,
    gradient_norm: float,
) -> None:
    """Write down all that is needed to replay a step whose update was not applied.

    Parameters
    ----------
    path : Path
        A ``.json`` file; tensors go to the ``.safetensors`` file beside it.
    state : TrainingState
        Before the step, gradients in place.
    patches : PatchSampler
        Where the batch came from.
    settings : TrainSettings
        Size of the global batch, of which a process may hold a share only.
    loss, gradient_norm : float
        Of the step.
    """
    batch = settings.batch
    report = {
        "step": state.step,
        "loss": str(loss),
        "gradient_norm": str(gradient_norm),
        "lr": state.optimizer.param_groups[0]["lr"],
        "parameters_with_nonfinite_gradient": [
            name
            for name, parameter in state.network.named_parameters()
            if parameter.grad is not None and not parameter.grad.isfinite().all()
        ],
        "patches": [patches.draw(state.step, i)._asdict() for i in range(batch)],
    }
    with atomic_path(path) as temporary:
        temporary.write_text(json.dumps(report, indent=2) + "\n")
    lr, hr = patches.batch(state.step, range(batch))
    tensors = {"lr": torch.from_numpy(lr), "hr": torch.from_numpy(hr)}
    for name, value in state.network.state_dict().items():
        tensors[f"network.{name}"] = value
    write_tensors(path.with_suffix(".safetensors"), tensors)
