"""Processes, devices, threads and numeric switches: what a training runs on."""

import os
import platform
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, cast

import joblib  # type: ignore[import-untyped]
import torch
from accelerate import PartialState
from accelerate.utils import reduce
from torch import Tensor

from pipeline.support.errors import UserError
from pipeline.training.settings import TrainSettings


def process_state() -> PartialState:
    """Return this process's device and its place among the processes.

    Launchers say through the environment how many processes there are. Accelerate overlooks them
    on a machine without an accelerator unless it is told to use the CPU, and each process would
    then train alone.
    """
    wants_cpu = os.environ.get("ACCELERATE_USE_CPU", "").lower() in {"1", "true", "yes", "on"}
    return PartialState(cpu=wants_cpu or not torch.accelerator.is_available())


def share_of_batch(batch: int, processes: PartialState) -> range:
    """Return this process's indices in the global batch.

    Raises
    ------
    UserError
        When the processes cannot share the batch equally.
    """
    count = processes.num_processes
    if batch % count:
        raise UserError(
            f"train.batch is {batch}, which {count} processes cannot share equally. "
            f"Use a multiple of {count}, or another number of processes."
        )
    local = batch // count
    return range(processes.process_index * local, (processes.process_index + 1) * local)


def average_over_processes(
    gradients: Sequence[Tensor], loss: Tensor, stop: bool
) -> tuple[Tensor, Tensor]:
    """Average gradients (in place), loss and request to stop over the processes.

    One sum over one buffer, in place of DistributedDataParallel's buckets: their layout changes
    after the first step, which would change the order of summation when a training resumes, and
    parameters that an objective leaves unused would need a flag. What overlapping with the
    backward pass would save is small for networks of a few million parameters.

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
        Scalars; `stop` is above 0 in all processes when it was true in one. Left on the device,
        so that reading them is the caller's only wait for it.
    """
    parts = [*gradients, loss, loss.new_tensor(float(stop))]
    if process_state().num_processes > 1:
        flat = reduce(torch.cat([part.reshape(-1) for part in parts]), "mean")
        averaged = flat.split([part.numel() for part in parts])
        for part, mean in zip(parts, averaged, strict=True):
            part.copy_(mean.view_as(part))
    return parts[-2], parts[-1]


def resolve_precision(precision: str, device: torch.device) -> str:
    """Turn ``"auto"`` into ``"bf16"`` where that is faster than ``"fp32"``.

    By what the hardware is, not by a stop-watch: the choice is part of what determines a run.
    CPUs with AMX or AVX-512 BF16 and GPUs from compute capability 8 on multiply bfloat16 matrices
    at twice the rate of float32 or more (docs/training.md has measurements).
    """
    if precision != "auto":
        return precision
    if device.type == "cuda":
        return "bf16" if torch.cuda.get_device_capability(device)[0] >= 8 else "fp32"
    if device.type == "cpu":
        capabilities = torch.cpu.get_capabilities()
        fast = capabilities.get("amx_bf16", False) or capabilities.get("avx512_bf16", False)
        return "bf16" if fast else "fp32"
    return "fp32"


@contextmanager
def backend_flags(settings: TrainSettings) -> Iterator[None]:
    """Set PyTorch's global switches for a training, and put them back afterwards."""
    process_state()  # Accelerate sets the number of threads of CPU processes when nobody did
    threads = torch.get_num_threads()
    local = int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
    available = max(1, joblib.cpu_count() // local)  # heeds CPU affinity and container limits
    wanted = settings.threads or threads
    if settings.threads and wanted > available:
        warnings.warn(
            f"train.threads is {wanted}; using {available}, this process's share of the CPUs",
            stacklevel=2,
        )
    deterministic = torch.are_deterministic_algorithms_enabled()
    warn_only = torch.is_deterministic_algorithms_warn_only_enabled()
    fill = torch.utils.deterministic.fill_uninitialized_memory  # type: ignore[attr-defined]
    cudnn, matmul = cast(Any, torch.backends.cudnn), torch.backends.cuda.matmul
    former = cudnn.deterministic, cudnn.benchmark
    former_precision = cudnn.conv.fp32_precision, matmul.fp32_precision
    try:
        torch.set_num_threads(min(wanted, available))
        if settings.deterministic:
            os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # cuBLAS asks for it
            torch.use_deterministic_algorithms(True, warn_only=True)
            # Would fill each new tensor with NaN, a check that nobody here needs.
            torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
        cudnn.deterministic, cudnn.benchmark = settings.deterministic, not settings.deterministic
        # cuDNN's own default is TF32 for convolutions.
        cudnn.conv.fp32_precision = matmul.fp32_precision = "tf32" if settings.tf32 else "ieee"
        yield
    finally:
        torch.set_num_threads(threads)
        torch.use_deterministic_algorithms(deterministic, warn_only=warn_only)
        torch.utils.deterministic.fill_uninitialized_memory = fill  # type: ignore[attr-defined]
        cudnn.deterministic, cudnn.benchmark = former
        cudnn.conv.fp32_precision, matmul.fp32_precision = former_precision


def seed_generator(device: torch.device, seed: int) -> None:
    """Seed the random numbers of one device; `torch.manual_seed` does all, at 1 ms a call."""
    if device.type == "cpu":
        torch.default_generator.manual_seed(seed)
    else:
        torch.get_device_module(device).manual_seed(seed)


def device_name(device: torch.device) -> str:
    """Name the kind of processor, not the host."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    if device.type == "cpu":
        name = torch.cpu.get_capabilities().get("cpu_name") or platform.machine()
        return f"{name} ({torch.backends.cpu.get_cpu_capability()})"
    return device.type
