"""`max_transfer_rate`: never more than so many bytes a second, whoever writes."""

from __future__ import annotations

import pytest

from mailjobs import clock
from mailjobs.errors import TimedOut
from mailjobs.net import Deadline
from mailjobs.net.paced import Pace, Paced
from tests.net.conftest import Hands


class Sent:
    """A stream that notes when what was written to it."""

    def __init__(self, hands: Hands) -> None:
        self.hands = hands
        self.deadline = Deadline("test")
        self.info = None
        self.peer = None
        self.writes: list[tuple[float, int]] = []
        self.data = bytearray()
        self.calls: list[object] = []

    def write(self, data: bytes, receive: object) -> None:
        self.writes.append((self.hands.now, len(data)))
        self.data += data

    def poll(self, receive: object) -> None:
        self.calls.append("poll")

    def read(self) -> bytes:
        return b"x"

    def cut(self) -> None:
        self.calls.append("cut")

    def close(self, abort: bool = False) -> None:
        self.calls.append(abort)


@pytest.fixture
def sleeps(hands: Hands, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Sleeping moves the clock; how long it was each time."""
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        hands.now += seconds

    monkeypatch.setattr(clock, "sleep", sleep)
    return slept


@pytest.mark.parametrize(("rate", "octets"), [(500_000, 1_000_000), (1_000, 2_000), (10, 20), (10_000_000, 20_000_000)])
def test_two_seconds_worth_takes_two_seconds(hands: Hands, sleeps: list[float], rate: int, octets: int) -> None:
    began, sent = hands.now, Sent(hands)
    stream = Paced(sent, Pace(rate))  # type: ignore[arg-type]
    data = bytes(octets)
    stream.write(data, bytes)
    assert sent.data == data
    piece = max(size for _, size in sent.writes)
    assert hands.now - began == pytest.approx((octets - piece) / rate, rel=0.03)
    assert hands.now - began == pytest.approx(2, rel=0.06)


def test_no_window_sees_more_than_the_rate_and_a_piece(hands: Hands, sleeps: list[float]) -> None:
    sent, pace = Sent(hands), Pace(10_000)
    one, other = Paced(sent, pace), Paced(sent, pace)  # type: ignore[arg-type]
    for count in (5_000, 10, 3_000, 700):
        one.write(bytes(count), bytes)
        other.write(bytes(count), bytes)
        hands.now += 0.1
    for begin, (start, _) in enumerate(sent.writes):
        total = 0
        for moment, size in sent.writes[begin:]:
            total += size
            assert total <= 10_000 * (moment - start) + pace.piece + 1


def test_what_is_not_used_is_not_saved_up(hands: Hands, sleeps: list[float]) -> None:
    sent = Sent(hands)
    stream = Paced(sent, Pace(1_000))  # type: ignore[arg-type]
    stream.write(bytes(10), bytes)
    hands.now += 3600
    began = hands.now
    stream.write(bytes(1_000), bytes)
    assert hands.now - began == pytest.approx(1, rel=0.06)


def test_our_own_pauses_are_no_idleness_but_count_for_the_whole(hands: Hands, sleeps: list[float]) -> None:
    sent = Sent(hands)
    sent.deadline = Deadline("the message", idle=0.5)
    Paced(sent, Pace(1)).write(bytes(5), bytes)  # type: ignore[arg-type]
    sent.deadline.remaining()
    sent.deadline = Deadline("the message", total=3)
    with pytest.raises(TimedOut, match="it took longer than 3 s"):
        Paced(sent, Pace(1)).write(bytes(5), bytes)  # type: ignore[arg-type]


def test_all_else_is_the_stream_below(hands: Hands) -> None:
    sent = Sent(hands)
    stream = Paced(sent, Pace(1))  # type: ignore[arg-type]
    assert stream.read() == b"x"
    stream.poll(bytes)
    stream.cut()
    stream.close(abort=True)
    stream.deadline = Deadline("other")
    assert (sent.calls, sent.deadline.stage, stream.info) == (["poll", "cut", True], "other", None)
