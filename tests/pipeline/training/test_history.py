import io
import re
from types import SimpleNamespace

from pipeline.training import history
from pipeline.training.history import Progress, write_history


class Terminal(io.StringIO):
    def isatty(self):
        return True


ROW = {
    "step": 20, "epoch": 2.5, "lr": 1e-4, "loss": 0.25, "psnr_db": 31.5, "coarse_psnr_db": 31.25,
    "gate_mean": 1e-7, "seconds": 5.0,
}  # fmt: skip


def test_plain_lines_are_rate_limited_and_the_last_row_is_told(monkeypatch):
    clock = iter(range(1000))  # a second passes each time it is looked at
    monkeypatch.setattr(history, "time", SimpleNamespace(perf_counter=lambda: next(clock)))
    stream = io.StringIO()
    with Progress("run", 0, 20, stream=stream) as progress:
        for step in range(1, 20):
            progress.on_step(step, 0.5)
        assert 1 <= stream.getvalue().count("\n") <= 2
        progress.on_row(ROW)
    last = stream.getvalue().splitlines()[-1]
    pattern = r"run: step 20/20  loss 0\.25000  PSNR-Y 31\.50 dB  [\d.]+ steps/s  00:00 left"
    assert re.fullmatch(pattern, last)


def test_terminal_gets_a_bar_with_loss_and_psnr():
    stream = Terminal()
    with Progress("run", 5, 20, stream=stream) as progress:
        progress.on_row(ROW | {"step": 6})
        progress.on_step(7, 0.125)
        progress.bar.refresh()
        progress.say("a line")
    shown = stream.getvalue()
    assert "7/20" in shown
    assert "loss 0.12500  PSNR-Y 31.50 dB" in shown
    assert "a line\n" in shown


def test_other_processes_are_silent():
    stream = io.StringIO()
    with Progress("run", 0, 20, stream=stream, silent=True) as progress:
        progress.on_row(ROW)
        progress.say("nothing")
    assert stream.getvalue() == ""


def test_history_file(tmp_path):
    without = {"psnr_db": None, "coarse_psnr_db": None, "gate_mean": None}
    write_history(tmp_path / "history.csv", [ROW, ROW | {"step": 24} | without])
    assert (tmp_path / "history.csv").read_text() == (
        "step,epoch,lr,loss,psnr_db,coarse_psnr_db,gate_mean\n"
        "20,2.5,0.0001,0.25,31.500000,31.250000,1e-07\n"
        "24,2.5,0.0001,0.25,,,\n"
    )
