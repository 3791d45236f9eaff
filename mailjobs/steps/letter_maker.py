"""Rows of a batch become letters when they are taken; what cannot be rendered is told, and the others go on."""

from __future__ import annotations

from functools import partial

from mailjobs.errors import Interrupted, JobError, MailjobsError
from mailjobs.ledger.known import KEPT, UNTOUCHED
from mailjobs.model import Send
from mailjobs.prepare import Letter
from mailjobs.prepare.told import where_of
from mailjobs.rows import Row
from mailjobs.steps.context import Context
from mailjobs.steps.reporting import Reporter
from mailjobs.steps.shelf import Render, Shelf
from mailjobs.steps.tally import Unmade


class LetterMaker:
    """Of one batch. For any number of threads, and for processes that are forked."""

    def __init__(self, context: Context, action: Send, shelf: Shelf) -> None:
        self._context = context
        self._action = action
        self._shelf = shelf

    def told_to(self, reporter: Reporter) -> Render:
        """What makes the letter of a row, None where it has none; `reporter` counts those that cannot be made."""
        return partial(self._letter, reporter)

    def _letter(self, reporter: Reporter, row: Row, position: int) -> Letter | None:
        if row.number in self._shelf.found.unsendable:  # counted and told by preflight
            reporter.unmade(Unmade(self._open(row, position)))
            return None
        try:
            letter = self._context.preparation.render(self._action, self._context.scope, row)
        except Interrupted:
            raise
        except MailjobsError as error:
            reporter.unmade(self._unmade(row, position, error))
            return None
        return letter if letter.outgoing.recipients else None

    def _unmade(self, row: Row, position: int, error: MailjobsError) -> Unmade:
        words = f"{where_of(row)} is not sent: {error.message}"
        if self._action.on_bad_row == "skip" and isinstance(error, JobError):  # a file of the job is no row's fault
            return Unmade(self._open(row, position), True, words, error.code)
        return Unmade(words=words, code=error.code, error=error)

    def _open(self, row: Row, position: int) -> int:
        """How many recipients of a row nothing is known of: nobody will ever be told anything of them."""
        shelf = self._shelf
        state = shelf.known.states[position]
        if state not in (UNTOUCHED, KEPT):
            return 0
        if not shelf.found.counted:
            return 1 if state == UNTOUCHED else 0
        try:
            people = self._context.preparation.recipients(self._action, self._context.scope, row)
        except JobError:
            return 0
        known = shelf.known.kept.addresses(position) if state == KEPT and shelf.known.kept is not None else {}
        return sum(person.address not in known for person in people)
