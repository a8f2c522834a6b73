"""A Slurm of one node, from Debian's packages slurm-wlm and munge, in a folder of the test."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

# How long a job may take to start, and how long a requeued one waits; the default is two minutes.
CREDENTIAL_S = 20
PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "squeue", "scontrol", "scancel")
_missing = [name for name in PROGRAMS if shutil.which(name) is None]
needs_slurm = pytest.mark.skipif(
    bool(_missing) or os.geteuid() != 0,
    reason=f"needs root and Debian's slurm-wlm and munge; missing: {', '.join(_missing) or 'root'}",
)

CONFIGURATION = """\
ClusterName=toy
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmctldPort={controller}
SlurmdPort={daemon}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket,cred_expire={credential}
CryptoType=crypto/munge
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
ReturnToService=2
MpiDefault=none
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
SchedulerParameters=batch_sched_delay=0,sched_interval=1,bf_interval=1
KillWait=10
SlurmdParameters=config_overrides
NodeName={host} NodeAddr=127.0.0.1 CPUs=4 State=UNKNOWN
PartitionName=toy Nodes={host} Default=YES MaxTime=INFINITE State=UP OverSubscribe=NO
"""


def _port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@contextmanager
def slurm(folder: Path) -> Iterator[dict[str, str]]:
    """Run the daemons; yield the environment variables of their clients."""
    for name in ("state", "spool"):
        (folder / name).mkdir(parents=True)
    key = folder / "munge.key"
    key.write_bytes(os.urandom(128))
    key.chmod(0o600)
    configuration = folder / "slurm.conf"
    facts = {"host": socket.gethostname().split(".")[0], "credential": CREDENTIAL_S}
    text = CONFIGURATION.format(folder=folder, controller=_port(), daemon=_port(), **facts)
    configuration.write_text(text)
    environment = {"SLURM_CONF": str(configuration)}
    files = {
        "key-file": key,
        **{f"{n}-file": folder / f"munge.{n}" for n in ("pid", "log", "seed")},
    }
    files["socket"] = folder / "munge.socket"
    commands = [
        ["munged", "--foreground", "--force", *(f"--{k}={v}" for k, v in files.items())],
        ["slurmctld", "-D", "-c", "-f", str(configuration)],
        ["slurmd", "-D", "-c", "-f", str(configuration)],
    ]
    daemons = []
    try:
        for command in commands:
            with (folder / f"{command[0]}.out").open("w") as out:
                options = {"stdout": out, "stderr": out, "start_new_session": True}
                daemons.append(subprocess.Popen(command, env=os.environ | environment, **options))
            time.sleep(0.5)
        deadline = time.monotonic() + 60
        while "idle" not in _sinfo(environment):
            if time.monotonic() > deadline or any(d.poll() is not None for d in daemons):
                logs = "\n".join(path.read_text()[-2000:] for path in sorted(folder.glob("*.out")))
                raise AssertionError(f"Slurm did not start:\n{_sinfo(environment)}\n{logs}")
            time.sleep(0.2)
        yield environment
    finally:
        for daemon in reversed(daemons):
            daemon.terminate()
        for daemon in daemons:
            try:
                daemon.wait(timeout=10)
            except subprocess.TimeoutExpired:
                daemon.kill()


def _sinfo(environment: dict[str, str]) -> str:
    command = ["sinfo", "--noheader", "--format=%T"]
    options = {"capture_output": True, "text": True, "check": False}
    done = subprocess.run(command, env=os.environ | environment, **options)  # noqa: PLW1510
    return done.stdout + done.stderr
