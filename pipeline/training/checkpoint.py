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
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from pipeline.support.errors import UserError
from pipeline.support.files import atomic_path

STATE = "state.safetensors"


def fingerprint(facts: Mapping[str, Any]) -> str:
    """Return the SHA-256, in hexadecimal, of JSON-serialisable facts; key order does not matter."""
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


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


class CheckpointFolder:
    """``checkpoints/<fingerprint>/``: the state of one unfinished run.

    The state holds the number of the ``step`` that was done last.

    Parameters
    ----------
    root : Path
        Where the folders of all runs lie.
    facts : mapping
        Everything that determines the run; kept beside the state as ``facts.json``.
    """

    def __init__(self, root: Path, facts: Mapping[str, Any]) -> None:
        self.facts = dict(facts)
        self.fingerprint = fingerprint(facts)
        self.path = root / self.fingerprint[:16]
        self.state = self.path / STATE
        self.saved_at, self.saved_step = time.perf_counter(), 0

    def due(self, step: int, every_seconds: int, every_steps: int) -> bool:
        """Tell whether so much passed since the last checkpoint; 0 switches a criterion off."""
        return bool(
            (every_seconds and time.perf_counter() - self.saved_at >= every_seconds)
            or (every_steps and step - self.saved_step >= every_steps)
        )

    def save(self, tensors: Mapping[str, Tensor], state: Mapping[str, Any]) -> None:
        """Replace the checkpoint; the previous one is kept until the new one is complete."""
        facts = self.path / "facts.json"
        if not facts.exists():
            with atomic_path(facts) as temporary:
                temporary.write_text(json.dumps(self.facts, indent=2) + "\n")
        write_tensors(self.state, tensors, state)
        self.saved_at, self.saved_step = time.perf_counter(), state["step"]

    def load(self) -> tuple[dict[str, Tensor], dict[str, Any]] | None:
        """Return tensors and state of the checkpoint, or None when there is none."""
        if not self.state.exists():
            return None
        tensors, state = read_tensors(self.state)
        self.saved_step = state["step"]
        return tensors, state

    def remove(self) -> None:
        """Delete the folder; the run is complete."""
        shutil.rmtree(self.path, ignore_errors=True)
