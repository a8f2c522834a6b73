"""One training in one process or in several: who does what, and what they exchange.

Hugging Face Accelerate finds and connects several processes; it is imported only then.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

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
        resumes, and parameters that an objective leaves unused would need a flag. What
        overlapping with the backward pass would save is small for networks of a few million
        parameters.

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

    def sum(self, values: Tensor) -> Tensor:
        """Return the sum over all processes of a tensor of equal shape in each."""
        if self.count == 1:
            return values
        from accelerate.utils import reduce  # noqa: PLC0415

        total: Tensor = reduce(values.to(self.device), "sum")
        return total

    def broadcast(self, value: T) -> T:
        """Return the main process's value in all processes; those of the others are ignored."""
        if self.count == 1:
            return value
        from accelerate.utils import broadcast_object_list  # noqa: PLC0415

        received: T = broadcast_object_list([value])[0]
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
