"""`process_queue` with `watch`: a directory is served until somebody says stop."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, Protocol

from mailjobs import clock
from mailjobs.errors import FileError, MailjobsError, OutputError
from mailjobs.events import Error
from mailjobs.model import ProcessQueue
from mailjobs.spool.agenda import LOOK, Agenda, Glance
from mailjobs.spool.book import suffixes_of
from mailjobs.steps.context import Context
from mailjobs.steps.due import opened

IDLE: Final = 10.0  # seconds without a message after which the connection is closed
PAUSE, LONGEST_PAUSE = 1.0, 60.0  # seconds before it is tried again after a failure, doubled each time
RECOVER: Final = 60.0  # seconds between two looks at what processes have left that are gone


class Round(Protocol):
    """What is done again and again."""

    def recover(self) -> None:
        """Take up what processes that are gone have left."""

    def hang_up(self) -> None:
        """End the connection that is kept."""

    def send(self, files: Sequence[str] | None, check: Callable[[], None]) -> None:
        """Send what is due of these files."""


class Watching:
    """The life of a step that watches. What fails for a while is told once, and tried again."""

    def __init__(self, context: Context, action: ProcessQueue, round_: Round) -> None:
        self._context = context
        self._round = round_
        self._agenda = Agenda(action.dir, suffixes_of(opened(action)))
        self._failures = 0
        self._told = ""
        self._recovered = clock.monotonic()
        self._open = False  # whether a connection may be open

    def run(self, check: Callable[[], None]) -> None:
        """Until `check` raises Interrupted, the step's `timeout` is over, or nothing helps any more."""

        def go_on() -> None:
            check()
            if not self._has_time():
                raise _Over

        try:
            while True:
                glance = self._once(check)
                if glance is None:
                    self._pause(go_on)
                else:
                    self._agenda.wait(glance, go_on, self._idle)
        except _Over:
            return

    def _has_time(self) -> bool:
        return self._context.sessions.has_time(0)

    def _once(self, check: Callable[[], None]) -> Glance | None:
        """One round; what was seen before it, or None where it failed for a while."""
        try:
            self._recover()
            glance = self._send(check)
        except MailjobsError as error:
            if not self._passes(error):
                raise
            self._fail(error)
            return None
        self._failures, self._told = 0, ""
        return glance

    def _recover(self) -> None:
        if clock.monotonic() - self._recovered >= RECOVER:
            self._recovered = clock.monotonic()
            self._round.recover()

    def _send(self, check: Callable[[], None]) -> Glance:
        """Send what is due. After a failure one file alone is claimed, to see whether things are well again."""
        glance = self._agenda.glance()
        files = glance.files[:1] if self._failures else glance.files
        if files:
            self._open = True
            self._round.send(files, check)
            self._agenda.note(files)
        if len(files) < len(glance.files):
            self._failures = 0
            return self._send(check)
        return glance

    def _passes(self, error: MailjobsError) -> bool:
        """Whether it may be over some time: a server that is away, a disk that is full, a directory that is gone."""
        return error.temporary or isinstance(error, FileError | OutputError)

    def _fail(self, error: MailjobsError) -> None:
        self._failures += 1
        words = str(error)
        if words != self._told:
            self._told = words
            self._context.publish(Error(error.code, f"{words}; it is tried again"))

    def _pause(self, check: Callable[[], None]) -> None:
        end = clock.monotonic() + min(PAUSE * 2.0 ** min(self._failures - 1, 10), LONGEST_PAUSE)
        while clock.monotonic() < end:
            check()
            clock.sleep(LOOK)

    def _idle(self, waited: float) -> None:
        """Close the connection that nothing goes over."""
        if self._open and waited >= IDLE:
            self._open = False
            self._round.hang_up()


class _Over(Exception):
    """The step has had its time."""
