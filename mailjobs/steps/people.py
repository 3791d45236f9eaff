"""Who the recipients of a batch really are, where only its own step can know."""

from __future__ import annotations

from collections.abc import Collection

from mailjobs.errors import JobError
from mailjobs.model import Send
from mailjobs.rows import Row
from mailjobs.steps.context import Context
from mailjobs.steps.shelf import Shelf


def count_anew(context: Context, action: Send, shelf: Shelf) -> None:
    """Where results of earlier steps name recipients, count those of all rows before the first of them is sent to.

    Raises GuardError or UsageError where they are more than the job's guards bear.
    """
    if not context.preparation.named_by_steps(action):
        return
    shelf.found.recipients = sum(len(_people(context, action, row)) for row in shelf.snapshot.rows())
    shelf.left_at_first = shelf.left
    context.send_to(shelf.left)


def hidden(context: Context, action: Send, row: Row) -> Collection[str]:
    """The addresses of a row whose rejection is no more than a warning: Bcc, where others get the message as well."""
    if "bcc" in action.stop_on or not context.preparation.job.messages[action.message].bcc:
        return ()
    people = _people(context, action, row)
    found = [address for address, kind in people.items() if kind == "bcc"]
    return found if len(found) < len(people) else ()


def _people(context: Context, action: Send, row: Row) -> dict[str, str]:
    """The kind of each recipient; nobody where they cannot be known, which is told when the row is sent."""
    try:
        people = context.preparation.recipients(action, context.scope, row)
    except JobError:
        return {}
    return {person.address: person.kind for person in people}
