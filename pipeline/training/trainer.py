"""Training one network, from top to bottom.

The result is a function of the arguments alone: patches are drawn by (seed, step, index), the
learning rate by the step, and a checkpoint holds everything else. On one kind of device, with one
number of threads and processes, outputs are equal bit by bit from run to run, interrupted or not.
"""

import sys
import time
from collections.abc import Callable, Collection, Mapping
from math import cos, isfinite, pi
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from tqdm import tqdm

from mesr.common.base import SRNetwork
from pipeline.imaging.backend import backend_flags, device_name, resolve_precision, seed_generator
from pipeline.support import arithmetic
from pipeline.support.errors import UserError
from pipeline.support.provenance import write_log
from pipeline.training.checkpoint import CheckpointFolder, TrainingState
from pipeline.training.memory import check_memory
from pipeline.training.patches import PatchSampler, open_images
from pipeline.training.processes import StopRequest, find_processes
from pipeline.training.record import determining_facts, write_history, write_output
from pipeline.training.settings import TrainSettings
from pipeline.training.step import Gradients, batch_loss, memory_format, to_device
from pipeline.training.validation import validate


class NonFiniteError(UserError):
    """A loss or gradient was not finite."""


def train(
    build: Callable[[], SRNetwork],
    *,
    hr: Path,
    lr: Path,
    settings: TrainSettings,
    seed: int,
    output: Path,
    identity: Mapping[str, Any],
    exclude: Collection[str] = (),
    checkpoints: Path = Path("checkpoints"),
    keep_checkpoint: bool = False,
) -> None:
    """Train a network and write its weights, history and provenance.

    Goes on from a checkpoint where an earlier call with the same arguments was stopped. Under
    ``torchrun`` or ``accelerate launch`` every process calls it; the global batch is split.

    Parameters
    ----------
    build : callable
        Returns the network with its initial weights, which are part of what determines the run.
        Called once, when PyTorch's random numbers are seeded.
    hr, lr : Path
        Packed HR images and their LR images at the network's scale.
    settings : TrainSettings
        How to train.
    seed : int
        Of the initial weights (see `settings.initial_seed_offset`), of the patches, and of
        whatever the network draws at random while training.
    output : Path
        Folder to write: ``weights.safetensors`` (the last weights), ``best.safetensors`` when
        there is a validation, ``history.csv`` and ``run.json``. It appears when the training is
        complete, and holds nothing but what the arguments determine; what was measured meanwhile
        is in ``logs/runs/<name of output>.json``.
    identity : mapping
        What is trained (network, variant, code, scale, settings); goes into ``run.json``.
    exclude : collection of str
        Names of images that are neither trained on nor held out.
    checkpoints : Path
        Where unfinished runs keep their state.
    keep_checkpoint : bool
        Whether the state stays there when the training is complete: called again, it then writes
        its output without training. For whoever trains several networks one after another and
        may be interrupted in between.

    Raises
    ------
    NonFiniteError
        When a loss or gradient is not finite.
    UserError
        When data and settings do not fit each other, the memory does not suffice, or a file
        cannot be written.
    KeyboardInterrupt, SystemExit
        After SIGINT or SIGTERM, when the current step is done and saved. In the first step, and
        when a second signal comes, at once: what was done since the last checkpoint is done again.
    """
    began = time.perf_counter()
    name, s, total = output.name, settings, settings.total_steps
    processes = find_processes()
    device, is_main = processes.device, processes.is_main
    precision = resolve_precision(s.precision, device)
    share = processes.share_of_batch(s.batch)
    with backend_flags(deterministic=s.deterministic, threads=s.threads), StopRequest() as stop:
        torch.manual_seed(seed + s.initial_seed_offset)
        network = build()
        images = open_images(hr, lr, network.scale, s, exclude)
        patches = PatchSampler(images.hr, images.lr, images.training, network.scale, s, seed)
        network.to(device, memory_format=memory_format(s))  # type: ignore[call-overload]

        def loss_of(network: SRNetwork, x: Tensor, target: Tensor) -> Tensor:
            return batch_loss(network, x, target, precision, s)

        def probe(network: SRNetwork, count: int) -> Tensor:
            return loss_of(network, *to_device(network, patches.batch(0, range(count)), device, s))

        state = TrainingState(network, s)
        check_memory(network, probe, len(share), processes)
        gradients = Gradients(network, loss_of, graph=s.cuda_graph and device.type == "cuda")
        facts = processes.from_main(
            lambda: determining_facts(network, images, s, seed, identity, precision, processes)
        )
        folder = CheckpointFolder(checkpoints, facts)
        state.resume(processes.from_main(folder.load))

        if processes.count > 1:  # all of them must stop after the same step, the first one too
            stop.listen()
        if is_main:
            _say(
                f"{name}: {'resuming at' if state.step else 'starting;'} step {state.step} of "
                f"{total} on {device_name(device)}, {precision}, {processes.count} process(es) of "
                f"{torch.get_num_threads()} thread(s), {arithmetic.describe()}"
            )
        with progress_bar(name, state.step, total, silent=not is_main) as bar:
            batch, stopping, psnr = patches.batch(state.step, share), False, ""
            while True:
                # First, because a training may have been stopped while it validated.
                if state.row_due(s.validate_every, total):
                    scores = processes.from_main(lambda: validate(network, images, s, stop))
                    stopping = stopping or scores is None
                    if scores is not None:
                        state.add_row(learning_rate(state.step - 1, s), scores)
                        if scores.psnr_db is not None:
                            psnr = f", PSNR-Y {scores.psnr_db:.2f} dB"
                        if is_main:
                            write_history(folder.path / "history.csv", state.history)
                if is_main and (stopping or folder.due(s.checkpoint_every_seconds)):
                    folder.save(state)
                if is_main and stopping:
                    bar.close()
                    _say(
                        f"{name}: stopped after step {state.step} of {total}, saved in "
                        f"{folder.path}. Run the same command again to go on."
                    )
                if stopping:
                    stop.stop()
                if state.step == total:
                    break

                # What a network draws at random (dropout, say) depends on the step alone, too.
                seed_generator(device, ((seed << 40) + state.step) % (1 << 63))
                state.optimizer.param_groups[0]["lr"] = learning_rate(state.step, s)
                loss = gradients.compute(*to_device(network, batch, device, s))
                found = [p.grad for p in state.parameters.values() if p.grad is not None]
                loss, stopped = processes.average(found, loss, stop.requested)
                norm = torch.nn.utils.get_total_norm(found)
                # A GPU is still busy with the gradients: read the next patches before waiting.
                batch = patches.batch(state.step + 1, share)
                loss_value, norm_value, stopping = torch.stack([loss, norm, stopped]).tolist()
                if not (isfinite(loss_value) and isfinite(norm_value)):
                    if is_main:
                        folder.save(state, "nonfinite.safetensors")
                    raise NonFiniteError(
                        f"{name}: step {state.step}: loss {loss_value}, gradient norm "
                        f"{norm_value}; expected finite numbers. nonfinite.safetensors in "
                        f"{folder.path} holds the state before the step. Lower the learning rate, "
                        "or use precision fp32."
                    )
                state.optimizer.step()
                state.step += 1
                state.losses.append(loss_value)
                bar.set_postfix_str(f"loss {loss_value:.5f}{psnr}", refresh=False)
                bar.update()
                stop.listen()  # until now a signal acts at once: there is nothing to lose

        if is_main:
            write_output(output, state, folder, images)
            write_log(
                f"runs/{name}",
                began,
                processor=device_name(device),
                parts=state.parts,
                training_seconds=round(state.seconds, 2),
                rows=[{key: row[key] for key in ("step", "seconds")} for row in state.history],
            )
            if keep_checkpoint:
                folder.save(state)
            else:
                folder.remove()


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def progress_bar(name: str, step: int, total: int, *, silent: bool) -> tqdm:
    """Return a bar on a terminal, elsewhere a line every ten seconds."""
    form: dict[str, Any] = {"mininterval": 0.1, "dynamic_ncols": True}
    if not sys.stderr.isatty():
        line = "{desc}: step {n}/{total}{postfix}  {rate_fmt}  {remaining} left\n"
        form = {"mininterval": 10, "bar_format": line}
    return tqdm(
        desc=name, initial=step, total=total, unit="step", miniters=1, disable=silent, **form
    )


def learning_rate(step: int, settings: TrainSettings) -> float:
    """Return the learning rate of a step, counted from 0.

    Of twelve digits: further ones would depend on the C library, whose cosine this is.
    """
    return float(f"{_scheduled(step, settings):.12g}")


def _scheduled(step: int, settings: TrainSettings) -> float:
    top, total = settings.lr, settings.total_steps
    if settings.schedule == "step":
        epoch = step // settings.steps_per_epoch
        return top * settings.decay_factor ** (epoch // settings.decay_every_epochs)
    if settings.schedule == "cosine":
        return top * (1 + cos(pi * step / total)) / 2
    low, end = top / 25, top / 25e4
    peak = 0.3 * total - 1
    if step <= peak:
        return low + (top - low) * (1 - cos(pi * step / peak)) / 2
    return end + (top - end) * (1 + cos(pi * (step - peak) / (total - 1 - peak))) / 2
