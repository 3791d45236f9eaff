"""What is worth a look in a queue that is watched: new files, due ones, changed ones, and no others."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import pytest

from mailjobs import clock
from mailjobs.errors import FileError
from mailjobs.spool import QUEUED, lines, queue_message
from mailjobs.spool.agenda import AT_LEAST, LOOK, Agenda
from mailjobs.spool.locked import lock
from mailjobs.spool.tend import retry
from tests.fixtures.slow_clock import SlowClock
from tests.spool.files import entry


@pytest.fixture
def agenda(tmp_path: Path, time: SlowClock) -> Agenda:
    return Agenda(tmp_path, (QUEUED,))


def put(folder: Path, name: str, until: float | None = None) -> None:
    queue_message(folder, name, entry(), [b"x: y\r\n\r"])
    if until is not None:
        with (folder / f"{name}.queued").open("ab") as file:
            file.write(lines.wait(clock.now(), clock.now() + timedelta(seconds=until), 1))


def tried(agenda: Agenda) -> tuple[str, ...]:
    """What is to be tried now; afterwards it is there still."""
    files = agenda.glance().files
    agenda.note(files)
    return files


def waited(agenda: Agenda, time: SlowClock) -> float:
    """So long it waits, once it is sure of the directory."""
    while not (glance := agenda.glance()).sure:
        pass
    began = time.seconds
    agenda.wait(glance, lambda: None, lambda seconds: None)
    return time.seconds - began


def test_what_waits_is_left_out_until_it_is_due(tmp_path: Path, agenda: Agenda, time: SlowClock) -> None:
    put(tmp_path, "now")
    put(tmp_path, "later", until=30)
    assert tried(agenda) == ("later.queued", "now.queued")
    (tmp_path / "now.queued").unlink()
    assert tried(agenda) == ()
    assert 29.9 < waited(agenda, time) < 30 + 2 * LOOK
    assert tried(agenda) == ("later.queued",)


def test_a_new_file_is_noticed_soon(tmp_path: Path, agenda: Agenda, time: SlowClock) -> None:
    put(tmp_path, "later", until=30)
    assert tried(agenda) == ("later.queued",)
    time.then[10.0] = lambda: put(tmp_path, "new")
    assert 10 <= waited(agenda, time) <= 10 + 2 * LOOK
    assert agenda.glance().files == ("new.queued",)


def test_what_comes_in_the_same_moment_as_a_look_is_found_by_the_next(tmp_path: Path, agenda: Agenda) -> None:
    """A directory that changes twice within a tick of the file system shows it once."""
    glance = agenda.glance()
    put(tmp_path, "new")
    os.utime(tmp_path, ns=(glance.mark, glance.mark))
    agenda.wait(glance, lambda: None, lambda seconds: None)
    assert agenda.glance().files == ("new.queued",)


def test_what_a_person_wants_at_once_is_noticed(tmp_path: Path, agenda: Agenda, time: SlowClock) -> None:
    put(tmp_path, "later", until=30)
    assert tried(agenda) == ("later.queued",)

    def again() -> None:
        held = lock(tmp_path, "later.queued")
        assert held is not None
        with held:
            retry(held, held.read())

    time.then[5.0] = again
    assert 5 <= waited(agenda, time) <= 5 + 2 * LOOK
    assert agenda.glance().files == ("later.queued",)


def test_what_somebody_else_has_is_tried_again_after_a_while(tmp_path: Path, agenda: Agenda, time: SlowClock) -> None:
    put(tmp_path, "busy")
    assert tried(agenda) == ("busy.queued",)
    assert tried(agenda) == ()
    assert 0 < waited(agenda, time) < 10
    assert tried(agenda) == ("busy.queued",)


@pytest.mark.parametrize("jump", [timedelta(days=1), timedelta(days=-1)])
def test_a_clock_that_jumps_makes_nothing_wait_for_long(
    tmp_path: Path, agenda: Agenda, time: SlowClock, jump: timedelta
) -> None:
    put(tmp_path, "later", until=3600)
    assert tried(agenda) == ("later.queued",)
    assert tried(agenda) == ()
    time.jump = jump
    assert waited(agenda, time) < 2 * LOOK
    assert tried(agenda) == ("later.queued",)


def test_without_any_sign_it_looks_again_all_the_same(agenda: Agenda, time: SlowClock) -> None:
    assert AT_LEAST <= waited(agenda, time) < AT_LEAST + 2 * LOOK


def test_a_directory_that_vanishes_ends_the_wait_and_is_told(tmp_path: Path, time: SlowClock) -> None:
    folder = tmp_path / "outbox"
    folder.mkdir()
    agenda = Agenda(folder, (QUEUED,))
    time.then[2.0] = lambda: folder.rmdir()
    assert waited(agenda, time) < 3
    with pytest.raises(FileError, match="cannot open the queue"):
        agenda.glance()
