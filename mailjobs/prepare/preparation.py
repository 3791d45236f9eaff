"""Compiles each message once and fills it, for one run of one job."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from mailjobs import clock
from mailjobs.errors import DataError, JobError, Problem, UsageError
from mailjobs.frozen import frozen
from mailjobs.message import CompiledMessage, Identity, compile_message
from mailjobs.model import Job, Send
from mailjobs.prepare.letter import Letter, letter_for
from mailjobs.rows import Row, open_rows
from mailjobs.rows.snapshot import SnapshotWriter
from mailjobs.templates import Templates

STAMP = "%Y%m%dT%H%M%SZ"
SHOWN = 20  # bad rows that are told one by one

Scope = Mapping[str, Any]


@frozen
class RunFacts:
    """A run's id and start. The id holds the start, so that a run's messages can be rendered again from it alone."""

    id: str
    started: datetime

    @classmethod
    def new(cls) -> RunFacts:
        """The facts of a run that starts now, such as `20260301T212452Z-5f0c9a12`."""
        started = clock.now().replace(microsecond=0)
        return cls(f"{started.strftime(STAMP)}-{os.urandom(4).hex()}", started)

    @classmethod
    def parse(cls, run_id: str) -> RunFacts:
        """The facts of the run with this id. Raises UsageError."""
        try:
            started = datetime.strptime(run_id.partition("-")[0], STAMP).replace(tzinfo=UTC)
        except ValueError:
            raise UsageError(f"'{run_id}' is no run id; one looks like {cls.new().id}") from None
        return cls(run_id, started)


class Found(NamedTuple):
    """What a batch has to send, and to how many."""

    messages: int
    recipients: int


class Preparation:
    """Messages of `job` for the run that `facts` describe."""

    def __init__(self, job: Job, facts: RunFacts, templates: Templates | None = None) -> None:
        self.job = job
        self.facts = facts
        self.templates = templates or Templates(job.folders)
        self._compiled: dict[str, CompiledMessage] = {}

    def scope(self, steps: Mapping[str, Any] | None = None, failed: bool = False) -> dict[str, Any]:
        """What templates see: vars, steps (results so far, by id), run."""
        run = {"id": self.facts.id, "started": self.facts.started, "failed": failed}
        return {"vars": self.job.vars, "steps": steps or {}, "run": run}

    def compiled(self, name: str) -> CompiledMessage:
        """The message of that name, compiled once. Raises JobError."""
        if name not in self._compiled:
            self._compiled[name] = compile_message(self.job.messages[name], self.templates)
        return self._compiled[name]

    def letter(self, action: Send, scope: Scope) -> Letter:
        """The one letter of a send without rows. Raises JobError where it cannot be rendered."""
        outgoing = self.compiled(action.message).fill(scope, self._identity(""))
        return letter_for(outgoing, action.stop_on)

    def letters(self, action: Send, scope: Scope) -> Iterator[Letter]:
        """A letter for each row, streamed. Raises DataError at the first bad one."""
        message = self.compiled(action.message)
        for row in self._rows(action):
            yield self._fill(message, row, action, scope)

    def render(self, action: Send, scope: Scope, row: Row) -> Letter:
        """The letter of one row. Raises DataError. For any number of threads."""
        return self._fill(self.compiled(action.message), row, action, scope)

    def preflight(self, action: Send, scope: Scope, writer: SnapshotWriter | None = None) -> Found:
        """Render every row once and keep none; what there is to send. Raises DataError with all that is wrong.

        The rows go to `writer`, where there is one.
        """
        message = self.compiled(action.message)
        problems: list[Problem] = []
        seen: dict[str, int] = {}
        bad = count = recipients = 0
        for row in self._rows(action):
            count += 1
            if writer is not None:
                writer.append(row)
            try:
                _check_key(row, seen)
                recipients += len(self._fill(message, row, action, scope).outgoing.recipients)
            except JobError as error:
                bad += 1
                problems += [_in_row(problem, row) for problem in error.problems] if bad <= SHOWN else []
        if bad > SHOWN:
            problems.append(Problem(f"and {bad - SHOWN} more rows that cannot be sent"))
        if problems:
            raise DataError.of(problems)
        return Found(count, recipients)

    def _rows(self, action: Send) -> Iterator[Row]:
        assert action.for_each is not None, "a batch names its data"
        return open_rows(self.job.data[action.for_each])

    def _fill(self, message: CompiledMessage, row: Row, action: Send, scope: Scope) -> Letter:
        outgoing = message.fill({**scope, "row": row.values}, self._identity(row.key))
        return letter_for(outgoing, action.stop_on, row.number, row.key)

    def _identity(self, key: str) -> Identity:
        return Identity(self.facts.id, self.facts.started, key)


def _check_key(row: Row, seen: dict[str, int]) -> None:
    """A key is how a row is known again: two rows with one key could not be told apart."""
    first = seen.setdefault(row.key, row.number)
    if first != row.number:
        raise DataError(f"its key '{row.key}' is that of row {first} too", hint="each row needs a key of its own")


def _in_row(problem: Problem, row: Row) -> Problem:
    return problem._replace(message=f"row {row.number} (line {row.line}): {problem.message}")
