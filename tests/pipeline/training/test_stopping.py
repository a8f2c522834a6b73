import os
import signal

import pytest

from pipeline.training.stopping import StopRequest


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_first_signal_asks_second_one_acts(number):
    came = []
    former = signal.signal(number, lambda *_: came.append("acted"))
    try:
        with StopRequest() as stop:
            os.kill(os.getpid(), number)
            assert came == ["acted"]
            stop.listen()
            stop.listen()
            assert not stop.requested
            os.kill(os.getpid(), number)
            assert stop.requested
            assert stop.number == number
            assert came == ["acted"]
            os.kill(os.getpid(), number)
            assert came == ["acted"] * 2
        os.kill(os.getpid(), number)
        assert came == ["acted"] * 3
    finally:
        signal.signal(number, former)


def test_how_it_stops():
    stop = StopRequest()
    stop.number = signal.SIGTERM
    with pytest.raises(SystemExit, match="143"):
        stop.stop()
    for number in (signal.SIGINT, None):  # None: another process was told
        stop.number = number
        with pytest.raises(KeyboardInterrupt):
            stop.stop()
