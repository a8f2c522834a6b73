"""Training one network: `train`, whose loop is in `_Run.loop`.

The result is a function of the arguments alone: patches are drawn by (seed, step, index), the
learning rate by the step, and a checkpoint holds everything else. On one kind of device, with one
number of threads and processes, weights are equal bit by bit from run to run, interrupted or not.
"""

import json
import signal
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from math import cos, isfinite, log10, pi
from pathlib import Path
from typing import Any, NoReturn, cast

import numpy as np
import torch
from accelerate.utils import broadcast_object_list, reduce
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from mesr.common.base import SRNetwork
from mesr.common.imresize import imresize
from mesr.common.loss import charbonnier
from pipeline.imaging.colour import YCBCR, YCBCR_OFFSET, stack_gray
from pipeline.imaging.images import Pixels
from pipeline.imaging.inference import super_resolve
from pipeline.imaging.packed import PackedImages
from pipeline.imaging.protocol import RGB, scored_planes
from pipeline.imaging.tensors import crop_border
from pipeline.support.errors import UserError
from pipeline.support.files import atomic_path
from pipeline.support.revision import git_revision
from pipeline.training.checkpoint import (
    CheckpointFolder,
    StopRequest,
    code_digest,
    on_cpu,
    remove_partial,
    weights_digest,
    write_tensors,
)
from pipeline.training.hardware import (
    average_over_processes,
    backend_flags,
    device_name,
    process_state,
    resolve_precision,
    seed_generator,
    share_of_batch,
)
from pipeline.training.patches import Batch, PatchSampler, Reader, check_pair, hold_out
from pipeline.training.settings import TrainSettings
from pipeline.training.watching import Row, Watch, write_history

FORMAT = 1  # of checkpoints; raised when an old one can no longer be read


def train(
    network: SRNetwork,
    *,
    hr: Path,
    lr: Path,
    settings: TrainSettings,
    seed: int,
    output: Path,
    identity: Mapping[str, Any],
    checkpoints: Path = Path("checkpoints"),
) -> None:
    """Train a network and write its weights, history and provenance.

    Goes on from a checkpoint where an earlier call with the same arguments was stopped. Under
    ``torchrun`` or ``accelerate launch`` every process calls it; the global batch is split.

    Parameters
    ----------
    network : SRNetwork
        Any network of the benchmark's interface. Build it under ``torch.manual_seed(seed)``: its
        initial weights are part of what determines the run.
    hr, lr : Path
        Packed HR images and their LR images at the network's scale.
    settings : TrainSettings
        How to train.
    seed : int
        Of the patches, and of whatever the network draws at random while training.
    output : Path
        Folder to write: ``weights.safetensors`` (the last or the best weights, as `settings.keep`
        says; with EMA, the averaged ones), the other of the two as ``best.safetensors`` or
        ``last.safetensors`` when there is a validation, ``history.csv`` and ``run.json``. It
        appears when the training is complete.
    identity : mapping
        What is trained (model, variant, scale, network settings); goes into ``run.json``.
    checkpoints : Path
        Where unfinished runs keep their state.

    Raises
    ------
    UserError
        When data and settings do not fit each other, a loss or gradient is not finite, or a file
        cannot be written.
    KeyboardInterrupt, SystemExit
        After SIGINT or SIGTERM, when the current step is done and saved. A second signal stops
        at once, and what was done since the last checkpoint is done again.
    """
    with ExitStack() as stack:
        stop = stack.enter_context(StopRequest())
        stack.enter_context(backend_flags(settings))
        run = _Run(
            network,
            images=(PackedImages(hr), PackedImages(lr)),
            settings=settings,
            seed=seed,
            output=output,
            identity=identity,
            checkpoints=checkpoints,
        )
        stack.enter_context(run.watch)
        run.loop(stop)
        run.write_output()


def learning_rate(step: int, settings: TrainSettings) -> float:
    """Return the learning rate of a step, counted from 0."""
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


