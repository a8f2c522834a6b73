"""Checkpoints: stop a training at any moment and go on as if nothing had happened.

A checkpoint is one safetensors file, so replacing it is one rename: there is always a complete
one, the old or the new. It lies outside the outputs of the DVC stages, in a folder named by a
fingerprint of everything that determines the run; a run with any other setting, other data, other
code or other initial weights never meets it.
"""

import hashlib
import json
import os
import shutil
import time
from collections.abc import Mapping
from math import fsum
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from mesr.common.base import SRNetwork
from pipeline.support.errors import UserError
from pipeline.support.files import atomic_path
from pipeline.training.settings import TrainSettings
from pipeline.training.validation import Scores

STATE = "state.safetensors"

# Of history.csv, by column, and the seconds of training until then, which go to the log alone.
Row = dict[str, Any]


def on_cpu(tensor: Tensor) -> Tensor:
    """Return a contiguous copy in main memory that shares nothing with `tensor`."""
    return torch.empty_like(
        tensor, device="cpu", memory_format=torch.contiguous_format, requires_grad=False
    ).copy_(tensor.detach())


def write_tensors(
    path: Path, tensors: Mapping[str, Tensor], state: Mapping[str, Any] | None = None
) -> None:
    """Write tensors, and state as JSON in their header, to a safetensors file.

    The file is complete and on the disk before it takes the place of an earlier one.

    Parameters
    ----------
    path : Path
        The file.
    tensors : mapping of str to Tensor
        Any devices and memory formats.
    state : mapping, optional
        JSON-serialisable.

    Raises
    ------
    UserError
        When the disk is full or the folder cannot be written.
    """
    metadata = None if state is None else {"state": json.dumps(state)}
    data = save({name: on_cpu(tensor) for name, tensor in tensors.items()}, metadata)
    with atomic_path(path) as temporary, temporary.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)  # the rename itself must survive a power failure
    finally:
        os.close(folder)


