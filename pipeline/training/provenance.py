"""What determines a training, and the folder that it leaves behind.

Everything in the folder is a function of what determines the training: the same training, run
again or in parts, leaves the same bytes. Times and the like are in the log.
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
from pipeline.support.provenance import ROOT, code_digest, network_code
from pipeline.training.checkpoint import on_cpu, write_tensors
from pipeline.training.history import write_history
from pipeline.training.patches import TrainingImages
from pipeline.training.processes import Processes
from pipeline.training.settings import TrainSettings
from pipeline.training.state import TrainingState

FORMAT = 2  # of checkpoints; raised when an old one can no longer be read


def weights_digest(network: nn.Module) -> str:
    """Return the SHA-256 of names, types, shapes and values of a network's state."""
    digest = hashlib.sha256()
    for name, tensor in network.state_dict().items():
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(on_cpu(tensor).reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def determining_code(network: nn.Module) -> list[Path]:
    """Return the code that determines a training: network, layers and loss, images, trainer.

    All of `pipeline.imaging`, because validation decides which weights are the best.
    """
    rooms = (ROOT / "pipeline" / name for name in ("imaging", "training"))
    return [*network_code(type(network)), *rooms]


def determining_facts(
    network: nn.Module,
    images: TrainingImages,
    settings: TrainSettings,
    *,
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
        Those under ``running`` determine nothing.
    seed : int
        Of the patches.
    identity : mapping
        Model, variant, scale and network settings.
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
        "hr": images.hr.digest,
        "lr": images.lr.digest,
        "initial_weights": weights_digest(network),
        "code": code_digest(determining_code(network)),
        "precision": precision,
        **computed_on(processes.device),
        "processes": processes.count,
        "cudnn": torch.backends.cudnn.version() if processes.device.type == "cuda" else None,
        "numpy": np.__version__,
    }


def run_record(
    facts: Mapping[str, Any], fingerprint: str, images: TrainingImages, state: TrainingState
) -> dict[str, Any]:
    """Return what run.json says of a finished training.

    Parameters
    ----------
    facts : mapping
        As `determining_facts` returned them.
    fingerprint : str
        Their hash.
    images : TrainingImages
        What was held out and left out.
    state : TrainingState
        At the last step.
    """
    best = state.best_row or {}
    how = ("precision", "device", "arithmetic", "machine", "threads", "processes", "torch")
    return {
        **facts["identity"],
        "seed": facts["seed"],
        "train": facts["settings"],
        "params": sum(parameter.numel() for parameter in state.network.parameters()),
        "steps": state.step,
        "best_step": best.get("step"),
        "best_psnr_db": best.get("psnr_db"),
        "validation_images": images.validation,
        "skipped_images": images.skipped,
        **{name: facts[name] for name in (*how, "cudnn", "numpy")},
        "code_digest": facts["code"],
        "data_digest": f"hr {facts['hr']} lr {facts['lr']}",
        "fingerprint": fingerprint,
    }


def write_output(output: Path, state: TrainingState, record: Mapping[str, Any], keep: str) -> None:
    """Write the folder of a finished training in one step.

    Parameters
    ----------
    output : Path
        Gets ``weights.safetensors``, ``best.safetensors`` or ``last.safetensors`` when there was
        a validation, ``history.csv`` and ``run.json``.
    state : TrainingState
        At the last step.
    record : mapping
        Content of run.json.
    keep : {"last", "best"}
        Whether weights.safetensors holds the last weights or the best.
    """
    last = state.kept_weights()
    weights, other = (state.best, last) if keep == "best" else (last, state.best)
    with atomic_path(output) as folder:
        folder.mkdir()
        write_tensors(folder / "weights.safetensors", weights)
        if other:
            name = "last" if keep == "best" else "best"
            write_tensors(folder / f"{name}.safetensors", other)
        write_history(folder / "history.csv", state.history)
        (folder / "run.json").write_text(json.dumps(record, indent=2) + "\n")
