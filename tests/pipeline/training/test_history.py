import csv
import io
import re
import sys
from types import SimpleNamespace

import pytest

from pipeline.support.errors import UserError
from pipeline.training import history
from pipeline.training.history import Watch, duration, write_history


class Terminal(io.StringIO):
    def isatty(self):
        return True


ROW = {
    "step": 20,
    "epoch": 2.5,
    "lr": 1e-4,
    "loss": 0.25,
    "psnr_db": 31.5,
    "steps_per_s": 4.0,
    "seconds": 5.0,
}


def test_plain_lines_are_rate_limited_and_the_last_row_is_told(monkeypatch):
    clock = iter(range(1000))  # a second passes each time it is looked at
    monkeypatch.setattr(history, "time", SimpleNamespace(perf_counter=lambda: next(clock)))
    stream = io.StringIO()
    with Watch("run", 0, 20, stream=stream) as watch:
        for step in range(1, 20):
            watch.on_step(step, 0.5)
        assert 1 <= stream.getvalue().count("\n") <= 2
        watch.on_row(ROW)
    last = stream.getvalue().splitlines()[-1]
    assert re.fullmatch(
        r"run: step 20/20  loss 0\.25000  PSNR-Y 31\.50 dB  [\d.]+ steps/s  0:00 left", last
    )


def test_terminal_gets_a_bar_with_loss_and_psnr():
    stream = Terminal()
    with Watch("run", 5, 20, stream=stream) as watch:
        watch.on_row(ROW | {"step": 6})
        watch.on_step(7, 0.125)
        watch.bar.refresh()
        watch.say("a line")
    shown = stream.getvalue()
    assert "7/20" in shown
    assert "loss 0.12500  PSNR-Y 31.50 dB" in shown
    assert "a line\n" in shown


def test_other_processes_are_silent():
    stream = io.StringIO()
    with Watch("run", 0, 20, loggers=["tensorboard"], stream=stream, silent=True) as watch:
        watch.on_row(ROW)
        watch.say("nothing")
    assert stream.getvalue() == ""
    assert watch.loggers == []


@pytest.mark.parametrize(("seconds", "text"), [(0.4, "0:00"), (75, "1:15"), (3725.2, "1:02:05")])
def test_duration(seconds, text):
    assert duration(seconds) == text


def test_history_file(tmp_path):
    write_history(tmp_path / "history.csv", [ROW, ROW | {"step": 24, "psnr_db": None}])
    assert (tmp_path / "history.csv").read_text() == (
        "step,epoch,lr,loss,psnr_db\n20,2.5,0.0001,0.25,31.500000\n24,2.5,0.0001,0.25,\n"
    )


def test_loggers_begin_anew_with_the_history(tmp_path, monkeypatch):
    accumulator = pytest.importorskip(
        "tensorboard.backend.event_processing.event_accumulator",
        reason="extra `watch` is not installed",
    )
    pytest.importorskip("dvclive", reason="extra `watch` is not installed")
    monkeypatch.setattr(history, "LOGS", tmp_path)
    monkeypatch.setenv("DVCLIVE_OPEN", "false")
    rows = [ROW | {"step": step, "loss": 1 / step} for step in (10, 20, 30)]
    both = ["tensorboard", "dvclive"]
    with Watch("run", 0, 30, loggers=both, stream=io.StringIO()) as watch:
        watch.on_row(rows[0])
        watch.on_row(rows[1])  # lost: the run is killed before its next checkpoint
    with Watch("run", 15, 30, rows[:1], loggers=both, stream=io.StringIO()) as watch:
        watch.on_row(rows[1])
        watch.on_row(rows[2])
    events = accumulator.EventAccumulator(str(tmp_path / "tensorboard" / "run"))
    events.Reload()
    assert [event.step for event in events.Scalars("loss")] == [10, 20, 30]
    assert events.Scalars("loss")[-1].value == pytest.approx(1 / 30)
    with (tmp_path / "dvclive" / "run" / "plots" / "metrics" / "loss.tsv").open() as file:
        table = list(csv.DictReader(file, delimiter="\t"))
    assert [int(line["step"]) for line in table] == [10, 20, 30]
    assert float(table[-1]["loss"]) == pytest.approx(1 / 30)


def test_missing_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "dvclive.live", None)
    with pytest.raises(UserError, match=re.escape("pip install -e '.[watch]'")):
        Watch("run", 0, 1, loggers=["dvclive"])
