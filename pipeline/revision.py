"""Which state of the code made a result."""

import subprocess
from pathlib import Path


def git_revision() -> str:
    """Return the commit of the code, with ``-dirty`` when files differ from it; "" outside git."""
    command = ["git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    try:
        result = subprocess.run(
            command, cwd=Path(__file__).parent, capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return ""
    return result.stdout.strip()
