"""The processes that train one network together, and the signals that stop them.

Hugging Face Accelerate finds and connects several processes; it is imported only then.
"""

import os
import signal
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import FrameType
from typing import Any, NoReturn, TypeVar

import torch
from torch import Tensor

from pipeline.imaging.backend import choose_device
from pipeline.support.errors import UserError

T = TypeVar("T")

# What torchrun and `accelerate launch`, and the launchers of three MPIs, call their number.
WORLD_SIZES = ("WORLD_SIZE", "PMI_SIZE", "OMPI_COMM_WORLD_SIZE", "MV2_COMM_WORLD_SIZE")


@dataclass(frozen=True)
class Processes:
    """Place of this process among those that train one network together.

    Parameters
    ----------
    device : torch.device
        Where this process computes.
    count : int
        Number of processes.
    index : int
        Of this process, from 0.
    """

    device: torch.device
    count: int = 1
    index: int = 0

    @property
    def is_main(self) -> bool:
        """Whether this process reads the checkpoint, writes the files and speaks."""
        return self.index == 0

    def share_of_batch(self, batch: int) -> range:
        """Return this process's indices in the global batch.

        Raises
        ------
        UserError
            When the processes cannot share the batch equally.
        """
        if batch % self.count:
            raise UserError(
                f"train.batch is {batch}, which {self.count} processes cannot share equally. "
                f"Use a multiple of {self.count}, or another number of processes."
            )
        local = batch // self.count
        return range(self.index * local, (self.index + 1) * local)

    def average(
        self, gradients: Sequence[Tensor], loss: Tensor, stop: bool
    ) -> tuple[Tensor, Tensor]:
        """Average gradients (in place), loss and request to stop over the processes.

        One sum over one buffer, in place of DistributedDataParallel's buckets: their layout
        changes after the first step, which would change the order of summation when a training
        resumes.

        Parameters
        ----------
        gradients : sequence of Tensor
            The same parameters' in each process, each the mean over its share of the batch.
        loss : Tensor
            Scalar mean over this process's share.
        stop : bool
            Whether this process was asked to stop.

        Returns
        -------
        loss, stop : Tensor
            Scalars; `stop` is above 0 in all processes when it was true in one. Left on the
            device, so that reading them is the caller's only wait for it.
        """
        parts = [*gradients, loss, loss.new_tensor(float(stop))]
        if self.count > 1:
            from accelerate.utils import reduce  # noqa: PLC0415

            flat = reduce(torch.cat([part.reshape(-1) for part in parts]), "mean")
            averaged = flat.split([part.numel() for part in parts])
            for part, mean in zip(parts, averaged, strict=True):
                part.copy_(mean.view_as(part))
        return parts[-2], parts[-1]

    def from_main(self, read: Callable[[], T]) -> T:
        """Call a function in the main process alone and return its result in all of them."""
        if self.count == 1:
            return read()
        from accelerate.utils import broadcast_object_list  # noqa: PLC0415

        received: T = broadcast_object_list([read() if self.is_main else None])[0]
        return received


def find_processes() -> Processes:
    """Return this process's device and rank, which its launcher passes in the environment."""
    if max(int(os.environ.get(name, "1")) for name in WORLD_SIZES) == 1:
        return Processes(choose_device())
    from accelerate import PartialState  # noqa: PLC0415

    # On a machine without a GPU Accelerate overlooks the other processes unless it is told to use
    # the CPU, and each would train alone. It also sets the number of CPU threads when nobody did.
    cpu = os.environ.get("ACCELERATE_USE_CPU", "").lower() in {"1", "true", "yes", "on"}
    state = PartialState(cpu=cpu or choose_device().type == "cpu")
    return Processes(state.device, state.num_processes, state.process_index)


class StopRequest:
    """Turns the first SIGINT or SIGTERM into a request to stop after the current step.

    Until `listen` is called, signals do what they did before.
    """

    def __init__(self) -> None:
        self.number: int | None = None
        self.former: dict[int, Any] = {}

    @property
    def requested(self) -> bool:
        """Whether a signal came."""
        return self.number is not None

    def __enter__(self) -> "StopRequest":
        return self

    def listen(self) -> None:
        """Take signals from now on as requests; calling it again changes nothing."""
        if not self.former and threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):  # other threads may set no handlers
                self.former[number] = signal.signal(number, self._handle) or signal.SIG_DFL

    def __exit__(self, *error: object) -> None:
        for number, handler in self.former.items():
            signal.signal(number, handler)

    def stop(self) -> NoReturn:
        """Stop as the signal asks to, with status 143 after SIGTERM and 130 after SIGINT."""
        if self.number == signal.SIGTERM:
            raise SystemExit(128 + signal.SIGTERM)
        raise KeyboardInterrupt

    def _handle(self, number: int, frame: FrameType | None) -> None:
        self.number = number
        for each, handler in self.former.items():  # the next one stops at once
            signal.signal(each, handler)
