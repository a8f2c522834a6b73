"""A small process that outlives the scheduler by a moment, to end what a killed one left running.

Run by its path, with the standard library alone. It reads ``+GROUP`` and ``-GROUP`` lines, process
groups that started and ended, from its standard input. The end of the input, which comes however
the scheduler ends, makes it stop the groups that are left: SIGTERM, and SIGKILL after a while.
It inherits the scheduler's lock file, so that the next run waits until all of them are gone.
"""

import os
import signal
import sys
import time

GRACE_S = 60.0  # a training finishes its step and saves


def main() -> None:
    """Follow the scheduler, then clean up."""
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    groups: set[int] = set()
    for line in sys.stdin:
        (groups.add if line[0] == "+" else groups.discard)(int(line[1:]))
    deadline = time.monotonic() + GRACE_S
    groups = {group for group in groups if send(group, signal.SIGTERM)}
    while groups:
        time.sleep(0.05)
        number: int = 0 if time.monotonic() < deadline else signal.SIGKILL
        groups = {group for group in groups if send(group, number)}


def send(group: int, number: int) -> bool:
    """Send a signal (0: none) to a process group; tell whether any process of it is alive."""
    if not alive(group):
        return False
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def alive(group: int) -> bool:
    """Tell whether a process group has a process that is not a zombie."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    if not os.path.isdir("/proc/self"):  # noqa: PTH112
        return True
    for entry in os.listdir("/proc"):  # noqa: PTH208
        if entry.isdigit():
            try:
                with open(f"/proc/{entry}/stat", encoding="utf-8") as file:  # noqa: PTH123
                    state, _, process_group = file.read().rpartition(")")[2].split()[:3]
            except (OSError, ValueError):
                continue
            if int(process_group) == group and state not in "ZX":
                return True
    return False


if __name__ == "__main__":
    main()
