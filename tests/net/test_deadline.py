"""Deadlines against a clock that stands still until it is moved."""

from __future__ import annotations

import pytest

from mailjobs import clock
from mailjobs.errors import TimedOut
from mailjobs.net import Deadline


class Hands:
    """A clock to be moved."""

    def __init__(self) -> None:
        self.now = 1000.0


@pytest.fixture
def hands(monkeypatch: pytest.MonkeyPatch) -> Hands:
    hands = Hands()
    monkeypatch.setattr(clock, "monotonic", lambda: hands.now)
    return hands


def test_idle_starts_anew_with_each_byte(hands: Hands) -> None:
    deadline = Deadline("EHLO", idle=10)
    hands.now += 9
    assert deadline.remaining() == 1
    deadline.touch()
    hands.now += 9
    assert deadline.remaining() == 1
    hands.now += 1
    with pytest.raises(TimedOut, match="EHLO: nothing moved for 10 s") as caught:
        deadline.remaining()
    assert (caught.value.code, caught.value.stage, caught.value.temporary) == (201, "EHLO", True)


def test_total_does_not_start_anew(hands: Hands) -> None:
    deadline = Deadline("EHLO", idle=10, total=15)
    for _ in range(3):
        hands.now += 4
        deadline.touch()
    assert deadline.remaining() == 3
    hands.now += 3
    with pytest.raises(TimedOut, match="longer than 15 s in all"):
        deadline.remaining()


def test_no_limit_is_none(hands: Hands) -> None:
    deadline = Deadline("EHLO")
    hands.now += 1e9
    assert deadline.remaining() is None
