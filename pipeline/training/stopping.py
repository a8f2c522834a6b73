"""Ctrl-C and SIGTERM while a training runs."""

import signal
import threading
from types import FrameType
from typing import Any, NoReturn


class StopRequest:
    """Turns the first SIGINT or SIGTERM into a request to stop after the current step.

    Until `listen` is called, signals do what they did before.
    """

    def __init__(self) -> None:
        self.number: int | None = None
        self.former: dict[int, Any] = {}

    @property
    def requested(self) -> bool:
        """Whether a signal came."""
        return self.number is not None

    def __enter__(self) -> "StopRequest":
        return self

    def listen(self) -> None:
        """Take signals from now on as requests; calling it again changes nothing."""
        if not self.former and threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):  # other threads may set no handlers
                self.former[number] = signal.signal(number, self._handle) or signal.SIG_DFL

    def __exit__(self, *error: object) -> None:
        for number, handler in self.former.items():
            signal.signal(number, handler)

    def stop(self) -> NoReturn:
        """Stop as the signal asks to, with status 143 after SIGTERM and 130 after SIGINT."""
        if self.number == signal.SIGTERM:
            raise SystemExit(128 + signal.SIGTERM)
        raise KeyboardInterrupt

    def _handle(self, number: int, frame: FrameType | None) -> None:
        self.number = number
        for each, handler in self.former.items():  # the next one stops at once
            signal.signal(each, handler)
