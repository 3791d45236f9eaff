"""The clock of the day jumps, both ways, between runs: nothing waits for ever, and nothing is given up too early."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.once.batch import Ended
from tests.once.faults import Point
from tests.once.nursery import Nursery
from tests.once.sink import Sink
from tests.queue.walk import GREY, Outbox, light_folder, taken_of

HOUR, DAY = 3600, 86400
RETRY = 300  # seconds before what was deferred is tried again


@pytest.fixture(scope="module")
def nursery(faults: Path) -> Iterator[Nursery]:
    with Nursery(faults) as nursery:
        yield nursery


@pytest.fixture
def sink(tmp_path: Path) -> Iterator[Sink]:
    """Defers the second message once."""
    with Sink(tmp_path, grey=f"^u{GREY}@") as sink:
        yield sink


@pytest.fixture
def box(sink: Sink, nursery: Nursery, faults: Path) -> Iterator[Outbox]:
    with light_folder() as folder:
        yield Outbox(folder / "box", nursery, faults, sink.port, "x.example", "max_age: 48h", RETRY)


def run(box: Outbox, ahead: int) -> Ended:
    """Process the queue by a clock that is so many seconds ahead."""
    ended = box.run("empty.yaml", Point(0, (), ahead=ahead))
    assert ended.status in (0, 69, 75), ended
    return ended


def waits(box: Outbox) -> bool:
    return box.files() == [f"m{GREY}.queued"]


@pytest.fixture
def deferred(box: Outbox) -> Outbox:
    """All but the second are sent, and that waits."""
    box.put()
    run(box, 0)
    assert waits(box)
    return box


def test_it_waits_while_the_clock_goes_on_as_usual(deferred: Outbox) -> None:
    run(deferred, RETRY - 60)
    assert waits(deferred)
    run(deferred, RETRY + 60)
    assert deferred.files() == []


@pytest.mark.parametrize("jump", [DAY, -HOUR, -400 * DAY])
def test_after_a_jump_it_is_sent_and_not_given_up(deferred: Outbox, jump: int) -> None:
    """Put forward it is due; put back, nobody knows how long it has waited, so it does not wait any more."""
    run(deferred, jump)
    assert deferred.files() == []


def test_what_was_queued_by_a_clock_that_ran_ahead_is_sent_at_once(box: Outbox) -> None:
    box.put(timedelta(days=30))
    run(box, 0)
    assert waits(box)


def test_what_is_deferred_once_more_is_given_up_only_when_its_age_says_so(box: Outbox) -> None:
    box.put()
    run(box, 3 * DAY)  # the clock was put forward by mistake, and the server defers it
    assert f"m{GREY}.failed" in box.files()


def test_a_clock_that_was_put_back_fails_nothing(box: Outbox) -> None:
    box.put()
    run(box, -30 * DAY)
    assert waits(box)
    run(box, 0)
    assert box.files() == []


def test_nobody_gets_anything_twice(deferred: Outbox, sink: Sink) -> None:
    for jump in (DAY, -DAY, 0):
        run(deferred, jump)
    assert set(taken_of(sink.lines(), deferred.domain).values()) == {1}