def psnr_y(sr: Pixels, hr: Pixels, scale: int) -> float:
    """PSNR-Y of protocol `rgb` (pyiqa, which the evaluation uses, takes seconds to import)."""
    x, y = (crop_border(scored_planes(image, RGB), scale) for image in (sr, hr))
    error = np.square(x - y).mean()
    return 10 * log10(255**2 / error) if error else float("inf")


class _Run:
    """One training: what changes with each step, and how it is saved and restored."""

    def __init__(
        self,
        network: SRNetwork,
        *,
        images: tuple[PackedImages, PackedImages],
        settings: TrainSettings,
        seed: int,
        output: Path,
        identity: Mapping[str, Any],
        checkpoints: Path,
    ) -> None:
        self.processes = process_state()
        self.device = self.processes.device
        self.settings, self.seed, self.output, self.identity = settings, seed, output, identity
        self.total = settings.total_steps
        self.precision = resolve_precision(settings.precision, self.device)
        self.share = share_of_batch(settings.batch, self.processes)
        self.scale = network.scale
        if settings.objective == "paper" and network.paper_objective is None:
            raise UserError(
                f"train.objective is 'paper', but {type(network).__name__} has no "
                "paper_objective. Use 'charbonnier'."
            )

        self.hr, self.lr = images
        _check_names(self.hr, self.lr)
        training, self.validation = hold_out(self.hr.names, settings.validation_images)
        for name in self.validation:
            check_pair(name, self.hr[name], self.lr[name], self.scale)
        self.skipped = [
            name
            for name in training
            if settings.skip_small_images and min(self.lr.shape(name)[:2]) < settings.patch
        ]
        self.sampler = PatchSampler(
            self.hr,
            self.lr,
            [name for name in training if name not in self.skipped],
            scale=self.scale,
            patch=settings.patch,
            seed=seed,
            flips=settings.flips,
            rotations=settings.rotations,
        )

        facts = None
        if self.processes.is_main_process:  # one process reads all of the data, not each
            facts = self._facts(network)
        self.facts = broadcast_object_list([facts])[0]
        self.folder = CheckpointFolder(checkpoints, self.facts)

        # Networks are convolutional: channels_last saves oneDNN and cuDNN their reordering.
        memory = torch.channels_last if settings.channels_last else torch.contiguous_format
        self.network = network.to(self.device, memory_format=memory)  # type: ignore[call-overload]
        self.forward = torch.compile(self.network) if settings.compile else self.network
        self.parameters = {
            name: parameter
            for name, parameter in self.network.named_parameters()
            if parameter.requires_grad
        }
        if not self.parameters:
            raise UserError(f"{type(network).__name__} has no parameters to train.")
        self.optimizer = torch.optim.Adam(
            self.parameters.values(),
            lr=settings.lr,
            betas=settings.betas,
            eps=settings.eps,
            fused=self.device.type in {"cpu", "cuda"},
        )
        self.average: AveragedModel | None = None
        if settings.ema:
            average = get_ema_multi_avg_fn(settings.ema)
            self.average = AveragedModel(self.network, multi_avg_fn=average)

        self.step = 0
        self.losses: list[float] = []  # since the last row of the history
        self.history: list[Row] = []
        self.best: dict[str, Tensor] = {}
        self.best_row: Row | None = None
        self.seconds = 0.0  # of earlier parts
        self.parts = 1
        self.began = time.perf_counter()
        self._restore()
        self.saved_at = time.perf_counter(), self.step
        self.watch = Watch(
            output.name,
            self.step,
            self.total,
            self.history,
            settings.watch,
            silent=not self.processes.is_main_process,
        )
        self.watch.say(
            f"{output.name}: {'resuming at' if self.step else 'starting;'} step {self.step} of "
            f"{self.total} on {device_name(self.device)}, {self.precision}, "
            f"{self.processes.num_processes} process(es) of {torch.get_num_threads()} thread(s)"
        )

    # ------------------------------------------------------------------------------- the loop

    def loop(self, stop: StopRequest) -> None:
        """Train until the last step, or until a stop is requested."""
        settings = self.settings
        with Reader(self.sampler, self.share, self.step, self.total, settings.workers) as reader:
            while True:
                due = self.step % settings.validate_every == 0 or self.step == self.total
                if due and self.step and (not self.history or self.history[-1]["step"] < self.step):
                    self._add_row()
                if self.step == self.total:
                    return

                # What a network draws at random (dropout, say) depends on the step alone, too.
                seed_generator(self.device, ((self.seed << 40) + self.step) % (1 << 63))
                for group in self.optimizer.param_groups:
                    group["lr"] = learning_rate(self.step, settings)
                batch = reader.batch(self.step)
                loss = self._loss(batch)
                loss.backward()
                gradients = [p.grad for p in self.parameters.values() if p.grad is not None]
                loss, stopped = average_over_processes(gradients, loss.detach(), stop.requested)
                norm = torch.nn.utils.get_total_norm(gradients)
                # A GPU is still busy with the gradients: read the next patches before waiting.
                reader.prepare(self.step + 1)
                loss_value, norm_value, stopping = torch.stack([loss, norm, stopped]).tolist()
                if not (isfinite(loss_value) and isfinite(norm_value)):
                    self._report_nonfinite(loss_value, norm_value)
                if settings.grad_clip:
                    torch.nn.utils.clip_grads_with_norm_(
                        self.parameters.values(), settings.grad_clip, norm
                    )
                self.optimizer.step()
                self.optimizer.zero_grad(set_to_none=True)
                if self.average is not None:
                    self.average.update_parameters(self.network)

                self.step += 1
                self.losses.append(loss_value)
                self.watch.on_step(self.step, loss_value)
                if stopping:
                    self._save()
                    self._stop(stop)
                if self._checkpoint_due():
                    self._save()

    def _loss(self, batch: Batch) -> Tensor:
        lr, target = (to_batch(self._on_device(pixels), self.network.domain) for pixels in batch)
        x = imresize(lr, scale=self.scale) if self.network.preupsampled else lr
        memory = torch.channels_last if self.settings.channels_last else torch.contiguous_format
        x, target = x.contiguous(memory_format=memory), target.contiguous(memory_format=memory)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.precision == "bf16"):
            outputs = self.forward(x)
        # The loss itself is float32: bfloat16 has 8 bits, no more than a pixel.
        outputs = tuple(output.float() for output in outputs)
        return objective(self.network, outputs, target, self.step / self.total, self.settings)

    def _on_device(self, pixels: Pixels) -> Tensor:
        tensor = torch.from_numpy(pixels)
        if self.device.type == "cuda":
            # Copies from pinned memory run while the GPU computes. PyTorch's pinned allocator
            # does not hand the buffer out again before the copy is done.
            return tensor.pin_memory().to(self.device, non_blocking=True)
        return tensor.to(self.device)

    def _checkpoint_due(self) -> bool:
        if not self.processes.is_main_process:
            return False
        saved_time, saved_step = self.saved_at
        seconds, steps = (
            self.settings.checkpoint_every_seconds,
            self.settings.checkpoint_every_steps,
        )
        return bool(
            (seconds and time.perf_counter() - saved_time >= seconds)
            or (steps and self.step - saved_step >= steps)
        )

    def _stop(self, stop: StopRequest) -> NoReturn:
        self.watch.say(
            f"{self.output.name}: stopped after step {self.step} of {self.total}, saved in "
            f"{self.folder.path}. Run the same command again to go on."
        )
        if stop.number == signal.SIGTERM:
            raise SystemExit(128 + signal.SIGTERM)
        raise KeyboardInterrupt

    # ----------------------------------------------------------------------------- validation

    @property
    def kept_network(self) -> SRNetwork:
        """The network that is validated and kept: the moving average where there is one."""
        return self.network if self.average is None else cast(SRNetwork, self.average.module)

    def _add_row(self) -> None:
        before = self.history[-1] if self.history else {"step": 0, "seconds": 0.0}
        elapsed = self._elapsed() - before["seconds"]
        row: Row = {
            "step": self.step,
            "epoch": self.step / self.settings.steps_per_epoch,
            "lr": learning_rate(self.step - 1, self.settings),
            "loss": sum(self.losses) / len(self.losses),
            "psnr_db": self._validate() if self.validation else None,
            "steps_per_s": (self.step - before["step"]) / elapsed,
            "seconds": self._elapsed(),
        }
        self.losses = []
        self.history.append(row)
        if row["psnr_db"] is not None and (
            self.best_row is None or row["psnr_db"] > self.best_row["psnr_db"]
        ):
            self.best_row = row
            self.best = self._kept_weights()
        self.watch.on_row(row)
        if self.processes.is_main_process:
            write_history(self.folder.path / "history.csv", self.history)

    def _validate(self) -> float:
        """Mean PSNR-Y over the held-out images, which are dealt out to the processes."""
        processes = self.processes
        scores = torch.zeros(len(self.validation), dtype=torch.float64)
        for i in range(processes.process_index, len(scores), processes.num_processes):
            name = self.validation[i]
            lr, hr = self.lr[name], stack_gray(self.hr[name])
            height, width = lr.shape[:2]
            side = self.settings.validation_crop or max(height, width)
            top, left = max(0, height - side) // 2, max(0, width - side) // 2
            lr = lr[top : top + side, left : left + side]
            top, left = top * self.scale, left * self.scale
            hr = hr[top : top + lr.shape[0] * self.scale, left : left + lr.shape[1] * self.scale]
            sr = super_resolve(self.kept_network, lr, RGB).image
            scores[i] = psnr_y(sr, hr, self.scale)
        total = reduce(scores.to(self.device), "sum") if processes.num_processes > 1 else scores
        return float(total.mean())

    def _elapsed(self) -> float:
        return self.seconds + time.perf_counter() - self.began

    # ------------------------------------------------------------------ saving and restoring

    def _kept_weights(self) -> dict[str, Tensor]:
        return {name: on_cpu(value) for name, value in self.kept_network.state_dict().items()}

    def _tensors(self) -> dict[str, Tensor]:
        """Everything that changes with a step, under names that do not depend on any order."""
        tensors = {f"network.{name}": value for name, value in self.network.state_dict().items()}
        for name, parameter in self.parameters.items():
            for key, value in self.optimizer.state[parameter].items():
                tensors[f"adam.{key}.{name}"] = value
        if self.average is not None:
            tensors |= {f"ema.{name}": value for name, value in self.average.state_dict().items()}
        return tensors | {f"best.{name}": value for name, value in self.best.items()}

    def _save(self) -> None:
        if not self.processes.is_main_process:  # all processes have equal states
            return
        self.folder.save(
            self._tensors(),
            {
                "step": self.step,
                "losses": self.losses,
                "history": self.history,
                "best_row": self.best_row,
                "seconds": self._elapsed(),
                "parts": self.parts,
            },
        )
        self.saved_at = time.perf_counter(), self.step

    def _restore(self) -> None:
        """Take over the checkpoint, which the main process reads, in all processes."""
        loaded = self.folder.load() if self.processes.is_main_process else None
        tensors, state = broadcast_object_list([loaded])[0] or ({}, None)
        if state is None:
            return
        groups: dict[str, dict[str, Tensor]] = {}
        for name, value in tensors.items():
            kind, _, rest = name.partition(".")
            groups.setdefault(kind, {})[rest] = value
        self.network.load_state_dict(groups["network"])
        for name, value in groups.get("adam", {}).items():
            key, _, parameter_name = name.partition(".")
            parameter = self.parameters[parameter_name]
            # Fused Adam walks through memory: moments must lie as the weights do (channels_last).
            like = parameter if value.dim() else value.to(self.device)
            self.optimizer.state[parameter][key] = torch.empty_like(like).copy_(value)
        if self.average is not None:
            self.average.load_state_dict(groups["ema"])
        self.best = groups.get("best", {})
        self.step, self.losses, self.history = state["step"], state["losses"], state["history"]
        self.best_row, self.seconds = state["best_row"], state["seconds"]
        self.parts = state["parts"] + 1

    def _report_nonfinite(self, loss: float, norm: float) -> NoReturn:
        """Dump the step, whose gradients were not applied, and give up."""
        broken = [
            name
            for name, parameter in self.parameters.items()
            if parameter.grad is not None and not parameter.grad.isfinite().all()
        ]
        whole = range(self.settings.batch)  # this process may hold a share of it only
        batch = self.sampler.batch(self.step, whole)
        report = {
            "step": self.step,
            "loss": str(loss),
            "gradient_norm": str(norm),
            "lr": learning_rate(self.step, self.settings),
            "precision": self.precision,
            "parameters_with_nonfinite_gradient": broken,
            "patches": [self.sampler.draw(self.step, i)._asdict() for i in whole],
        }
        path = self.folder.path / "nonfinite.json"
        if self.processes.is_main_process:
            with atomic_path(path) as temporary:
                temporary.write_text(json.dumps(report, indent=2) + "\n")
            write_tensors(
                path.with_suffix(".safetensors"),
                {
                    "lr": torch.from_numpy(batch.lr),
                    "hr": torch.from_numpy(batch.hr),
                    **{f"network.{k}": v for k, v in self.network.state_dict().items()},
                },
            )
        raise UserError(
            f"{self.output.name}: step {self.step}: loss {loss}, gradient norm {norm}; expected "
            f"finite numbers. {path} and {path.stem}.safetensors hold the patches and the weights "
            "before the step. Lower train.lr, set train.grad_clip, or use precision fp32."
        )

    # --------------------------------------------------------------------------- provenance

    def _facts(self, network: nn.Module) -> dict[str, Any]:
        """Everything that determines the result; hashed into the name of the checkpoint."""
        return {
            "format": FORMAT,
            "identity": dict(self.identity),
            "seed": self.seed,
            "settings": self.settings.determining(),
            "hr": self.hr.digest,
            "lr": self.lr.digest,
            "initial_weights": weights_digest(network),
            "code": code_digest(network),
            "precision": self.precision,
            "device": device_name(self.device),
            "threads": torch.get_num_threads(),
            "processes": self.processes.num_processes,
            "torch": torch.__version__,
        }

    def write_output(self) -> None:
        """Write the results of the finished training and delete its checkpoint."""
        if not self.processes.is_main_process:
            return
        last = self._kept_weights()
        weights, other = (self.best, last) if self.settings.keep == "best" else (last, self.best)
        best = self.best_row or {}
        record = {
            **self.identity,
            "seed": self.seed,
            "train": self.settings.model_dump(mode="json"),
            "params": sum(p.numel() for p in self.network.parameters()),
            "steps": self.total,
            "best_step": best.get("step"),
            "best_psnr_db": best.get("psnr_db"),
            "validation_images": self.validation,
            "skipped_images": self.skipped,
            "wall_seconds": round(self._elapsed(), 2),
            "parts": self.parts,
            "device": self.device.type,
            "machine": device_name(self.device),
            "processes": self.processes.num_processes,
            "threads": torch.get_num_threads(),
            "precision": self.precision,
            "torch": torch.__version__,
            "git_revision": git_revision(),
            "data_digest": f"hr {self.hr.digest} lr {self.lr.digest}",
            "fingerprint": self.folder.fingerprint,
        }
        remove_partial(self.output)
        with atomic_path(self.output) as folder:
            folder.mkdir()
            write_tensors(folder / "weights.safetensors", weights)
            if other:
                name = "last" if self.settings.keep == "best" else "best"
                write_tensors(folder / f"{name}.safetensors", other)
            write_history(folder / "history.csv", self.history)
            (folder / "run.json").write_text(json.dumps(record, indent=2) + "\n")
        self.folder.remove()


def _check_names(hr: PackedImages, lr: PackedImages) -> None:
    if set(hr) != set(lr):
        odd = sorted(set(hr) ^ set(lr))
        raise UserError(
            f"{hr.path} and {lr.path} hold different images (only in one of them: "
            f"{', '.join(odd[:5])}). Run `dvc repro` to degrade the images again."
        )
