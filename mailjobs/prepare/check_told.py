"""Who is told of messages that a queue could not deliver."""

from __future__ import annotations

from mailjobs.errors import JobError, Problem
from mailjobs.message.mailbox import AddressSyntax, mailbox
from mailjobs.model import ProcessQueue, Step


def check_told(step: Step) -> str | None:
    """The address of `on_failure`, as it is sent to; None where nobody is told. Raises JobError."""
    action = step.action
    if not isinstance(action, ProcessQueue) or action.on_failure is None:
        return None
    try:
        return mailbox("", action.on_failure.strip()).address
    except AddressSyntax as error:
        raise JobError.of([Problem(f"on_failure.notify: {error}", action.place or step.place)]) from None
