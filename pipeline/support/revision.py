"""Which state of the code made a result."""

import subprocess
from pathlib import Path

# The study writes these itself while it runs; what is in them is recorded elsewhere.
WRITTEN = (
    "params.yaml",
    "dvc.lock",
    "results",
    "published/certificate.csv",
    "published/lr_certificate.csv",
)


def git_revision() -> str:
    """Return the commit of the code, with ``-dirty`` when files differ from it; "" outside git."""
    root = Path(__file__).parents[2]
    unwritten = [f":(exclude,top){name}" for name in WRITTEN]
    try:
        commit = subprocess.run(
            ["git", "rev-parse", "HEAD"], cwd=root, capture_output=True, text=True, check=True
        ).stdout.strip()
        changed = subprocess.run(
            ["git", "diff", "--quiet", "HEAD", "--", ":(top)", *unwritten], cwd=root, check=False
        ).returncode
    except (OSError, subprocess.CalledProcessError):
        return ""
    return f"{commit}-dirty" if changed else commit
