"""Training one network, from top to bottom.

The result is a function of the arguments alone: patches are drawn by (seed, step, index), the
learning rate by the step, and a checkpoint holds everything else. On one kind of device, with one
number of threads and processes, outputs are equal bit by bit from run to run, interrupted or not.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from math import cos, isfinite, pi
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from mesr.common.base import SRNetwork
from mesr.common.imresize import imresize
from mesr.common.loss import charbonnier
from pipeline.imaging.backend import (
    available_memory,
    backend_flags,
    device_name,
    resolve_precision,
    seed_generator,
)
from pipeline.imaging.colour import YCBCR, YCBCR_OFFSET
from pipeline.imaging.images import Pixels
from pipeline.support import arithmetic
from pipeline.support.errors import UserError
from pipeline.support.provenance import write_log
from pipeline.training.checkpoint import CheckpointFolder
from pipeline.training.gradients import Gradients, gradients_of
from pipeline.training.history import Watch, write_history
from pipeline.training.memory import check_memory, step_memory
from pipeline.training.nonfinite import report_nonfinite
from pipeline.training.patches import Batch, PatchSampler, Reader, open_images
from pipeline.training.processes import find_processes
from pipeline.training.provenance import determining_facts, run_record, write_output
from pipeline.training.settings import TrainSettings
from pipeline.training.state import TrainingState, trainable
from pipeline.training.stopping import StopRequest
from pipeline.training.validation import validate


def train(
    build: Callable[[], SRNetwork],
    *,
    hr: Path,
    lr: Path,
    settings: TrainSettings,
    seed: int,
    output: Path,
    identity: Mapping[str, Any],
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
        Called once, when PyTorch's random numbers are seeded with `seed`.
    hr, lr : Path
        Packed HR images and their LR images at the network's scale.
    settings : TrainSettings
        How to train.
    seed : int
        Of the initial weights, of the patches, and of whatever the network draws at random while
        training.
    output : Path
        Folder to write: ``weights.safetensors`` (the last or the best weights, as `settings.keep`
        says; with EMA, the averaged ones), the other of the two as ``best.safetensors`` or
        ``last.safetensors`` when there is a validation, ``history.csv`` and ``run.json``. It
        appears when the training is complete, and holds nothing but what the arguments determine;
        what was measured meanwhile is in ``logs/runs/<name of output>.json``.
    identity : mapping
        What is trained (model, variant, scale, network settings); goes into ``run.json``.
    checkpoints : Path
        Where unfinished runs keep their state.
    keep_checkpoint : bool
        Whether the state stays there when the training is complete: called again, it then writes
        its output without training. For whoever trains several networks one after another and
        may be interrupted in between.

    Raises
    ------
    UserError
        When data and settings do not fit each other, the memory does not suffice, a loss or
        gradient is not finite, or a file cannot be written.
    KeyboardInterrupt, SystemExit
        After SIGINT or SIGTERM, when the current step is done and saved. In the first step, and
        when a second signal comes, at once: what was done since the last checkpoint is done again.
    """
    began = time.perf_counter()
    name, total = output.name, settings.total_steps
    memory_format = torch.channels_last if settings.channels_last else torch.contiguous_format
    processes = find_processes()
    device = processes.device
    precision = resolve_precision(settings.precision, device)
    share = processes.share_of_batch(settings.batch)
    with (
        backend_flags(
            deterministic=settings.deterministic, tf32=settings.tf32, threads=settings.threads
        ),
        StopRequest() as stop,
    ):
        torch.manual_seed(seed)
        network = build()
        if settings.objective == "paper" and network.paper_objective is None:
            raise UserError(
                f"train.objective is 'paper', but {type(network).__name__} has no "
                "paper_objective. Use 'charbonnier'."
            )
        images = open_images(hr, lr, network.scale, settings)
        sampler = PatchSampler(
            images.hr,
            images.lr,
            images.training,
            scale=network.scale,
            patch=settings.patch,
            seed=seed,
            flips=settings.flips,
            rotations=settings.rotations,
        )

        # Networks are convolutional: channels_last saves oneDNN and cuDNN their reordering.
        network.to(device, memory_format=memory_format)  # type: ignore[call-overload]
        forward = torch.compile(network) if settings.compile else network
        parameters = list(trainable(network).values())

        def loss_of(x: Tensor, target: Tensor, progress: float) -> Tensor:
            return batch_loss(network, forward, x, target, precision, progress, settings)

        recordable = settings.objective == "charbonnier" and not settings.compile
        gradients = Gradients(
            network, loss_of, graph=settings.cuda_graph and device.type == "cuda" and recordable
        )

        def probe(copy: SRNetwork, patches: int) -> Tensor:
            pair = to_device(copy, sampler.batch(0, range(patches)), device, settings)
            return batch_loss(copy, copy, *pair, precision, 0.0, settings)

        check_memory(
            *step_memory(network, probe, ema=settings.ema > 0),
            patches=len(share),
            processes=processes.count,
            available=available_memory(device),
            where=device_name(device),
        )

        # The main process alone reads all of the data, and the checkpoint.
        facts: dict[str, Any] = {}
        if processes.is_main:
            facts = determining_facts(
                network,
                images,
                settings,
                seed=seed,
                identity=identity,
                precision=precision,
                processes=processes,
            )
        folder = CheckpointFolder(checkpoints, processes.broadcast(facts))
        checkpoint = processes.broadcast(folder.load() if processes.is_main else None)

        optimizer = torch.optim.Adam(
            parameters,
            lr=settings.lr,
            betas=settings.betas,
            eps=settings.eps,
            fused=device.type in {"cpu", "cuda"},
        )
        average: AveragedModel | None = None
        if settings.ema:
            average = AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(settings.ema))
        state = TrainingState(network, optimizer, average)
        if checkpoint is not None:
            state.restore(*checkpoint)

        if processes.count > 1:  # all of them must stop after the same step, the first one too
            stop.listen()
        with (
            Watch(
                name, state.step, total, state.history, settings.watch, silent=not processes.is_main
            ) as watch,
            Reader(sampler, share, state.step, total, settings.workers) as reader,
        ):
            watch.say(
                f"{name}: {'resuming at' if state.step else 'starting;'} step {state.step} of "
                f"{total} on {device_name(device)}, {precision}, {processes.count} process(es) of "
                f"{torch.get_num_threads()} thread(s), {arithmetic.describe()}"
            )
            stopping = False
            while True:
                if state.row_due(settings.validate_every, total):
                    psnr_db = None
                    if images.validation:
                        psnr_db, stopping = validate(
                            state.kept_network, images, settings.validation_crop, processes, stop
                        )
                    if not stopping:
                        rate = learning_rate(state.step - 1, settings)
                        watch.on_row(state.add_row(rate, settings.steps_per_epoch, psnr_db))
                        if processes.is_main:
                            write_history(folder.path / "history.csv", state.history)
                if stopping:
                    if processes.is_main:
                        folder.save(*state.saved())
                    watch.say(
                        f"{name}: stopped after step {state.step} of {total}, saved in "
                        f"{folder.path}. Run the same command again to go on."
                    )
                    stop.stop()
                if state.step == total:
                    break

                # What a network draws at random (dropout, say) depends on the step alone, too.
                seed_generator(device, ((seed << 40) + state.step) % (1 << 63))
                rate = learning_rate(state.step, settings)
                for group in optimizer.param_groups:
                    group["lr"] = rate

                pair = to_device(network, reader.batch(state.step), device, settings)
                loss = gradients.compute(*pair, state.step / total)
                found = gradients_of(parameters)
                loss, stopped = processes.average(found, loss, stop.requested)
                norm = torch.nn.utils.get_total_norm(found)
                # A GPU is still busy with the gradients: read the next patches before waiting.
                reader.prepare(state.step + 1)
                loss_value, norm_value, stopping = torch.stack([loss, norm, stopped]).tolist()
                if not (isfinite(loss_value) and isfinite(norm_value)):
                    report_nonfinite(
                        name,
                        state,
                        sampler,
                        settings.batch,
                        folder,
                        loss=loss_value,
                        gradient_norm=norm_value,
                        lr=rate,
                        precision=precision,
                        is_main=processes.is_main,
                    )
                if settings.grad_clip:
                    torch.nn.utils.clip_grads_with_norm_(parameters, settings.grad_clip, norm)
                optimizer.step()
                if average is not None:
                    average.update_parameters(network)

                state.step += 1
                state.losses.append(loss_value)
                watch.on_step(state.step, loss_value)
                stop.listen()  # until now a signal acts at once: there is nothing to lose
                every = settings.checkpoint_every_seconds, settings.checkpoint_every_steps
                if processes.is_main and folder.due(state.step, *every):
                    folder.save(*state.saved())

        if processes.is_main:
            record = run_record(folder.facts, folder.fingerprint, images, state)
            write_output(output, state, record, settings.keep)
            write_log(
                f"runs/{name}",
                began,
                processor=device_name(device),
                parts=state.parts,
                training_seconds=round(state.seconds, 2),
                rows=[{key: row[key] for key in ("step", "seconds")} for row in state.history],
            )
            if keep_checkpoint:
                folder.save(*state.saved())
            else:
                folder.remove()


