"""How far downloads have come, on a terminal and in a log."""

import threading
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, TextColumn, TransferSpeedColumn
from rich.progress import Progress as Bar

from pipeline.assets.registry import AssetFile


class Progress(AbstractContextManager["Progress"]):
    """Bytes and files so far: a bar on a terminal, otherwise a line every few seconds.

    Parameters
    ----------
    files : sequence of AssetFile
        What is going to be obtained.
    interval : float
        Seconds between lines when the output is not a terminal.
    """

    def __init__(self, files: Sequence[AssetFile], interval: float = 5.0) -> None:
        self.total, self.interval = len(files), interval
        self.done = self.received = 0
        self.printed = time.monotonic()
        self.lock = threading.Lock()
        console = Console()
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            DownloadColumn(),
            TransferSpeedColumn(),
        )
        self.bar = Bar(*columns, console=console, transient=True)
        self.terminal = console.is_terminal
        sizes = [file.size for file in files]
        self.task = self.bar.add_task(
            self.text, total=None if None in sizes else sum(size or 0 for size in sizes)
        )

    @property
    def text(self) -> str:
        """``"<done>/<total> files"``."""
        return f"{self.done}/{self.total} files"

    def __enter__(self) -> "Progress":
        if self.terminal:
            self.bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.terminal:
            self.bar.stop()

    def advance(self, count: int, *, files: int = 0) -> None:
        """Add `count` bytes (negative when received bytes were thrown away) and `files`."""
        with self.lock:
            self.received += count
            self.done += files
            self.bar.update(self.task, completed=self.received, description=self.text)
            now = time.monotonic()
            if not self.terminal and now - self.printed >= self.interval:
                self.printed = now
                print(f"  {self.text}, {self.received / 1e6:.1f} MB", flush=True)
