"""Names as people type them: regardless of case, and with a suggestion where there is none."""

import difflib
from collections.abc import Iterable


def canonical(name: str, known: Iterable[str]) -> str:
    """Return the known name that `name` means regardless of case, or `name` itself."""
    names = list(known)
    fitting = [candidate for candidate in names if candidate.lower() == name.lower()]
    return fitting[0] if len(fitting) == 1 and name not in names else name


def suggestion(name: str, known: Iterable[str]) -> str:
    """Return ``" Did you mean a or b?"`` with the names most like `name`; "" without any."""
    by_lower = {candidate.lower(): candidate for candidate in known}
    close = difflib.get_close_matches(name.lower(), by_lower, n=2)
    return f" Did you mean {' or '.join(by_lower[near] for near in close)}?" if close else ""
