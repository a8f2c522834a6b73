"""The study's DVC stages, one module each, and the library they share."""

import os
import signal
import sys
from types import FrameType
from typing import NoReturn


def _leave(number: int, frame: FrameType | None) -> NoReturn:
    os.write(2, b"\nstopped by the user before anything was done.\n")
    os._exit(128 + number)


if sys.argv[:1] == ["-m"]:  # python -m pipeline.<stage>, which is being imported
    # An exception in the midst of other packages' imports comes out as errors of any kind. Nothing
    # has been done yet, so that leaving at once is safe; `pipeline.support.console.run` takes over.
    signal.signal(signal.SIGINT, _leave)
