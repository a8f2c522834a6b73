"""The history of a training, and who watches it: a bar, plain lines, optional loggers."""

import csv
import shutil
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO

from tqdm import tqdm

from pipeline.support.errors import UserError
from pipeline.support.files import atomic_path

HISTORY_COLUMNS = ("step", "epoch", "lr", "loss", "psnr_db")
LOGS = Path("outputs")  # TensorBoard's and DVCLive's files: not results, not tracked
SECONDS_BETWEEN_LINES = 10.0

# A row of history.csv (psnr_db is None without a validation), and what was measured of it and goes
# to the log alone: steps_per_s since the row before, seconds of training until then.
Row = dict[str, Any]


def write_history(path: Path, rows: Sequence[Row]) -> None:
    """Write history.csv in one step: what the training determines, without times."""
    with atomic_path(path) as temporary, temporary.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(HISTORY_COLUMNS)
        for row in rows:
            writer.writerow(
                [
                    row["step"],
                    f"{row['epoch']:.6g}",
                    f"{row['lr']:.9g}",
                    f"{row['loss']:.9g}",
                    "" if row["psnr_db"] is None else f"{row['psnr_db']:.6f}",
                ]
            )


class Watch:
    """Shows how a training comes along. Processes other than the main one stay silent.

    Parameters
    ----------
    name : str
        Of the run.
    step, total : int
        Where the training starts (not 0 when it resumes) and ends.
    rows : sequence of dict
        The history up to `step`. Loggers restart from it, so that what an interrupted part
        logged after its last checkpoint is not there twice.
    loggers : sequence of {"tensorboard", "dvclive"}
        Besides the bar or the lines.
    stream : TextIO, optional
        Standard error by default.
    silent : bool
        Show and log nothing.

    Raises
    ------
    UserError
        When a logger is not installed.
    """

    def __init__(
        self,
        name: str,
        step: int,
        total: int,
        rows: Sequence[Row] = (),
        loggers: Sequence[str] = (),
        *,
        stream: TextIO | None = None,
        silent: bool = False,
    ) -> None:
        self.name, self.start, self.total = name, step, total
        self.stream = stream or sys.stderr
        self.silent = silent
        self.terminal = self.stream.isatty() and not silent
        self.began = self.printed = time.perf_counter()
        self.psnr_db: float | None = None
        self.bar = tqdm(
            total=total, initial=step, desc=name, unit="step", file=self.stream,
            disable=not self.terminal, dynamic_ncols=True,
        )  # fmt: skip
        self.loggers = [] if silent else [_logger(kind, name) for kind in loggers]
        for row in rows:
            self._log(row)

    def __enter__(self) -> "Watch":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.bar.close()
        for logger in self.loggers:
            logger.close()

    def say(self, text: str) -> None:
        """Print a line."""
        if self.terminal:
            self.bar.write(text, file=self.stream)
        elif not self.silent:
            print(text, file=self.stream, flush=True)

    def on_step(self, step: int, loss: float) -> None:
        """Take notice of a step that is done."""
        if self.terminal:
            self.bar.set_postfix_str(f"loss {loss:.5f}{self._psnr()}", refresh=False)
            self.bar.update(step - self.bar.n)
        elif time.perf_counter() - self.printed >= SECONDS_BETWEEN_LINES:
            self._line(step, loss)

    def on_row(self, row: Row) -> None:
        """Take notice of a new row of the history."""
        self.psnr_db = row["psnr_db"]
        self._log(row)
        late = time.perf_counter() - self.printed >= SECONDS_BETWEEN_LINES
        if not self.terminal and (late or row["step"] == self.total):
            self._line(row["step"], row["loss"])

    def _log(self, row: Row) -> None:
        scalars = {key: row[key] for key in ("loss", "lr", "psnr_db", "steps_per_s")}
        for logger in self.loggers:
            logger.log(row["step"], {k: v for k, v in scalars.items() if v is not None})

    def _psnr(self) -> str:
        return "" if self.psnr_db is None else f"  PSNR-Y {self.psnr_db:.2f} dB"

    def _line(self, step: int, loss: float) -> None:
        self.printed = time.perf_counter()
        speed = (step - self.start) / (self.printed - self.began)
        left = f"  {duration((self.total - step) / speed)} left" if speed else ""
        self.say(
            f"{self.name}: step {step}/{self.total}  loss {loss:.5f}{self._psnr()}"
            f"  {speed:.3g} steps/s{left}"
        )


def duration(seconds: float) -> str:
    """Write a time span as ``1:02:03`` or ``2:03``."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


class _TensorBoard:
    def __init__(self, folder: Path) -> None:
        from torch.utils.tensorboard import SummaryWriter  # noqa: PLC0415

        shutil.rmtree(folder, ignore_errors=True)
        self.writer = SummaryWriter(str(folder))

    def log(self, step: int, scalars: Mapping[str, float]) -> None:
        for key, value in scalars.items():
            self.writer.add_scalar(key, value, step)
        self.writer.flush()

    def close(self) -> None:
        self.writer.close()


class _DVCLive:
    def __init__(self, folder: Path) -> None:
        from dvclive.live import Live  # noqa: PLC0415

        # The stages belong to dvc.yaml and its author: DVCLive only logs.
        self.live = Live(str(folder), save_dvc_exp=False, dvcyaml=None)

    def log(self, step: int, scalars: Mapping[str, float]) -> None:
        self.live.step = step
        for key, value in scalars.items():
            self.live.log_metric(key, value)
        self.live.make_summary()

    def close(self) -> None:
        self.live.end()


def _logger(kind: str, name: str) -> "_TensorBoard | _DVCLive":
    folder = LOGS / kind / name
    try:
        return _TensorBoard(folder) if kind == "tensorboard" else _DVCLive(folder)
    except ImportError as error:
        raise UserError(
            f"running.watch names {kind!r}, which is not installed ({error}). Install the extra: "
            "pip install -e '.[watch]', or take it out of running.watch."
        ) from error
