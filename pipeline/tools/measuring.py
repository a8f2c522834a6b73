"""What networks cost on this machine: latency and peak memory, measured.

A stop-watch is no function of its inputs, so that none of this belongs to the study's graph:
``make measure`` writes one file a machine into ``benchmarks/machines/``, and the report shows those
it finds.
"""

import multiprocessing
import os
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
from numpy.typing import NDArray
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
LIMIT_S = 3.0  # longest pass, in seconds; a case that would take longer is measured on a strip
CASE = ("model", "variant", "size", "scale", "input")
COUNTED = ("params", "multi_adds", "convolutions", "activations")


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
    precision : {"fp32", "bf16"}
        What the forward pass computes in; the study evaluates in fp32.
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
    precision: str = "fp32"

    def ready(self) -> tuple[SRNetwork, Tensor]:
        """Return the network with initial weights, and noise of the size that it gets."""
        torch.manual_seed(0)
        network = build_network(self.model, self.scale, **self.settings).eval()
        factor = self.scale if network.preupsampled else 1
        height, width = factor * max(8, round(self.height * self.share)), factor * self.width
        x = torch.rand(1, 3 if network.domain == "rgb" else 1, height, width)
        device, layout = choose_device(), torch.channels_last
        network = network.to(device).to(memory_format=layout)
        return network, x.to(device, memory_format=layout)

    def timed(self, network: SRNetwork, x: Tensor) -> float:
        """Milliseconds of one forward pass; a GPU is idle before and afterwards."""
        bf16 = self.precision == "bf16"
        autocast = torch.autocast(x.device.type, torch.bfloat16, enabled=bf16)
        with backend_flags(), torch.inference_mode(), autocast:
            if x.is_cuda:
                torch.cuda.synchronize(x.device)
            began = time.perf_counter()
            network(x)
            if x.is_cuda:
                torch.cuda.synchronize(x.device)
            return (time.perf_counter() - began) * 1000

    def affordable(self) -> "Case":
        """Return the largest part of the height that should take less than `LIMIT_S` seconds."""
        network, x = replace(self, share=1 / 16).ready()
        self.timed(network, x)  # kernels are chosen and memory is allocated
        seconds = self.timed(network, x) / 1000
        times = 2.0 ** np.floor(np.log2(max(LIMIT_S / seconds, 1)))
        return replace(self, share=min(1.0, float(times) / 16))


def inputs(scale: int) -> list[tuple[str, int, int]]:
    """Name, LR height and LR width of the inputs: a 1280x720 HR image, and NTIRE's 256x256 LR."""
    return [("HR 1280x720", *lr_size(720, 1280, scale)), ("LR 256x256", 256, 256)]


def latencies(cases: Sequence[Case], rounds: int) -> NDArray[np.float64]:
    """Milliseconds of each case (row) in each round (column), for the whole height.

    Every round runs each case once, in an order of its own, so that a drift of the machine
    (heat, other processes) meets all alike.
    """
    found = np.empty((rounds + 1, len(cases)))  # the first round warms up
    rng = np.random.default_rng(0)
    for milliseconds in tqdm(found, "measure", unit="round", disable=None):
        for index in rng.permutation(len(cases)):
            network, x = cases[index].ready()
            cases[index].timed(network, x[..., :8, :])
            milliseconds[index] = cases[index].timed(network, x) / cases[index].share
    return found[1:].T


def peak_memory(case: Case) -> float | None:
    """Peak memory in MiB of a forward pass, beyond what a process with PyTorch has anyway.

    Measured in a fresh process: on the CPU the growth of the resident set (Linux only, None
    elsewhere), on a GPU what PyTorch counts.
    """
    if not STATUS.is_file():
        return None
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_peak_memory, (case, torch.get_num_threads()))


def _peak_memory(case: Case, threads: int) -> float:
    torch.set_num_threads(threads)
    one = torch.ones(1, 1, 1, 1, device=choose_device())
    torch.nn.functional.conv2d(one, one)  # libraries are loaded
    if one.is_cuda:
        torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated() if one.is_cuda else _status("VmRSS")
    network, x = case.ready()
    case.timed(network, x)
    peak = torch.cuda.max_memory_allocated() if one.is_cuda else _status("VmHWM")
    weights = sum(p.nbytes for p in network.parameters())
    return ((peak - before - weights) / case.share + weights) / 2**20


def _status(field: str) -> int:
    """Read a size in bytes from Linux's account of this process."""
    return int(STATUS.read_text().split(f"{field}:")[1].split()[0]) * 1024


def measure(
    cases: Sequence[Case], *, precision: str = "fp32", threads: int | None = None, rounds: int = 5
) -> pd.DataFrame:
    """Measure networks on this machine.

    Parameters
    ----------
    cases : sequence of Case
        Networks and inputs.
    precision : {"fp32", "bf16"}
        As of `Case`.
    threads : int, optional
        CPU threads; PyTorch's choice by default.
    rounds : int
        Timed passes of each case, at least three.

    Returns
    -------
    DataFrame
        One row per case; times in milliseconds, memory in MiB.
    """
    device = choose_device()
    if threads is not None:
        torch.set_num_threads(threads)
    chosen = [replace(case, precision=precision).affordable() for case in cases]
    rows = []
    for case, milliseconds in zip(chosen, latencies(chosen, rounds), strict=True):
        network = weightless(partial(build_network, case.model, case.scale, **case.settings))
        counted = count(network, case.height * case.scale, case.width * case.scale)
        q1, median, q3 = np.percentile(milliseconds, [25, 50, 75])
        rows.append(
            {
                **{name: getattr(case, name) for name in CASE},
                "lr_height": case.height,
                "lr_width": case.width,
                "share": case.share,
                **{name: getattr(counted, name) for name in COUNTED},
                "latency_ms": median,
                "latency_q1_ms": q1,
                "latency_q3_ms": q3,
                "rounds": rounds,
                "peak_memory_mib": peak_memory(case),
            }
        )
    table = pd.DataFrame(rows).assign(
        device=device.type,
        machine=device_name(device),
        threads=torch.get_num_threads(),
        precision=precision,
        torch=torch.__version__,
        load=round(os.getloadavg()[0], 2),
        measured=datetime.now(UTC).date().isoformat(),
    )
    return with_scores(table)


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
