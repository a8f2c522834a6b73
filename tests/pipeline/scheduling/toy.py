"""A toy project of 13 stages whose commands are a script's few lines."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[3]

PIPELINE = """\
stages:
  fetch:
    matrix: {data: [x, y]}
    cmd: python step.py fetch ${item.data}
    deps: [raw.txt, src]
    outs: ["data/${item.data}"]
  train:
    matrix: {net: [a, b], data: [x, y]}
    cmd: python -m step train ${item.net}_${item.data} ${item.data}
    deps: ["data/${item.data}", src]
    params: [lr]
    outs: ["runs/${item.net}_${item.data}"]
  evaluate:
    matrix: {net: [a, b], data: [x, y]}
    cmd:
      - mkdir -p evaluations
      - python step.py evaluate ${item.net}_${item.data}
    deps: ["runs/${item.net}_${item.data}", "data/${item.data}"]
    outs: ["evaluations/${item.net}_${item.data}.csv"]
  tables:
    cmd: python step.py tables
    deps: [evaluations, src]
    outs:
      - results/tables.csv: {cache: false}
  report:
    cmd: python step.py report
    deps: [results/tables.csv]
    outs: [build]
"""

# A training of ten steps, stopped by a signal after the current one, that goes on where it was.
STEP = """\
import fcntl, os, signal, sys, time
from pathlib import Path
kind, *names = sys.argv[1:]
name = names[0] if names else ""
with open("started.txt", "a") as file:
    file.write(f"{kind} {name} {os.environ.get('CUDA_VISIBLE_DEVICES')} {os.getpid()}\\n")
def pace():
    return float(Path("pace").read_text() or 0) if Path("pace").exists() else 0
if Path(f"break_{kind}_{name}").exists():
    print("what went wrong")
    sys.exit(3)
def write(path, text):
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(text)
if kind == "fetch":
    write(f"data/{name}", Path("raw.txt").read_text() + name)
