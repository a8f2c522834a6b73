"""What networks cost on this machine: latency and peak memory, measured.

A stop-watch is no function of its inputs, so that none of this belongs to the study's graph:
``make measure`` writes one file a machine into ``benchmarks/machines/``, and the report shows those
it finds.
"""

import multiprocessing
import os
import random
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor
from tqdm import tqdm

from mesr.common.base import SRNetwork
from pipeline.imaging.backend import backend_flags, choose_device, device_name
from pipeline.models.counting import count, lr_size, weightless
from pipeline.models.networks import build_network

# Score of NTIRE's challenges on efficient SR, see `with_scores`.
NTIRE_REFERENCE = "mesr"
NTIRE_WEIGHTS = {"latency_ms": 0.7, "multi_adds": 0.15, "params": 0.15}
STATUS = Path("/proc/self/status")


@dataclass(frozen=True)
class Case:
    """One network on one input.

    Attributes
    ----------
    model, variant, size : str
        Name in the registry, its variant, and "paper" or "study" for the size.
    scale : {2, 3, 4}
        Upscaling factor.
    settings : dict
        Constructor settings.
    input : str
        Name of the input, e.g. ``"HR 1280x720"``.
    height, width : int
        LR pixels of the input.
    share : float
        Part of the height that is computed; time and memory are divided by it.
    """

    model: str
    variant: str
    size: str
    scale: int
    settings: dict[str, Any]
    input: str
    height: int
    width: int
    share: float = 1.0

    def build(self, device: torch.device) -> SRNetwork:
        """Return the network with initial weights, in evaluation mode and channels_last."""
        torch.manual_seed(0)
        network = build_network(self.model, self.scale, **self.settings).eval().to(device)
        return network.to(memory_format=torch.channels_last)

    def make_input(self, network: SRNetwork, device: torch.device) -> Tensor:
        """Return noise of the size that the network gets, (1, C, h, w) in [0, 1]."""
        height, width = max(8, round(self.height * self.share)), self.width
        if network.preupsampled:
            height, width = height * self.scale, width * self.scale
        x = torch.rand(1, 3 if network.domain == "rgb" else 1, height, width, device=device)
        return x.contiguous(memory_format=torch.channels_last)


def inputs(scale: int) -> list[tuple[str, int, int]]:
    """Name, LR height and LR width of the inputs: a 1280x720 HR image, and NTIRE's 256x256 LR."""
    return [("HR 1280x720", *lr_size(720, 1280, scale)), ("LR 256x256", 256, 256)]


def timed(network: SRNetwork, x: Tensor, precision: str) -> float:
    """Milliseconds of one forward pass: by events on a GPU, by the clock elsewhere."""
    with (
        backend_flags(),
        torch.inference_mode(),
        torch.autocast(x.device.type, torch.bfloat16, enabled=precision == "bf16"),
    ):
        if x.device.type == "cuda":
            start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
            start.record()
            network(x)
            end.record()
            torch.cuda.synchronize(x.device)
            return float(start.elapsed_time(end))
        began = time.perf_counter()
        network(x)
        return (time.perf_counter() - began) * 1000


def affordable(case: Case, device: torch.device, precision: str, limit_s: float) -> Case:
    """Return the largest part of the height that should take less than `limit_s` seconds."""
    part = replace(case, share=1 / 16)
    network = case.build(device)
    x = part.make_input(network, device)
    timed(network, x, precision)  # kernels are chosen and memory is allocated
    seconds = timed(network, x, precision) / 1000
    times = 2.0 ** np.floor(np.log2(max(limit_s / seconds, 1)))
    return replace(case, share=min(1.0, float(times) / 16))


def latencies(
    cases: Sequence[Case], device: torch.device, precision: str, rounds: int
) -> list[list[float]]:
    """Milliseconds of each case in each round, for the whole height.

    Every round runs each case once, in an order of its own, so that a drift of the machine
    (heat, other processes) meets all alike.
    """
    found: list[list[float]] = [[] for _ in cases]
    order = list(range(len(cases)))
    shuffle = random.Random(0)
    for round_ in tqdm(
        range(rounds + 1), "measure", unit="round", disable=None
    ):  # the first warms up
        shuffle.shuffle(order)
        for index in order:
            network = cases[index].build(device)
            x = cases[index].make_input(network, device)
            timed(network, x[..., :8, :], precision)
            elapsed = timed(network, x, precision) / cases[index].share
            if round_:
                found[index].append(elapsed)
    return found


def peak_memory(case: Case, device: torch.device, precision: str) -> float | None:
    """Peak memory in MiB of a forward pass, beyond what the process has anyway.

    On the CPU the growth of the resident set of a fresh process over that of one with PyTorch but
    without the network (Linux only, None elsewhere); on a GPU ``max_memory_allocated``, which needs
    no process of its own: PyTorch counts what it hands out byte by byte.
    """
    if device.type == "cuda":
        return _peak_memory(case, device, precision, torch.get_num_threads())
    if not STATUS.is_file():
        return None
    context = multiprocessing.get_context("spawn")
    with context.Pool(1) as pool:
        return pool.apply(_peak_memory, (case, device, precision, torch.get_num_threads()))


