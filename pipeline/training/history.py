"""The history of a training, and what is seen of it while it runs: a bar, or plain lines."""

import csv
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TextIO

from tqdm import tqdm

from pipeline.support.files import atomic_path

# How each column of history.csv is written; None, which does not apply, as nothing.
COLUMNS = {
    "step": "d",
    "epoch": ".6g",
    "lr": ".9g",
    "loss": ".9g",
    "psnr_db": ".6f",
    "coarse_psnr_db": ".6f",
    "gate_mean": ".6g",
}
SECONDS_BETWEEN_LINES = 10.0

# The columns, and the seconds of training until then, which go to the log alone.
Row = dict[str, Any]


def write_history(path: Path, rows: Sequence[Row]) -> None:
    """Write history.csv in one step: what the training determines, without times."""
    with atomic_path(path) as temporary, temporary.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for row in rows:
            writer.writerow(
                "" if row[name] is None else format(row[name], form)
                for name, form in COLUMNS.items()
            )


class Progress:
    """Shows how a training comes along: a bar on a terminal, elsewhere a line now and then.

    Parameters
    ----------
    name : str
        Of the run.
    step, total : int
        Where the training starts (not 0 when it resumes) and ends.
    stream : TextIO, optional
        Standard error by default.
    silent : bool
        Show nothing.
    """

    def __init__(
        self,
        name: str,
        step: int,
        total: int,
        *,
        stream: TextIO | None = None,
        silent: bool = False,
    ) -> None:
        self.name, self.start, self.total = name, step, total
        self.stream = stream or sys.stderr
        self.silent = silent
        self.terminal = self.stream.isatty() and not silent
        self.began = self.printed = time.perf_counter()
        self.psnr = ""
        self.bar = tqdm(
            total=total, initial=step, desc=name, unit="step", file=self.stream,
            disable=not self.terminal, dynamic_ncols=True,
        )  # fmt: skip

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, *error: object) -> None:
        self.bar.close()

    def say(self, text: str) -> None:
        """Print a line."""
        if self.terminal:
            self.bar.write(text, file=self.stream)
        elif not self.silent:
            print(text, file=self.stream, flush=True)

    def on_step(self, step: int, loss: float) -> None:
        """Take notice of a step that is done."""
        if self.terminal:
            self.bar.set_postfix_str(f"loss {loss:.5f}{self.psnr}", refresh=False)
            self.bar.update(step - self.bar.n)
        elif time.perf_counter() - self.printed >= SECONDS_BETWEEN_LINES:
            self._line(step, loss)

    def on_row(self, row: Row) -> None:
        """Take notice of a new row of the history."""
        if row["psnr_db"] is not None:
            self.psnr = f"  PSNR-Y {row['psnr_db']:.2f} dB"
        late = time.perf_counter() - self.printed >= SECONDS_BETWEEN_LINES
        if not self.terminal and (late or row["step"] == self.total):
            self._line(row["step"], row["loss"])

    def _line(self, step: int, loss: float) -> None:
        self.printed = time.perf_counter()
        speed = (step - self.start) / (self.printed - self.began)
        left = f"  {tqdm.format_interval((self.total - step) / speed)} left" if speed else ""
        self.say(
            f"{self.name}: step {step}/{self.total}  loss {loss:.5f}{self.psnr}"
            f"  {speed:.3g} steps/s{left}"
        )