def learning_rate(step: int, settings: TrainSettings) -> float:
    """Return the learning rate of a step, counted from 0.

    Of twelve digits: further ones would depend on the C library, whose cosine this is.
    """
    return float(f"{_scheduled(step, settings):.12g}")


def _scheduled(step: int, settings: TrainSettings) -> float:
    total = settings.total_steps
    if settings.schedule == "step":
        epoch = step // settings.steps_per_epoch
        return settings.lr * settings.decay_factor ** (epoch // settings.decay_every_epochs)
    if settings.schedule == "cosine":
        return settings.lr * (1 + cos(pi * step / total)) / 2
    if settings.schedule == "one_cycle":
        low, end = settings.lr / 25, settings.lr / 25e4
        peak = 0.3 * total - 1
        if step <= peak:
            return low + (settings.lr - low) * (1 - cos(pi * step / peak)) / 2
        return end + (settings.lr - end) * (1 + cos(pi * (step - peak) / (total - 1 - peak))) / 2
    return settings.lr


def to_device(
    network: SRNetwork, batch: Batch, device: torch.device, settings: TrainSettings
) -> tuple[Tensor, Tensor]:
    """Make a network's input and its target of patches.

    Parameters
    ----------
    network : SRNetwork
        Whose domain and place of upsampling decide what it takes.
    batch : Batch
        Patches.
    device : torch.device
        Where the network is.
    settings : TrainSettings
        Memory order.

    Returns
    -------
    x, target : Tensor
        (B, C, H, W), float32 in [0, 1].
    """
    x, target = (to_batch(on_device(pixels, device), network.domain) for pixels in batch)
    if network.preupsampled:
        x = imresize(x, scale=network.scale)
    memory_format = torch.channels_last if settings.channels_last else torch.contiguous_format
    return (
        x.contiguous(memory_format=memory_format),
        target.contiguous(memory_format=memory_format),
    )


def batch_loss(
    network: SRNetwork,
    forward: Callable[[Tensor], Sequence[Tensor]],
    x: Tensor,
    target: Tensor,
    precision: str,
    progress: float,
    settings: TrainSettings,
) -> Tensor:
    """Run a network on a batch and return its loss.

    Parameters
    ----------
    network : SRNetwork
        What is trained.
    forward : callable
        The network, perhaps compiled.
    x, target : Tensor
        As `to_device` returned them.
    precision : {"fp32", "bf16"}
        Of the network's own arithmetic.
    progress : float
        Share of the training done.
    settings : TrainSettings
        Objective.
    """
    with torch.autocast(x.device.type, torch.bfloat16, enabled=precision == "bf16"):
        outputs = forward(x)
    # The loss itself is float32: bfloat16 has 8 bits, no more than a pixel.
    outputs = [output.float() for output in outputs]
    return objective(network, outputs, target, progress, settings)


def on_device(pixels: Pixels, device: torch.device) -> Tensor:
    """Copy a batch of images to a device, without waiting for a GPU."""
    tensor = torch.from_numpy(pixels)
    if device.type == "cuda":
        # Copies from pinned memory run while the GPU computes. PyTorch's pinned allocator does
        # not hand the buffer out again before the copy is done.
        return tensor.pin_memory().to(device, non_blocking=True)
    return tensor.to(device)


def to_batch(pixels: Tensor, domain: str) -> Tensor:
    """Turn uint8 RGB images (B, H, W, 3) into what networks take: (B, C, H, W) float in [0, 1].

    Keeps the memory order, which is channels_last. Domain ``"y"`` gives BT.601 studio luma.
    """
    x = pixels.permute(0, 3, 1, 2).float() / 255
    if domain == "rgb":
        return x
    weights = torch.tensor(YCBCR[0] / 255, dtype=x.dtype, device=x.device).view(1, 3, 1, 1)
    return (x * weights).sum(1, keepdim=True) + float(YCBCR_OFFSET[0] / 255)


def objective(
    network: SRNetwork,
    outputs: Sequence[Tensor],
    target: Tensor,
    progress: float,
    settings: TrainSettings,
) -> Tensor:
    """Return the loss of a batch, equation (20) unless the network's own objective is asked for.

    Parameters
    ----------
    network : SRNetwork
        Whose `output_weights` or `paper_objective` is used.
    outputs : sequence of Tensor
        Coarse to fine, (B, C, H', W').
    target : Tensor
        (B, C, H, W); reduced by MATLAB's bicubic for outputs of another size.
    progress : float
        Share of the training done.
    settings : TrainSettings
        `objective`, `charbonnier` and `charbonnier_zeta`.
    """
    if settings.objective == "paper":
        assert network.paper_objective is not None  # refused before the first step
        return network.paper_objective(outputs, target, progress)
    loss = target.new_zeros(())
    for weight, output in zip(network.output_weights, outputs, strict=True):
        if weight:  # a weight of 0 (omega_1 of RB-dagger) costs nothing
            size = (output.shape[-2], output.shape[-1])
            goal = target if target.shape[-2:] == size else imresize(target, size=size)
            loss = loss + weight * charbonnier(
                output, goal, settings.charbonnier_zeta, settings.charbonnier
            )
    return loss