elif kind == "train":
    stop = []
    signal.signal(signal.SIGTERM, lambda *_: stop.append(1))
    os.makedirs("checkpoints", exist_ok=True)
    alone = open(f"checkpoints/{name}.lock", "a")
    try:
        fcntl.flock(alone, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        write("overlap.txt", name)
    saved = Path("checkpoints") / name
    text = saved.read_text() if saved.exists() else ""
    while len(text) < 10:
        time.sleep(pace())
        text += str(len(text))
        write(saved, text)
        print(f"step {len(text)}/10")
        if stop and not Path("deaf").exists():
            sys.exit(143)
    write(f"runs/{name}/weights", text + name + Path(f"data/{names[1]}").read_text())
    saved.unlink()
elif kind == "evaluate":
    write(f"evaluations/{name}.csv", Path(f"runs/{name}/weights").read_text() + "!")
elif kind == "tables":
    rows = [path.read_text() for path in sorted(Path("evaluations").iterdir())]
    write("results/tables.csv", "".join(rows))
else:
    write("build/report", Path("results/tables.csv").read_text())
"""
# Without the libraries of real stages, and in a hurry.
REPRO = """
from pipeline.scheduling import cluster, local
local.LIBRARIES, cluster.POLL_S, cluster.PATIENCE_S = ["pipeline", "json"], 1, 3
from pipeline.cli import main
main()
"""
IGNORED = [
    *("data", "runs", "evaluations", "build", "logs", "checkpoints"),
    *("started.txt", "pace", "deaf", "break_*", "raw.txt"),
]
SLURM = """\
executor: slurm
submit: [train]
at_once: 8
kill_delay_s: 30
resources:
  default: {hours: 1, gpus: 0, cpus: 1}
"""
FILES = {
    "src/code": "code",
    "params.yaml": "lr: 1\n",
    "raw.txt": "raw",
    "step.py": STEP,
    "dvc.yaml": PIPELINE,
    ".gitignore": "\n".join(IGNORED),
    "conf/cluster/slurm.yaml": SLURM,
    "conf/cluster/local.yaml": SLURM.replace("slurm", "local").replace("8", "2"),
}
COMMIT = ("-c", "user.name=t", "-c", "user.email=t@t", "commit", "-qm", "toy")
ENVIRONMENT = os.environ | {
    "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    "PYTHONPATH": str(ROOT),
    "GIT_CONFIG_GLOBAL": os.devnull,
    "DVC_NO_ANALYTICS": "true",
}


class Toy:
    """The project in a folder; `make` writes one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = dict(ENVIRONMENT)
        self.environment.pop("CUDA_VISIBLE_DEVICES", None)
        self.processes: list[subprocess.Popen[str]] = []

    def make(self) -> "Toy":
        for name, text in FILES.items():
            self.write(name, text)
        for command in ("git init -q", "dvc init -q", "dvc add -q raw.txt", "git add -A"):
            self.run(*command.split())
        self.run("git", *COMMIT)
        return self

    def copy(self, folder: Path) -> "Toy":
        shutil.copytree(self.folder, folder, symlinks=True)
        return Toy(folder)

    def write(self, name: str, text: str) -> None:
        (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / name).write_text(text)

    def read(self, name: str) -> str:
        return (self.folder / name).read_text()

    def run(self, *command: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        options = {"capture_output": True, "text": True, "timeout": 300, "check": False}
        done = subprocess.run(command, cwd=self.folder, env=self.environment, **options)  # noqa: PLW1510
        if check and done.returncode:
            raise AssertionError(f"{command}: {done.returncode}\n{done.stdout}\n{done.stderr}")
        return done

    def repro(self, *options: str) -> subprocess.CompletedProcess[str]:
        return self.run(sys.executable, "-c", REPRO, "repro", *options)

    def refused(self, *options: str) -> str:
        """Run `mesr repro`, which fails, and return what it said."""
        done = self.run(sys.executable, "-c", REPRO, "repro", *options, check=False)
        assert done.returncode == 1, done.stderr
        return done.stderr

    def start_repro(self, *options: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", REPRO, "repro", *options]
        said = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
        process = subprocess.Popen(command, cwd=self.folder, env=self.environment, **said)
        self.processes.append(process)
        return process

    def ended(self, process: subprocess.Popen[str], status: int) -> str:
        """Wait for a `mesr repro`, compare its exit status, return what it said."""
        said = process.communicate(timeout=240)[0]
        assert process.returncode == status, said
        return said

    def close(self) -> None:
        """End what a test that failed left running."""
        for process in self.processes:
            process.kill()
            process.wait()  # and not for what it started, which may hold its pipe

    def set_pace(self, seconds: float) -> None:
        self.write("pace", str(seconds))

    @property
    def started(self) -> list[list[str]]:
        """Kind, name, GPU and process of the commands that were started, in order."""
        path = self.folder / "started.txt"
        return [line.split(" ") for line in path.read_text().splitlines()] if path.exists() else []

    def forget_started(self) -> None:
        (self.folder / "started.txt").unlink(missing_ok=True)

    def trainings(self) -> list[str]:
        """Names of the trainings that were started, in order of the alphabet."""
        return sorted(name for kind, name, *_ in self.started if kind == "train")

    def steps(self) -> list[int]:
        """How many steps each training that is under way has made."""
        folder = self.folder / "checkpoints"
        return [len(path.read_text()) for path in folder.glob("*") if not path.suffix]

    def went_on(self) -> bool:
        """Whether the last training of a on x began where an earlier one had stopped."""
        log = self.read("logs/stages/train@a-x.log")
        return "step 10/10" in log and "step 1/10" not in log

    def alone(self) -> bool:
        """Whether no training ran twice at a time, and none runs now."""
        overlap = (self.folder / "overlap.txt").exists()
        return not overlap and not any(alive(pid) for *_, pid in self.started)

    @property
    def outcome(self) -> dict[str, str]:
        return {
            name: self.read(name) for name in ("dvc.lock", "results/tables.csv", "build/report")
        }


def wait_for(condition: Callable[[], object], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def alive(pid: str) -> bool:
    """Whether a process exists and is no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False
