"""To how many a run would send, before it says anything to a server: for the guards."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mailjobs.errors import JobError, UsageError
from mailjobs.model import Guards, Send, Step
from mailjobs.prepare import Preparation
from mailjobs.prepare.guards import Count

Scope = Mapping[str, Any]


def rehearse(steps: Sequence[Step], preparation: Preparation, scope: Scope, left: Callable[[Step], int]) -> Count:
    """Count the recipients of all sends among `steps`; `left` knows those of a batch. Raises GuardError.

    A message that cannot be rendered before other steps have run is counted when it is sent.
    """
    guards = preparation.job.guards
    count = Count(guards)
    if guards == Guards():
        return count
    for step in steps:
        action = step.action
        if isinstance(action, Send):
            count.add(left(step) if action.for_each is not None else _alone(action, preparation, scope))
    return count


def _alone(action: Send, preparation: Preparation, scope: Scope) -> int:
    try:
        return len(preparation.letter(action, scope).outgoing.recipients)
    except JobError:
        return 0


def confirm(count: Count, agreed: Callable[[int], bool]) -> None:
    """Raise UsageError where so many recipients need somebody's word, and nobody gives it."""
    if count.to_confirm and not agreed(count.recipients):
        words = f"the run would send to {count.recipients} recipients, and nobody has confirmed that"
        raise UsageError(words, hint="--yes sends; guards.confirm_above says when that is asked for")
