"""What an interruption reaches: who waits for a connection, for a reply, or for the reply to QUIT."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from mailjobs.delivery import NoLimits, Terms
from mailjobs.delivery.pool import Pool
from mailjobs.delivery.signals import HeldSignals
from mailjobs.errors import ConnectionLost, Interrupted
from mailjobs.events import Publish
from mailjobs.model import Server, Timeouts, Tls
from mailjobs.session import Conversation, Letter, Settled, open_conversation
from tests.book.books import Ledger, Mail
from tests.book.deliveries import some
from tests.fixtures.taking import SILENCE, TakingServer

Taking = Callable[..., TakingServer]
PATIENCE = 30  # seconds, far above what any of this may take


def connect(server: TakingServer) -> Conversation:
    timeouts = Timeouts(idle=PATIENCE)
    model = Server(host="127.0.0.1", port=server.port, tls=Tls(mode="none"), timeout=timeouts, hello="me")
    return open_conversation(model, Publish([]))


def pool_of(tmp_path: Path, dial: Callable[[int], Conversation], told: list[Settled[Letter]]) -> Pool[Mail]:
    return Pool(Ledger(tmp_path).make(some(5)), Terms(connections=1), NoLimits(), dial, told.append)


def interrupt_when(ready: threading.Event, times: int = 1) -> Callable[[], None]:
    left = [times]

    def check() -> None:
        if ready.is_set() and left[0]:
            left[0] -= 1
            raise Interrupted("interrupted")

    return check


def test_a_connection_that_is_being_opened_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mailjobs.delivery.pool.LAST_REPLIES", 2 * PATIENCE)
    dialling, over, late = threading.Event(), threading.Event(), []

    def dial(number: int) -> Conversation:
        dialling.set()
        if not over.wait(PATIENCE / 3):
            late.append(number)
        raise ConnectionLost("too late to matter")

    told: list[Settled[Letter]] = []
    pool = pool_of(tmp_path, dial, told)
    with pytest.raises(Interrupted):
        pool.run(check=interrupt_when(dialling))
    assert late == []
    assert {settled.outcomes[0].state for settled in told} <= {"not-attempted"}  # those that were at hand
    over.set()


def test_a_second_interruption_waits_for_no_reply(
    tmp_path: Path, taking: Taking, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mailjobs.delivery.pool.LAST_REPLIES", 2 * PATIENCE)
    server = taking(lambda number, verb, line: SILENCE if verb == "dot" else None)
    told: list[Settled[Letter]] = []
    pool = pool_of(tmp_path, lambda number: connect(server), told)
    with pytest.raises(Interrupted):
        pool.run(check=interrupt_when(server.silent, 2))
    cut = [settled for settled in told if settled.outcomes[0].state != "not-attempted"]
    assert [settled.outcomes[0].state for settled in cut] == ["unknown"]
    assert cut[0].error is not None
    assert "timed out" not in str(cut[0].error)


def test_what_watches_the_connections_leaves_one_that_hangs(
    tmp_path: Path, taking: Taking, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a worker process it is another thread that interrupts, and no signal comes."""
    monkeypatch.setattr("mailjobs.delivery.pool.LAST_REPLIES", 0.01)
    hangs, over = threading.Event(), threading.Event()

    def report(settled: object) -> None:
        hangs.set()
        over.wait(PATIENCE)

    server = taking()
    pool = Pool(Ledger(tmp_path).make(some(5)), Terms(), NoLimits(), lambda number: connect(server), report)
    running = threading.Thread(target=pool.run, daemon=True)
    running.start()
    assert hangs.wait(PATIENCE)
    pool.interrupt()
    running.join(PATIENCE / 3)
    assert not running.is_alive()
    over.set()


def test_a_server_that_does_not_answer_quit_is_left(taking: Taking) -> None:
    server = taking(lambda number, verb, line: SILENCE if verb == "QUIT" else None)
    conversation = connect(server)
    ended = threading.Event()

    def leave() -> None:
        conversation.quit()
        ended.set()

    threading.Thread(target=leave, daemon=True).start()
    assert ended.wait(PATIENCE / 3)


def test_an_interruption_ends_the_wait_for_the_reply_to_quit(
    tmp_path: Path, taking: Taking, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mailjobs.session.conversation.Conversation.quit.__defaults__", (PATIENCE,))
    server = taking(lambda number, verb, line: SILENCE if verb == "QUIT" else None)
    terms = Terms(connections=1, messages_per_connection=1)
    pool = Pool(Ledger(tmp_path).make(some(2)), terms, NoLimits(), lambda number: connect(server), lambda settled: None)
    running = threading.Thread(target=pool.run, daemon=True)
    running.start()
    assert server.silent.wait(PATIENCE)
    lanes = [thread for thread in threading.enumerate() if thread.name.startswith("connection")]
    pool.cut()
    for lane in lanes:
        lane.join(PATIENCE / 3)
    assert not any(lane.is_alive() for lane in lanes)
    running.join(PATIENCE)


def test_signals_wait_until_they_are_asked_for() -> None:
    def handle(number: int, frame: object) -> None:
        raise Interrupted("interrupted")

    before = signal.signal(signal.SIGINT, handle)
    try:
        with HeldSignals() as signals:
            signal.raise_signal(signal.SIGINT)
            with pytest.raises(Interrupted):
                signals.check()
            signals.check()
        with pytest.raises(Interrupted), HeldSignals():
            signal.raise_signal(signal.SIGINT)
        assert signal.getsignal(signal.SIGINT) is handle
    finally:
        signal.signal(signal.SIGINT, before)
