"""What determines a training, and what it leaves behind.

Everything in the output folder is a function of what determines the training: the same training,
run again or in parts, leaves the same bytes. Times and the like are in the log.
"""

import csv
import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from pipeline.imaging.backend import computed_on
from pipeline.support.files import atomic_path
from pipeline.support.provenance import code_digest, network_code
from pipeline.training.checkpoint import (
    CheckpointFolder,
    Row,
    TrainingState,
    on_cpu,
    write_tensors,
)
from pipeline.training.patches import TrainingImages
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
    "pipeline/support/arithmetic.py",
)

# How each column of history.csv is written; None, which does not apply, as nothing.
COLUMNS = {
    "step": "d",
    "epoch": ".6g",
    "lr": ".9g",
    "loss": ".9g",
    "psnr_db": ".6f",
    "coarse_psnr_db": ".6f",
    "gate_mean": ".6g",
}


def write_history(path: Path, rows: Sequence[Row]) -> None:
    """Write history.csv in one step: what the training determines, without times."""
    with atomic_path(path) as temporary, temporary.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for row in rows:
            writer.writerow(
                "" if row[name] is None else format(row[name], form)
                for name, form in COLUMNS.items()
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