def read_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Read what `write_tensors` wrote, into main memory.

    Raises
    ------
    UserError
        When the file is damaged.
    """
    try:
        with safe_open(path, framework="pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            state = json.loads((file.metadata() or {}).get("state", "{}"))
    except (SafetensorError, OSError, ValueError) as error:
        raise UserError(
            f"{path}: not readable as a checkpoint ({error}). Delete {path.parent} and run the "
            "command again; the training then starts from its first step."
        ) from error
    return tensors, state


class TrainingState:
    """What changes with each step of a training, and so must be in its checkpoints.

    Parameters
    ----------
    network : SRNetwork
        Being trained, on its device.
    settings : TrainSettings
        Constants of Adam, and the length of an epoch.

    Attributes
    ----------
    parameters : dict of Parameter
        Those that are trained, by name.
    optimizer : torch.optim.Adam
        Of these parameters.
    step : int
        Steps done.
    losses : list of float
        Of the steps since the last row of the history.
    history : list of Row
        Rows of history.csv.
    best : dict of Tensor
        Weights of the best validation so far, in main memory; empty without any.
    best_row : Row or None
        Row of the history that the best weights belong to.
    parts : int
        1 more than how often the training was resumed.

    Raises
    ------
    UserError
        When the network has nothing to train.
    """

    def __init__(self, network: SRNetwork, settings: TrainSettings) -> None:
        self.network, self.settings = network, settings
        self.parameters = {name: p for name, p in network.named_parameters() if p.requires_grad}
        if not self.parameters:
            raise UserError(f"{type(network).__name__} has no parameters to train.")
        self.optimizer = torch.optim.Adam(
            self.parameters.values(),
            lr=settings.lr,
            betas=settings.betas,
            eps=settings.eps,
            fused=next(network.parameters()).device.type in {"cpu", "cuda"},
        )
        self.step = 0
        self.losses: list[float] = []
        self.history: list[Row] = []
        self.best: dict[str, Tensor] = {}
        self.best_row: Row | None = None
        self.parts = 1
        self._earlier_seconds = 0.0
        self._began = time.perf_counter()

    @property
    def seconds(self) -> float:
        """Time spent on this training, over all its parts."""
        return self._earlier_seconds + time.perf_counter() - self._began

    def weights(self) -> dict[str, Tensor]:
        """Return a copy of the network's weights in main memory."""
        return {name: on_cpu(value) for name, value in self.network.state_dict().items()}

    def row_due(self, every: int, total: int) -> bool:
        """Tell whether the history lacks its row of this step, of which there is one at the end."""
        due = self.step > 0 and (self.step % every == 0 or self.step == total)
        return due and (not self.history or self.history[-1]["step"] < self.step)

    def add_row(self, lr: float, scores: Scores) -> Row:
        """Add the row of this step to the history, and keep the weights when they are the best."""
        row: Row = {
            "step": self.step,
            "epoch": self.step / self.settings.steps_per_epoch,
            "lr": lr,
            "loss": fsum(self.losses) / len(self.losses),
            **scores._asdict(),
            "seconds": self.seconds,
        }
        self.losses = []
        self.history.append(row)
        best = None if self.best_row is None else self.best_row["psnr_db"]
        if scores.psnr_db is not None and (best is None or scores.psnr_db > best):
            self.best_row, self.best = row, self.weights()
        return row

    def saved(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Return tensors, under names that do not depend on any order, and the rest as JSON."""
        tensors = {f"network.{name}": value for name, value in self.network.state_dict().items()}
        for name, parameter in self.parameters.items():
            for key, value in self.optimizer.state[parameter].items():
                tensors[f"adam.{key}.{name}"] = value
        tensors |= {f"best.{name}": value for name, value in self.best.items()}
        return tensors, {
            "step": self.step,
            "losses": self.losses,
            "history": self.history,
            "best_row": self.best_row,
            "seconds": self.seconds,
            "parts": self.parts,
        }

    def resume(self, checkpoint: tuple[Mapping[str, Tensor], Mapping[str, Any]] | None) -> None:
        """Take over what `saved` returned in an earlier part of the training, if there was one."""
        if checkpoint is None:
            return
        tensors, state = checkpoint
        groups: dict[str, dict[str, Tensor]] = {"adam": {}, "best": {}}
        for name, value in tensors.items():
            kind, _, rest = name.partition(".")
            groups.setdefault(kind, {})[rest] = value
        self.network.load_state_dict(groups["network"])
        for name, value in groups["adam"].items():
            key, _, parameter_name = name.partition(".")
            parameter = self.parameters[parameter_name]
            # Fused Adam walks through memory: moments must lie as the weights do (channels_last).
            like = parameter if value.dim() else value.to(parameter.device)
            self.optimizer.state[parameter][key] = torch.empty_like(like).copy_(value)
        self.best = groups["best"]
        self.step, self.losses, self.history = state["step"], state["losses"], state["history"]
        self.best_row, self._earlier_seconds = state["best_row"], state["seconds"]
        self.parts = state["parts"] + 1


class CheckpointFolder:
    """``checkpoints/<fingerprint>/``: the state of one unfinished run.

    Parameters
    ----------
    root : Path
        Where the folders of all runs lie.
    facts : mapping
        Everything that determines the run, JSON-serialisable; kept beside the state as
        ``facts.json``. The fingerprint is its SHA-256.
    """

    def __init__(self, root: Path, facts: Mapping[str, Any]) -> None:
        self.facts = dict(facts)
        content = json.dumps(self.facts, sort_keys=True).encode()
        self.fingerprint = hashlib.sha256(content).hexdigest()
        self.path = root / self.fingerprint[:16]
        self.state = self.path / STATE
        self.saved_at = time.perf_counter()

    def due(self, seconds: int) -> bool:
        """Tell whether so long has passed since the last checkpoint; never for 0."""
        return seconds > 0 and time.perf_counter() - self.saved_at >= seconds

    def save(self, state: TrainingState, name: str = STATE) -> None:
        """Replace the checkpoint; the previous one is kept until the new one is complete."""
        facts = self.path / "facts.json"
        if not facts.exists():
            with atomic_path(facts) as temporary:
                temporary.write_text(json.dumps(self.facts, indent=2) + "\n")
        write_tensors(self.path / name, *state.saved())
        self.saved_at = time.perf_counter()

    def load(self) -> tuple[dict[str, Tensor], dict[str, Any]] | None:
        """Return tensors and state of the checkpoint, or None when there is none."""
        return read_tensors(self.state) if self.state.exists() else None

    def remove(self) -> None:
        """Delete the folder; the run is complete."""
        shutil.rmtree(self.path, ignore_errors=True)
