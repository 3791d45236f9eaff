"""Which files of a queue are worth a look now, for somebody who looks at it again and again.

A file that waits is read once, and then only when it is due or has changed; so a queue of many thousands that wait
costs little. A new name changes the directory, which is asked for that; who changes a file without giving it another
name touches the directory as well.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, NamedTuple

from mailjobs import clock
from mailjobs.frozen import frozen
from mailjobs.spool.directory import unreadable
from mailjobs.spool.head import Damaged
from mailjobs.spool.names import QUEUED, split_name
from mailjobs.spool.state import State
from mailjobs.spool.stored import read

LOOK: Final = 0.2  # seconds between two looks at the directory
AT_LEAST: Final = 60.0  # seconds after which all its names are looked at, whatever it says of itself
BUSY: Final = 5.0  # seconds before a file is tried again that somebody else had


class _Waits(NamedTuple):
    """Not before `until`, as a clock says that was not put back before `since`. `changed`: when the file was, in ns."""

    changed: int
    since: datetime
    until: datetime

    def due(self, now: datetime) -> bool:
        return not self.since <= now < self.until


NEVER: Final = timedelta(days=36500)


@frozen
class Glance:
    """The files that may be due. `mark` is when the directory was changed last, in ns, before they were listed.

    Not `sure`: it may have changed once more in the same moment, so it has to be looked at again.
    """

    files: tuple[str, ...]
    mark: int
    sure: bool


class Agenda:
    """Of the queue in `folder`, the files with one of these suffixes. Not for several threads."""

    def __init__(self, folder: Path, suffixes: Collection[str]) -> None:
        self._folder = folder
        self._suffixes = suffixes
        self._waiting: dict[str, _Waits] = {}
        self._mark = 0

    def glance(self) -> Glance:
        """Look at all names. Raises FileError."""
        now = clock.now()
        try:
            mark = os.stat(self._folder).st_mtime_ns
            with os.scandir(self._folder) as entries:
                found = {one.name: _changed(one) for one in entries if split_name(one.name)[1] in self._suffixes}
        except OSError as error:
            raise unreadable(self._folder, error) from None
        self._waiting = {file: one for file, one in self._waiting.items() if found.get(file) == one.changed}
        due = [file for file in found if file not in self._waiting or self._waiting[file].due(now)]
        sure, self._mark = mark == self._mark, mark
        return Glance(tuple(sorted(due)), mark, sure)

    def note(self, files: Collection[str]) -> None:
        """These were tried: what is there still waits, or somebody else has it."""
        now = clock.now()
        for file in files:
            waits = self._waits(file, now)
            if waits is not None:
                self._waiting[file] = waits

    def _waits(self, file: str, now: datetime) -> _Waits | None:
        try:
            descriptor = os.open(self._folder / file, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError:
            return None
        try:
            changed = os.fstat(descriptor).st_mtime_ns
            state = read(descriptor).state
        except (OSError, Damaged):
            return None
        finally:
            os.close(descriptor)
        return _Waits(changed, *_span(file, state, now))

    def wait(self, glance: Glance, check: Callable[[], None], pulse: Callable[[float], None]) -> None:
        """Until something may be due. `check` raises what ends it; `pulse` gets the seconds that it waits already."""
        began = clock.monotonic()
        soonest = min([one.until for one in self._waiting.values()], default=None)
        since = max([one.since for one in self._waiting.values()], default=None)
        while (waited := clock.monotonic() - began) < AT_LEAST:
            check()
            pulse(waited)
            now = clock.now()
            if self._changed_since(glance) or (soonest and since and not since <= now < soonest):
                return
            clock.sleep(LOOK)
            if not glance.sure:
                return

    def _changed_since(self, glance: Glance) -> bool:
        try:
            return os.stat(self._folder).st_mtime_ns != glance.mark
        except OSError:
            return True


def _changed(entry: os.DirEntry[str]) -> int:
    try:
        return entry.stat(follow_symlinks=False).st_mtime_ns
    except OSError:
        return 0


def _span(file: str, state: State, now: datetime) -> tuple[datetime, datetime]:
    if split_name(file)[1] != QUEUED:
        return datetime.min.replace(tzinfo=now.tzinfo), now + NEVER
    if state.next is not None and state.waits_since is not None and not state.due(now):
        return state.waits_since, state.next
    return now, now + timedelta(seconds=BUSY)
