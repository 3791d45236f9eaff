"""Compiles each message once and fills it, for one run of one job."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from mailjobs import clock
from mailjobs.errors import UsageError
from mailjobs.frozen import frozen
from mailjobs.message import CompiledMessage, Identity, Outgoing, Recipient, compile_message
from mailjobs.message.noted import Noted, noting
from mailjobs.model import Exclude, Job, Send, Template
from mailjobs.prepare.choice import ALL, Choice
from mailjobs.prepare.guards import Gate
from mailjobs.prepare.letter import Letter, letter_for
from mailjobs.prepare.sought import Sought
from mailjobs.prepare.texts import recipient_texts
from mailjobs.rows import Row, open_rows
from mailjobs.rows.suppression import Suppression
from mailjobs.templates import Templates, row_scope

STAMP = "%Y%m%dT%H%M%SZ"

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


class Preparation:
    """Messages of `job` for the run that `facts` describe."""

    def __init__(self, job: Job, facts: RunFacts, templates: Templates | None = None, choice: Choice = ALL) -> None:
        self.job = job
        self.choice = choice
        self.gate = Gate(job.guards, choice.redirect_to)
        self.facts = facts
        self.templates = templates or Templates(job.folders)
        self._lists: dict[Exclude, Suppression] = {}
        self._compiled: dict[str, CompiledMessage] = {}
        self._files: dict[str, Noted] = {}
        self.sought = Sought(choice.only)

    def scope(self, steps: Mapping[str, Any] | None = None, failed: bool = False) -> dict[str, Any]:
        """What templates see: vars, steps (results so far, by id), run."""
        run = {"id": self.facts.id, "started": self.facts.started, "failed": failed}
        return {"vars": self.job.vars, "steps": {} if steps is None else steps, "run": run}

    def compiled(self, name: str) -> CompiledMessage:
        """The message of that name, compiled once. Raises JobError."""
        if name not in self._compiled:
            with noting() as self._files[name]:
                self._compiled[name] = compile_message(self.job.messages[name], self.templates, self.gate.redirect)
        return self._compiled[name]

    def files(self, name: str) -> Noted:
        """The files that are the same in every letter of a message. Raises as `compiled` does."""
        self.compiled(name)
        return self._files[name]

    def letter(self, action: Send, scope: Scope) -> Letter:
        """The one letter of a send without rows. Raises JobError where it cannot be rendered."""
        outgoing = self.compiled(action.message).fill(scope, Identity(self.facts.id, self.facts.started, ""))
        return letter_for(self.gate.admit(outgoing), action.stop_on)

    def letters(self, action: Send, scope: Scope) -> Iterator[Letter]:
        """A letter for each row, streamed. Raises DataError at the first bad one."""
        for row in self._rows(action):
            yield self.render(action, scope, row)

    def render(self, action: Send, scope: Scope, row: Row) -> Letter:
        """The letter of one row. Raises DataError, FileError, GuardError. For any number of threads."""
        return letter_for(self.outgoing(action, scope, row), action.stop_on, row.number, row.key)

    def outgoing(self, action: Send, scope: Scope, row: Row) -> Outgoing:
        """The message of one row, for those who may get it. Raises and may be used as `render`."""
        identity = Identity(self.facts.id, self.facts.started, row.key)
        filled = self.compiled(action.message).fill(row_scope(scope, row.values), identity)
        if self.gate.open and action.exclude is None and not row.without:
            return filled
        return self.gate.admit(filled, self.suppressed(action), row.without)

    def recipients(self, action: Send, scope: Scope, row: Row) -> Sequence[Recipient]:
        """Whom the message of one row goes to. Raises DataError, GuardError."""
        return self.gate.pass_(self.meant(action, scope, row), self.suppressed(action), row.without)

    def whom(self, action: Send, scope: Scope) -> Callable[[Row], Sequence[Recipient]]:
        """`recipients`, for very many rows."""
        meant, pass_, suppressed = self.compiled(action.message).recipients, self.gate.pass_, self.suppressed(action)
        if self.gate.open and suppressed is None:
            return lambda row: meant({**scope, "row": row.values})
        return lambda row: pass_(meant({**scope, "row": row.values}), suppressed, row.without)

    def meant(self, action: Send, scope: Scope, row: Row) -> tuple[Recipient, ...]:
        """Whom the message of one row is for, before any list and guard. Raises DataError."""
        return self.compiled(action.message).recipients({**scope, "row": row.values})

    def named_by_steps(self, action: Send) -> bool:
        """Whether results of steps may be among the recipients, so that they are not known before."""
        message = self.job.messages[action.message]
        texts = recipient_texts(message) if self.gate.redirect is None else ()
        return any("steps" in text.source or self._asks_steps(text) for text in texts)

    def _asks_steps(self, text: Template) -> bool:
        return any(reference.root == "steps" for reference in self.templates.references(text))

    def suppressed(self, action: Send) -> Suppression | None:
        """The addresses that get nothing of a batch. Raises FileError, DataError."""
        if action.exclude is None:
            return None
        if action.exclude not in self._lists:
            self._lists[action.exclude] = Suppression(action.exclude)
        return self._lists[action.exclude]

    def _rows(self, action: Send) -> Iterator[Row]:
        assert action.for_each is not None, "a batch names its data"
        return open_rows(self.job.data[action.for_each])
