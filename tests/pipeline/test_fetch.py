"""The stage: exit statuses, messages, interruptions."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pipeline.fetch import main
from pipeline.support.console import run
from tests.pipeline.assets.server import FILES, Server, in_data

ROOT = Path(__file__).parents[2]


def test_an_unknown_asset_is_a_message_not_a_traceback(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(lambda: main(["Sett14"])) == 1
    assert "Did you mean Set14" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_the_photographs_need_no_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(socket, "socket", None)
    main(["photos_train"])
    main(["photos_test"])
    assert in_data(tmp_path) == ["hr/photos_test.h5", "hr/photos_train.h5"]
    first = (tmp_path / "data/hr/photos_test.h5").read_bytes()
    main(["photos_test"])
    assert (tmp_path / "data/hr/photos_test.h5").read_bytes() == first


INTERRUPTED = """
import sys
import pipeline.assets.registry
from pipeline.assets.registry import Asset, AssetFile
from pipeline.support.console import run
from pipeline.fetch import main
file = AssetFile("Toy", "a.png", sys.argv[1], 1000, "sha256:" + "0" * 64)
toy = {"Toy": Asset("Toy", "benchmark", "t", "h", "l", "c", (file,), images=1)}
pipeline.assets.registry.registry = lambda: toy
raise SystemExit(run(lambda: main(["Toy"])))
"""


@pytest.mark.parametrize(
    ("number", "status", "message"),
    [(signal.SIGINT, 130, "stopped by the user"), (signal.SIGTERM, 143, "")],
)
def test_a_signal_during_a_stalled_download(
    server: Server, tmp_path: Path, number: signal.Signals, status: int, message: str
) -> None:
    server.content["/Toy/a.png"] = FILES["a.png"]
    server.faults["/Toy/a.png"] = ["always silent"]
    process = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED, f"{server.url}/Toy/a.png"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 60
    while not server.requests and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(number)
    _, said = process.communicate(timeout=20)
    assert process.returncode == status
    assert message in said
    assert "Traceback" not in said
    assert in_data(tmp_path) == []
