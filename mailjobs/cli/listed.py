"""A file of a queue as tables and JSON have it."""

from __future__ import annotations

from mailjobs.report.queue import Listed
from mailjobs.spool import lines
from mailjobs.spool.contents import Found


def listed(found: Found) -> Listed:
    """What a list tells of a file."""
    if found.stored is None:
        return Listed(found.file, found.state, found.size, told=found.damage)
    entry, state = found.stored.entry, found.stored.state
    return Listed(
        found.file,
        found.state,
        entry.size,
        entry.created,
        entry.sender,
        tuple([(one.address, lines.STATES[state.letters[one.address]]) for one in entry.recipients]),
        state.tries + (state.tried and found.state != "waiting"),
        state.next if found.state == "waiting" else None,
        last_words(found),
        remark(found),
    )


def last_words(found: Found) -> str:
    """The last reply, or reason, of a recipient who has not got it."""
    assert found.stored is not None, "it was read"
    state = found.stored.state
    outcomes = [state.outcome(address) for address, letter in state.letters.items() if letter != "a"]
    told = [str(one.reply) if one.reply else one.reason for one in outcomes if one.reply or one.reason]
    return told[-1] if told else ""


def remark(found: Found) -> str:
    """What is to be known before the last reply."""
    assert found.stored is not None, "it was read"
    state = found.stored.state
    if found.elsewhere:
        return f"begun on {found.elsewhere}"
    if found.left:
        return "begun by a process that is gone; the next run goes on with it"
    if found.state == "held":
        return state.held
    return state.given_up if found.state == "failed" else ""
