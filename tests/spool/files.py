"""Queue files for tests."""

from datetime import UTC, datetime

from mailjobs.smtp import Outcome, Reply
from mailjobs.spool import Entry, Person

MOMENT = datetime(2026, 3, 1, 21, 24, 52, 123456, UTC)


def entry(*recipients, size=7, **fields):
    """A head for these."""
    people = tuple(Person("to", one) for one in recipients or ("a@x.example",))
    return Entry(fields.pop("created", MOMENT), fields.pop("sender", "from@x.example"), people, size, **fields)


def outcome(recipient, state, code=0, *lines, command="RCPT"):
    reply = Reply(code, lines or ("words",)) if code else None
    return Outcome(recipient, state, reply, command if code else None)
