"""Tables, figures, web page and LaTeX, made from the result files alone."""

import sys
from types import TracebackType


def _report_uncaught(
    kind: type[BaseException], error: BaseException, traceback: TracebackType | None
) -> None:
    if issubclass(kind, KeyboardInterrupt):
        # Ctrl-C during the seconds of importing, before an entry point could catch it.
        print("\nstopped by the user before anything was done.", file=sys.stderr)
    else:
        sys.__excepthook__(kind, error, traceback)


sys.excepthook = _report_uncaught
