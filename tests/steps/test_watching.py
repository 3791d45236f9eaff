"""A step that watches: what it does again and again, what it bears, and what ends it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from mailjobs.errors import AuthError, ConnectionLost, FileError, Interrupted, MailjobsError
from mailjobs.events import Event
from mailjobs.model import ProcessQueue
from mailjobs.spool import queue_message
from mailjobs.steps.watching import IDLE, LONGEST_PAUSE, RECOVER, Watching
from tests.fixtures.slow_clock import SlowClock
from tests.spool.files import entry


@dataclass
class Life:
    """A watching step whose rounds the test sees. `until` is the second at which it is told to stop."""

    folder: Path
    time: SlowClock
    until: float = 300.0
    fails: Callable[[float], MailjobsError | None] = lambda moment: None
    rounds: list[tuple[float, tuple[str, ...]]] = field(default_factory=list)
    recovered: list[float] = field(default_factory=list)
    quits: list[float] = field(default_factory=list)
    told: list[Any] = field(default_factory=list)
    patient: float = 1e9

    def recover(self) -> None:
        self.recovered.append(self.time.seconds)

    def hang_up(self) -> None:
        self.quits.append(self.time.seconds)

    def send(self, files: Sequence[str] | None, check: Callable[[], None]) -> None:
        assert files is not None
        self.rounds.append((self.time.seconds, tuple(files)))
        self._fail()
        for file in files:
            (self.folder / file).unlink()

    def _fail(self) -> None:
        error = self.fails(self.time.seconds)
        if error is not None:
            raise error

    def check(self) -> None:
        if self.time.seconds >= self.until:
            raise Interrupted("terminated")

    def run(self) -> None:
        sessions = SimpleNamespace(has_time=lambda seconds: self.time.seconds + seconds < self.patient)
        context = SimpleNamespace(sessions=sessions, step=SimpleNamespace(server="s"), publish=self._publish)
        Watching(context, ProcessQueue(self.folder), self).run(self.check)  # type: ignore[arg-type]

    def _publish(self, event: Event) -> None:
        self.told.append(event)


@pytest.fixture
def life(tmp_path: Path, time: SlowClock) -> Life:
    return Life(tmp_path, time)


def put(folder: Path, name: str) -> None:
    queue_message(folder, name, entry(), [b"x: y\r\n\r"])


def until_stopped(life: Life) -> None:
    with pytest.raises(Interrupted):
        life.run()


def test_what_is_queued_is_sent_soon_and_nothing_else_is_done(life: Life, time: SlowClock) -> None:
    put(life.folder, "a")
    time.then[50.0] = lambda: put(life.folder, "b")
    until_stopped(life)
    assert [files for _, files in life.rounds] == [("a.queued",), ("b.queued",)]
    assert life.rounds[0][0] == 0
    assert 50 <= life.rounds[1][0] < 51
    assert not life.told


def test_an_idle_connection_is_closed(life: Life, time: SlowClock) -> None:
    put(life.folder, "a")
    time.then[100.0] = lambda: put(life.folder, "b")
    until_stopped(life)
    assert len(life.quits) == 2
    assert IDLE <= life.quits[0] < IDLE + 1
    assert 100 + IDLE <= life.quits[1] < 101 + IDLE


def test_a_server_that_is_away_is_told_once_and_tried_at_longer_intervals(life: Life, time: SlowClock) -> None:
    life.fails = lambda moment: ConnectionLost("nobody is there") if moment < 200 else None
    life.until = 400
    put(life.folder, "a")
    put(life.folder, "b")
    until_stopped(life)
    assert [event.description for event in life.told] == ["nobody is there; it is tried again"]
    first, *others, rest = life.rounds
    assert first[1] == ("a.queued", "b.queued")
    assert {files for _, files in others} == {("a.queued",)}  # no other file is claimed in vain
    moments = [moment for moment, _ in [first, *others]]
    gaps = [round(later - sooner) for sooner, later in pairwise(moments)]
    assert gaps == sorted(gaps)
    assert 0 < gaps[0] < 5
    assert gaps[-1] <= LONGEST_PAUSE + 1
    assert 200 <= moments[-1] <= 200 + LONGEST_PAUSE + 1
    assert rest == (moments[-1], ("b.queued",))


def test_a_directory_that_vanishes_for_a_while_is_told_once(life: Life, time: SlowClock) -> None:
    away = life.folder.with_name("away")
    time.then[20.0] = lambda: life.folder.rename(away)
    time.then[40.0] = lambda: put(away, "a")
    time.then[60.0] = lambda: away.rename(life.folder)
    until_stopped(life)
    assert len(life.told) == 1
    assert "cannot open the queue" in life.told[0].description
    assert [files for _, files in life.rounds] == [("a.queued",)]


def test_what_no_time_heals_ends_it(life: Life) -> None:
    life.fails = lambda moment: AuthError("login was refused", temporary=False)
    put(life.folder, "a")
    with pytest.raises(AuthError):
        life.run()
    assert len(life.rounds) == 1


def test_what_others_have_left_is_looked_for_now_and_then(life: Life) -> None:
    until_stopped(life)
    assert 3 <= len(life.recovered) <= life.until / RECOVER


def test_a_step_that_has_had_its_time_is_done(life: Life) -> None:
    life.patient = 30
    life.run()
    assert 30 <= life.time.seconds < 31


def test_a_full_disk_is_borne(life: Life) -> None:
    life.fails = lambda moment: FileError("no space") if moment < 10 else None
    put(life.folder, "a")
    until_stopped(life)
    assert life.rounds[-1][0] >= 10
    assert len(life.told) == 1
    assert list(life.folder.iterdir()) == []
