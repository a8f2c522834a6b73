"""What the entry points share: errors for people, clean interruption, plain progress lines."""

import sys
from collections.abc import Callable

from pipeline.errors import UserError


def run(main: Callable[[], None]) -> int:
    """Run an entry point and turn what went wrong into one message and an exit status.

    Parameters
    ----------
    main : callable
        Takes no argument.

    Returns
    -------
    int
        0 on success, 1 after a `UserError` (its message alone is printed), 130 after Ctrl-C.
        Any other exception is a defect of ours and keeps its traceback.
    """
    try:
        main()
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(
            "\nstopped by the user. No half-written output was left; run it again to go on.",
            file=sys.stderr,
        )
        return 130
    return 0
