"""What earlier sessions have left of a batch: who failed then has failed, even where all that was left went well."""

from __future__ import annotations

from collections.abc import Mapping

from mailjobs.errors import JobError, MailjobsError, ReplyError
from mailjobs.model import Send
from mailjobs.rows import Row
from mailjobs.steps.context import Context
from mailjobs.steps.shelf import Shelf

WORDS = {
    "a": "accepted before",
    "b": "delivered by an earlier run",
    "r": "rejected before",
    "u": "unknown before",
    "s": "left to another row with the same key",
}


def told(before: Mapping[str, int]) -> str:
    """In brackets, with a blank before them, what is known of recipients by their letter; "" where nothing is."""
    found = [f"{before[letter]} {words}" for letter, words in WORDS.items() if before.get(letter)]
    return f" ({', '.join(found)})" if found else ""


def failed_before(context: Context, action: Send, shelf: Shelf, before: Mapping[str, int]) -> MailjobsError | None:
    """The error of who was rejected or unknown before, and was not tried again. Raises OutputError."""
    rejected, unknown = [before.get(letter, 0) if letter not in shelf.opened else 0 for letter in "ru"]
    if rejected and not _counts(context, action, shelf):
        rejected = 0
    found = [f"{count} {words}" for count, words in ((rejected, "rejected"), (unknown, "unknown")) if count]
    if not found:
        return None
    options = [option for count, option in ((rejected, "--retry-failed"), (unknown, "--retry-unknown")) if count]
    hint = f"{' and '.join(options)} would send to them"
    return ReplyError(f"of the recipients before, {' and '.join(found)}", temporary=False, hint=hint)


def _counts(context: Context, action: Send, shelf: Shelf) -> bool:
    """Whether anybody was rejected but a Bcc, which is no more than a warning where somebody got it (see stop_on)."""
    some_bcc = context.preparation.job.messages[action.message].bcc and context.preparation.gate.redirect is None
    somebody = any(shelf.known.totals.get(letter) for letter in "ab")
    if not some_bcc or "bcc" in action.stop_on or not somebody:
        return True
    return any(_kind(context, action, row, address) != "bcc" for row, address in shelf.rejected())


def _kind(context: Context, action: Send, row: Row, address: str) -> str:
    try:
        people = context.preparation.recipients(action, context.scope, row)
    except JobError:
        return ""
    return next((one.kind for one in people if one.address == address), "")
