"""To how many a run sends, counted before it says anything to a server, and again where only a step knows: for the
guards.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mailjobs.errors import JobError, UsageError
from mailjobs.model import Guards, Send, Step
from mailjobs.prepare import Preparation
from mailjobs.prepare.guards import Count

Scope = Mapping[str, Any]


class Rehearsal:
    """Of one run. `agreed` says whether so many recipients are meant, where a guard asks."""

    def __init__(self, guards: Guards, agreed: Callable[[int], bool]) -> None:
        self._guards = guards
        self._agreed = agreed
        self._count = Count(guards)
        self._of: dict[int, int] = {}  # by index of the step
        self._confirmed = 0

    def expect(
        self, steps: Sequence[Step], preparation: Preparation, scope: Scope, left: Callable[[Step], int]
    ) -> None:
        """Count the recipients of all sends among `steps`; `left` knows those of a batch. Raises GuardError.

        Recipients that only a result of an earlier step can name are counted by `send_to`.
        """
        if self._guards == Guards():
            return
        for step in steps:
            action = step.action
            if isinstance(action, Send):
                found = left(step) if action.for_each is not None else _alone(action, preparation, scope)
                self._of[step.index] = found
                self._count.add(found)

    def send_to(self, step: Step, recipients: int) -> None:
        """A step is about to send to so many. Raises GuardError, or UsageError as `confirm`, where too many are new."""
        more = recipients - self._of.get(step.index, 0)
        if more > 0:
            self._of[step.index] = recipients
            self._count.add(more)
            self.confirm()

    def confirm(self) -> None:
        """Raise UsageError where so many recipients need somebody's word, and nobody gives it."""
        recipients = self._count.recipients
        if not self._count.to_confirm or recipients <= self._confirmed:
            return
        if not self._agreed(recipients):
            words = f"the run would send to {recipients} recipients, and nobody has confirmed that"
            raise UsageError(words, hint="--yes sends; guards.confirm_above says when that is asked for")
        self._confirmed = recipients


def _alone(action: Send, preparation: Preparation, scope: Scope) -> int:
    try:
        return len(preparation.letter(action, scope).outgoing.recipients)
    except JobError:
        return 0
