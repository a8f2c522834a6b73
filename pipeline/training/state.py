"""What changes with each step of a training, and so must be in its checkpoints."""

import time
from collections.abc import Mapping
from math import fsum
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from mesr.common.base import SRNetwork
from pipeline.support.errors import UserError
from pipeline.training.checkpoint import on_cpu
from pipeline.training.history import Row


def trainable(network: nn.Module) -> dict[str, nn.Parameter]:
    """Return the parameters of a network that are trained, by name.

    Raises
    ------
    UserError
        When there is none.
    """
    parameters = {name: p for name, p in network.named_parameters() if p.requires_grad}
    if not parameters:
        raise UserError(f"{type(network).__name__} has no parameters to train.")
    return parameters


class TrainingState:
    """Weights, moments and averages; step, losses and history; the best weights so far.

    Parameters
    ----------
    network : SRNetwork
        Being trained.
    optimizer : torch.optim.Optimizer
        Of the network's `trainable` parameters.
    average : AveragedModel or None
        Moving average of the network.

    Attributes
    ----------
    step : int
        Steps done.
    losses : list of float
        Of the steps since the last row of the history.
    history : list of Row
        Rows of history.csv.
    best : dict of Tensor
        Weights of the best validation so far, in main memory; empty without any.
    best_row : Row or None
        Row of the history that the best weights belong to.
    parts : int
        1 more than how often the training was resumed.
    """

    def __init__(
        self,
        network: SRNetwork,
        optimizer: torch.optim.Optimizer,
        average: AveragedModel | None,
    ) -> None:
        self.network, self.optimizer, self.average = network, optimizer, average
        self.parameters = trainable(network)
        self.step = 0
        self.losses: list[float] = []
        self.history: list[Row] = []
        self.best: dict[str, Tensor] = {}
        self.best_row: Row | None = None
        self.parts = 1
        self._earlier_seconds = 0.0
        self._began = time.perf_counter()

    @property
    def kept_network(self) -> SRNetwork:
        """The network that is validated and kept: the moving average where there is one."""
        return self.network if self.average is None else cast(SRNetwork, self.average.module)

    def kept_weights(self) -> dict[str, Tensor]:
        """Return a copy of the weights of `kept_network` in main memory."""
        return {name: on_cpu(value) for name, value in self.kept_network.state_dict().items()}

    @property
    def seconds(self) -> float:
        """Time spent on this training, over all its parts."""
        return self._earlier_seconds + time.perf_counter() - self._began

    def row_due(self, every: int, total: int) -> bool:
        """Tell whether the history lacks its row of this step, of which there is one at the end."""
        due = self.step > 0 and (self.step % every == 0 or self.step == total)
        return due and (not self.history or self.history[-1]["step"] < self.step)

    def add_row(self, lr: float, steps_per_epoch: int, psnr_db: float | None) -> Row:
        """Add the row of this step to the history, and keep the weights when they are the best."""
        before = self.history[-1] if self.history else {"step": 0, "seconds": 0.0}
        seconds = self.seconds
        row: Row = {
            "step": self.step,
            "epoch": self.step / steps_per_epoch,
            "lr": lr,
            "loss": fsum(self.losses) / len(self.losses),
            "psnr_db": psnr_db,
            "steps_per_s": (self.step - before["step"]) / (seconds - before["seconds"]),
            "seconds": seconds,
        }
        self.losses = []
        self.history.append(row)
        if psnr_db is not None and (self.best_row is None or psnr_db > self.best_row["psnr_db"]):
            self.best_row, self.best = row, self.kept_weights()
        return row

    def saved(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Return tensors, under names that do not depend on any order, and the rest as JSON."""
        tensors = {f"network.{name}": value for name, value in self.network.state_dict().items()}
        for name, parameter in self.parameters.items():
            for key, value in self.optimizer.state[parameter].items():
                tensors[f"adam.{key}.{name}"] = value
        if self.average is not None:
            tensors |= {f"ema.{name}": value for name, value in self.average.state_dict().items()}
        tensors |= {f"best.{name}": value for name, value in self.best.items()}
        return tensors, {
            "step": self.step,
            "losses": self.losses,
            "history": self.history,
            "best_row": self.best_row,
            "seconds": self.seconds,
            "parts": self.parts,
        }

    def restore(self, tensors: Mapping[str, Tensor], state: Mapping[str, Any]) -> None:
        """Take over what `saved` returned in an earlier part of the training."""
        groups: dict[str, dict[str, Tensor]] = {}
        for name, value in tensors.items():
            kind, _, rest = name.partition(".")
            groups.setdefault(kind, {})[rest] = value
        self.network.load_state_dict(groups["network"])
        for name, value in groups.get("adam", {}).items():
            key, _, parameter_name = name.partition(".")
            parameter = self.parameters[parameter_name]
            # Fused Adam walks through memory: moments must lie as the weights do (channels_last).
            like = parameter if value.dim() else value.to(parameter.device)
            self.optimizer.state[parameter][key] = torch.empty_like(like).copy_(value)
        if self.average is not None:
            self.average.load_state_dict(groups["ema"])
        self.best = groups.get("best", {})
        self.step, self.losses, self.history = state["step"], state["losses"], state["history"]
        self.best_row, self._earlier_seconds = state["best_row"], state["seconds"]
        self.parts = state["parts"] + 1
