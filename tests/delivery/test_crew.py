"""Worker processes: how they are started, and what they make of signals."""

from __future__ import annotations

import errno
import os
import signal
import threading
from collections.abc import Callable, Iterator

import pytest

from mailjobs.delivery.crew import Crew, Outbox, Worker
from mailjobs.delivery.signals import HeldSignals
from mailjobs.errors import Interrupted, TransportError

PATIENCE = 30  # seconds until a worker that nobody tells anything ends by itself


class Idle:
    """Works until it is told to end, and says by what."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self._over = threading.Event()

    def stop(self) -> None:
        self._end("stop")

    def interrupt(self) -> None:
        self._end("interrupt")

    def cut(self) -> None:
        self._end("cut")

    def _end(self, order: str) -> None:
        self.told.append(order)
        self._over.set()

    def wait(self) -> None:
        self._over.wait(PATIENCE)


def idle(number: int, outbox: Outbox, obey: Callable[[Worker], None]) -> None:
    worker = Idle()
    obey(worker)
    worker.wait()
    outbox.send((number, worker.told[:1]))


def nothing() -> None:
    """The pulse."""


@pytest.fixture(autouse=True)
def interruptible() -> Iterator[None]:
    """Ctrl-C raises Interrupted, as in the command; and no worker is left behind."""

    def handle(number: int, frame: object) -> None:
        raise Interrupted("interrupted")

    before = signal.signal(signal.SIGINT, handle)
    yield
    signal.signal(signal.SIGINT, before)
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def test_ctrl_c_while_workers_are_started_reaches_all_of_them(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    fork, heard = os.fork, []

    def interrupted_fork() -> int:
        pid = fork()
        os.kill(os.getpid(), signal.SIGINT)  # the worker gets it too
        return pid

    monkeypatch.setattr(os, "fork", interrupted_fork)
    with pytest.raises(Interrupted), HeldSignals() as signals:
        Crew(3, idle).run(heard.append, nothing, signals.check)
    assert [number for number, _ in sorted(heard)] == [0, 1, 2]
    assert {order for _, told in heard for order in told} <= {"interrupt", "cut"}
    assert "Traceback" not in capfd.readouterr().err


def test_where_one_cannot_be_started_those_before_are_told_to_end(monkeypatch: pytest.MonkeyPatch) -> None:
    fork, heard, pids = os.fork, [], []

    def fork_twice() -> int:
        if len(pids) == 2:
            raise OSError(errno.EAGAIN, "")
        pids.append(0)
        return fork()

    monkeypatch.setattr(os, "fork", fork_twice)
    with pytest.raises(TransportError, match="cannot start worker process 3 of 4"):
        Crew(4, idle).run(heard.append, nothing)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_to_the_whole_group_is_left_to_the_parent(number: int) -> None:
    def work(worker: int, outbox: Outbox, obey: Callable[[Worker], None]) -> None:
        os.kill(os.getpid(), number)
        outbox.send("still here")

    heard: list[object] = []
    crew = Crew(1, work)
    assert crew.run(heard.append, nothing) is None
    assert (heard, crew.lost) == (["still here"], False)


def test_a_worker_that_does_not_end_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    def deaf(number: int, outbox: Outbox, obey: Callable[[Worker], None]) -> None:
        outbox.send("here")
        threading.Event().wait(PATIENCE)
        outbox.send("late")

    heard: list[object] = []
    came = []

    def check() -> None:
        if heard and len(came) < 2:
            came.append(1)
            raise Interrupted("interrupted")

    monkeypatch.setattr("mailjobs.delivery.crew.LAST_REPLIES", PATIENCE * 2)
    monkeypatch.setattr("mailjobs.delivery.crew.LAST_WORDS", 0.01)
    crew = Crew(1, deaf)
    with pytest.raises(Interrupted):
        crew.run(heard.append, nothing, check)
    assert (heard, crew.lost) == (["here"], True)
