"""Checkpoints: stop a training at any moment and go on as if nothing had happened.

A checkpoint is one safetensors file, so replacing it is one rename: there is always a complete
one, the old or the new. It lies outside the outputs of the DVC stages, in a folder named by a
fingerprint of everything that determines the run; a run with any other setting, other data, other
code or other initial weights never meets it.
"""

import hashlib
import inspect
import json
import os
import shutil
import signal
import threading
from collections.abc import Mapping
from pathlib import Path
from types import FrameType
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from pipeline.support.errors import UserError
from pipeline.support.files import atomic_path

STATE = "state.safetensors"


def fingerprint(facts: Mapping[str, Any]) -> str:
    """Return the SHA-256, in hexadecimal, of JSON-serialisable facts; key order does not matter."""
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def weights_digest(network: nn.Module) -> str:
    """Return the SHA-256 of names, types, shapes and values of a network's state."""
    digest = hashlib.sha256()
    for name, tensor in network.state_dict().items():
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(on_cpu(tensor).reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def code_digest(network: nn.Module) -> str:
    """Return the SHA-256 of the code that determines a run: network, layers, loss, trainer."""
    root = Path(__file__).parents[2]
    # All of `imaging`: validation decides which weights are the best.
    folders = [root / "mesr", root / "pipeline" / "imaging", root / "pipeline" / "training"]
    files = [Path(inspect.getfile(type(network)))]
    files += [file for folder in folders for file in sorted(folder.rglob("*.py"))]
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.read_bytes())
    return digest.hexdigest()


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

    def save(self, tensors: Mapping[str, Tensor], state: Mapping[str, Any]) -> None:
        """Replace the checkpoint; the previous one is kept until the new one is complete."""
        facts = self.path / "facts.json"
        if not facts.exists():
            with atomic_path(facts) as temporary:
                temporary.write_text(json.dumps(self.facts, indent=2) + "\n")
        write_tensors(self.state, tensors, state)

    def load(self) -> tuple[dict[str, Tensor], dict[str, Any]] | None:
        """Return tensors and state of the checkpoint, or None when there is none."""
        remove_partial(self.state)
        return read_tensors(self.state) if self.state.exists() else None

    def remove(self) -> None:
        """Delete the folder; the run is complete."""
        shutil.rmtree(self.path, ignore_errors=True)


def remove_partial(target: Path) -> None:
    """Delete what processes that were killed while writing `target` left beside it."""
    for leftover in target.parent.glob(f".*.partial.{target.name}"):
        if leftover.is_dir():
            shutil.rmtree(leftover, ignore_errors=True)
        else:
            leftover.unlink(missing_ok=True)


class StopRequest:
    """Turns the first SIGINT or SIGTERM into a request to stop after the current step."""

    def __init__(self) -> None:
        self.number: int | None = None
        self.former: dict[int, Any] = {}

    @property
    def requested(self) -> bool:
        """Whether a signal came."""
        return self.number is not None

    def __enter__(self) -> "StopRequest":
        if threading.current_thread() is threading.main_thread():  # others may not set handlers
            for number in (signal.SIGINT, signal.SIGTERM):
                self.former[number] = signal.signal(number, self._handle)
        return self

    def __exit__(self, *error: object) -> None:
        for number, handler in self.former.items():
            signal.signal(number, handler)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        self.number = number
        for each, handler in self.former.items():  # the next one stops at once
            signal.signal(each, handler)
