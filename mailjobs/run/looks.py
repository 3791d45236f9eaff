"""The looks at the batches of a run before its first step: how far each is, and what is wrong with all of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from mailjobs import clock
from mailjobs.errors import DataError, FileError, JobError, MailjobsError
from mailjobs.events import Preflight, Publish
from mailjobs.model import Step
from mailjobs.prepare.caught import problems_of

SHOWN = 0.25  # seconds between two events about one batch


class Pace:
    """Called with how many rows were read; publishes that a few times a second where anybody listens."""

    def __init__(self, publish: Publish) -> None:
        self._publish = publish
        self._wanted = publish.wants(Preflight)
        self._read = 0
        self._due = clock.monotonic() + SHOWN

    def __call__(self, read: int) -> None:
        self._read = read
        if self._wanted and clock.monotonic() >= self._due:
            self._publish(Preflight(read))
            self._due = clock.monotonic() + SHOWN

    def finish(self) -> None:
        """Nothing more is read."""
        self._publish(Preflight(self._read, finished=True))


class Looks:
    """One after another. Which run they belong to is not known before all are done."""

    def __init__(self, publish: Publish) -> None:
        self._publish = publish.bind(run=None)
        self._wrong: list[tuple[Step, MailjobsError]] = []

    @contextmanager
    def at(self, step: Step) -> Iterator[Pace]:
        """One look. What is wrong with its rows, or with a file that it names, is kept for `refuse`."""
        pace = Pace(self._publish.bind(step=step.id or str(step.index + 1)))
        try:
            yield pace
        except (JobError, FileError) as error:
            self._wrong.append((step, error))
        finally:
            pace.finish()

    def refuse(self) -> None:
        """Raise what is wrong with all of them."""
        if len(self._wrong) == 1:
            raise self._wrong[0][1]
        told = [
            problem._replace(message=f"{step.name}: {problem.message}")
            for step, error in self._wrong
            for problem in problems_of(error)
        ]
        if told:
            raise DataError.of(told)
