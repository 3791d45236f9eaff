"""Deadlines against a clock that stands still until it is moved."""

from __future__ import annotations

import pytest

from mailjobs.errors import TimedOut
from mailjobs.net import Deadline


def test_idle_starts_anew_with_each_byte(hands) -> None:
    deadline = Deadline("EHLO", idle=10)
    hands.now += 9
    assert deadline.remaining() == 1
    deadline.touch()
    hands.now += 9
    assert deadline.remaining() == 1
    hands.now += 1
    with pytest.raises(TimedOut) as caught:
        deadline.remaining()
    assert (caught.value.code, caught.value.stage, caught.value.temporary) == (201, "EHLO", True)
    assert caught.value.message == "timed out at EHLO: nothing moved for 10 s (timeout.idle)"


def test_total_does_not_start_anew(hands) -> None:
    deadline = Deadline("EHLO", idle=10, total=15)
    for _ in range(3):
        hands.now += 4
        deadline.touch()
    assert deadline.remaining() == 3
    hands.now += 3
    with pytest.raises(TimedOut) as caught:
        deadline.remaining()
    assert caught.value.message == "timed out at EHLO: it took longer than 15 s (timeout.total)"


def test_the_nearer_limit_counts(hands) -> None:
    assert Deadline("EHLO", idle=10, total=15).remaining() == 10
    assert Deadline("EHLO", idle=15, total=10).remaining() == 10


def test_no_limit_is_none(hands) -> None:
    deadline = Deadline("EHLO")
    hands.now += 1e9
    assert deadline.remaining() is None


@pytest.mark.parametrize(("seconds", "shown"), [(600, "600 s"), (7.1234, "7.1 s"), (0.05, "0.05 s"), (1, "1 s")])
def test_seconds_and_setting_are_named_as_a_user_knows_them(hands, seconds: float, shown: str) -> None:
    deadline = Deadline("the final dot", idle=seconds, idle_setting="timeout.final")
    hands.now += seconds
    with pytest.raises(TimedOut, match=rf"for {shown} \(timeout\.final\)$"):
        deadline.remaining()
    deadline = Deadline("the final dot", total=seconds, total_setting="the step's timeout")
    hands.now += seconds
    with pytest.raises(TimedOut, match=rf"than {shown} \(the step's timeout\)$"):
        deadline.remaining()