def _peak_memory(case: Case, device: torch.device, precision: str, threads: int) -> float:
    torch.set_num_threads(threads)
    one = torch.ones(1, 1, 1, 1, device=device)
    torch.nn.functional.conv2d(one, one)  # libraries are loaded
    on_gpu = device.type == "cuda"
    if on_gpu:
        torch.cuda.reset_peak_memory_stats(device)
    before = torch.cuda.memory_allocated(device) if on_gpu else _status("VmRSS")
    network = case.build(device)
    timed(network, case.make_input(network, device), precision)
    peak = torch.cuda.max_memory_allocated(device) if on_gpu else _status("VmHWM")
    weights = sum(p.nbytes for p in network.parameters())
    return ((peak - before - weights) / case.share + weights) / 2**20


def _status(field: str) -> int:
    """Read a size in bytes from Linux's account of this process."""
    lines = dict(line.split(":", 1) for line in STATUS.read_text().splitlines())
    return int(lines[field].split()[0]) * 1024


def measure(
    cases: Sequence[Case],
    *,
    precision: str = "fp32",
    threads: int | None = None,
    rounds: int = 5,
    limit_s: float = 3.0,
) -> pd.DataFrame:
    """Measure networks on this machine.

    Parameters
    ----------
    cases : sequence of Case
        Networks and inputs.
    precision : {"fp32", "bf16"}
        What the forward pass computes in; the study evaluates in fp32.
    threads : int, optional
        CPU threads; PyTorch's choice by default.
    rounds : int
        Timed passes of each case, at least three.
    limit_s : float
        Longest pass, in seconds. A case that would take longer is measured on a strip of its
        input (column `share`), and its time and memory are scaled to the whole.

    Returns
    -------
    DataFrame
        One row per case; times in milliseconds, memory in MiB.
    """
    device = choose_device()
    if threads is not None:
        torch.set_num_threads(threads)
    chosen = [affordable(case, device, precision, limit_s) for case in cases]
    found = latencies(chosen, device, precision, rounds)
    rows = []
    for case, milliseconds in zip(chosen, found, strict=True):
        low, median, high = np.percentile(milliseconds, [25, 50, 75])
        network = weightless(partial(build_network, case.model, case.scale, **case.settings))
        counted = count(network, case.height * case.scale, case.width * case.scale)
        rows.append(
            {
                **{name: getattr(case, name) for name in ("model", "variant", "size", "scale")},
                "input": case.input,
                "lr_height": case.height,
                "lr_width": case.width,
                "share": case.share,
                "params": counted.params,
                "multi_adds": counted.multi_adds,
                "convolutions": counted.convolutions,
                "activations": counted.activations,
                "latency_ms": median,
                "latency_q1_ms": low,
                "latency_q3_ms": high,
                "rounds": rounds,
                "peak_memory_mib": peak_memory(case, device, precision),
                "device": device.type,
                "machine": device_name(device),
                "threads": torch.get_num_threads(),
                "precision": precision,
                "torch": torch.__version__,
                "load": round(os.getloadavg()[0], 2),
                "measured": datetime.now(UTC).date().isoformat(),
            }
        )
    return with_scores(pd.DataFrame(rows))


def with_scores(table: pd.DataFrame) -> pd.DataFrame:
    """Add column `ntire_score`, relative to MESR of the same size, scale and input.

    The formula of NTIRE's challenges on efficient SR (2024 and 2025), whose reference networks
    are RLFN and EFDN. MESR itself has exp(2) = 7.39; NaN where MESR was not measured.

    References
    ----------
    Ren et al., "The Ninth NTIRE 2024 Efficient Super-Resolution Challenge Report", CVPRW 2024.
    """
    group, costs = ["size", "scale", "input"], list(NTIRE_WEIGHTS)
    mesr = table[table["model"] == NTIRE_REFERENCE].set_index(group)[costs]
    ratios = table[costs] / table[group].join(mesr, on=group)[costs]
    scores = np.exp(2 * ratios.clip(upper=350)) @ pd.Series(NTIRE_WEIGHTS)
    return table.assign(ntire_score=scores)


def file_name(table: pd.DataFrame) -> str:
    """Name a machine's file after processor, threads, PyTorch's version and precision."""
    row = table.iloc[0]
    threads = f"{row['threads']}threads" if row["device"] == "cpu" else ""
    words = (row["machine"], threads, f"torch{str(row['torch']).partition('+')[0]}")
    text = "-".join(filter(None, (*words, row["precision"])))
    return re.sub(r"[^A-Za-z0-9.]+", "-", text).strip("-").lower() + ".csv"
