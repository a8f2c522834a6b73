"""Attack the readers of foreign bytes for as long as there is time.

    python -m benchmarks.fuzz --minutes 30
    python -m benchmarks.fuzz --minutes 5 --target png --target state-dict

The readers, seeds and mutations are those of tests/fuzz/. Each round of a reader runs in a process
of its own with limited memory, so that crashes, endless loops and exhausted memory are found too.
Files that a reader fails on are kept in outputs/fuzz/<reader>/; once the reader is corrected, move
them to tests/fuzz/corpus/<reader>/.
"""

import argparse
import hashlib
import resource
import secrets
import subprocess
import sys
import tempfile
import time
import traceback
import warnings
from pathlib import Path
from random import Random

from tests.fuzz.targets import TARGETS, Target

OUTPUT = Path("outputs/fuzz")
MEMORY = 8 << 30  # of address space: importing PyTorch takes some
ROUND = 500  # cases a process
SECONDS = 300  # a round at most


def attack_round(target: Target, seed: int, folder: Path) -> int:
    """Try `ROUND` cases; 0 when the reader did well.

    The current case lies in `folder` while it is tried, so that it survives a crash.
    """
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    warnings.simplefilter("ignore")
    for number in range(ROUND):
        content = target.draw(Random(f"{seed}-{number}"))
        try:
            target.attack(content, folder)
        except Exception:
            traceback.print_exc()
            return 1
    return 0


def keep(target: Target, folder: Path, report: str) -> Path:
    """Keep the case that a round ended with, and what was reported of it."""
    content = (folder / target.file).read_bytes()
    path = OUTPUT / target.name / hashlib.sha256(content).hexdigest()[:16]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    path.with_suffix(".log").write_text(report, encoding="utf-8")
    return path


def main() -> None:
    """Attack each reader in turn until the time is over."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fuzz", description=main.__doc__)
    parser.add_argument("--minutes", type=float, default=10, help="how long (10)")
    parser.add_argument(
        "--target", action="append", choices=[t.name for t in TARGETS], help="these readers only"
    )
    parser.add_argument("--round", nargs=2, metavar=("SEED", "FOLDER"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    targets = [t for t in TARGETS if t.name in (arguments.target or [t.name])]
    if arguments.round:
        seed, folder = arguments.round
        raise SystemExit(attack_round(targets[0], int(seed), Path(folder)))

    end = time.monotonic() + 60 * arguments.minutes
    cases = failures = 0
    while time.monotonic() < end:
        for target in targets:
            if time.monotonic() >= end:
                break
            seed = secrets.randbits(32)
            with tempfile.TemporaryDirectory() as name:
                command = [sys.executable, "-m", "benchmarks.fuzz", "--target", target.name]
                try:
                    done = subprocess.run(
                        [*command, "--round", str(seed), name],
                        capture_output=True, text=True, timeout=SECONDS, check=False,
                    )  # fmt: skip
                    status, report = done.returncode, done.stdout + done.stderr
                except subprocess.TimeoutExpired:
                    status, report = -1, f"a round took longer than {SECONDS} s"
                cases += ROUND
                if status:
                    failures += 1
                    path = keep(target, Path(name), report)
                    lines = report.strip().splitlines() or ["killed"]
                    print(f"{target.name}: exit status {status}: {lines[-1]}; kept as {path}")
    print(f"{cases} cases at most, {failures} failures")
    raise SystemExit(bool(failures))


if __name__ == "__main__":
    main()
