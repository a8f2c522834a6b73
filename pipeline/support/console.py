"""What the entry points share: errors for people, clean interruption, plain progress lines."""

import signal
import sys
from collections.abc import Callable
from io import TextIOWrapper

from pipeline.support.errors import UserError
from pipeline.support.finished import note_finished


def run(main: Callable[[], None]) -> int:
    """Run an entry point and turn what went wrong into one message and an exit status.

    A stage that succeeds leaves a note for `mesr verify`.

    Parameters
    ----------
    main : callable
        Takes no argument.

    Returns
    -------
    int
        0 on success, 1 after a `UserError` (its message alone is printed), 130 after Ctrl-C.
        Any other exception is a defect of ours and keeps its traceback.

    Raises
    ------
    SystemExit
        With status 143 after SIGTERM, so that half-written output is removed on the way.
    """
    if isinstance(sys.stdout, TextIOWrapper):  # a file's name need not be text
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
        main()
        note_finished()
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        left = "No half-written output was left; run it again to go on."
        print(f"\nstopped by the user. {left}", file=sys.stderr)
        return 130
    return 0
