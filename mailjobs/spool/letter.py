"""A message of the queue as it is delivered."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from mailjobs.session import Settled
from mailjobs.smtp import Envelope, Outcome, Streamed
from mailjobs.spool.entry import Entry, Person
from mailjobs.spool.locked import Locked
from mailjobs.spool.stored import Stored

NOBODY: Final = frozenset[int]()


class QueuedLetter:
    """A `session.Letter`. `held` is its file, for the book that gave it; `file` is what that was called then.

    `outgoing` has the recipients for those who report, as the letters of a batch have. `redirect` is who gets it in
    place of them.
    """

    __slots__ = ("__weakref__", "content", "envelope", "file", "held", "outgoing", "redirect", "stop_indexes", "stored")

    row: int | None = None
    key: str = ""

    def __init__(self, held: Locked, stored: Stored, redirect: str | None = None) -> None:
        self.held = held
        self.stored = stored
        self.redirect = redirect
        self.file = held.file
        self.content: bytes | Streamed = stored.content
        self.outgoing: Entry = stored.entry
        self.envelope: Envelope = stored.entry.envelope
        self.stop_indexes = stored.entry.stop_indexes
        if redirect is not None:
            self.outgoing = replace(stored.entry, recipients=(Person("to", redirect),))
            self.envelope = replace(self.outgoing.envelope, mail_parameters=())
            self.stop_indexes = NOBODY


def outcomes_of(settled: Settled[Any]) -> tuple[Outcome, ...]:
    """What became of its recipients, for the queue: a connection that is lost under a message has deferred it.

    Else what a server hangs up over would be the first of every run, and nothing behind it would ever go out.
    """
    error, outcomes = settled.error, settled.outcomes
    if error is None or error.who not in ("network", "server") or {one.state for one in outcomes} != {"not-attempted"}:
        return outcomes
    return tuple([Outcome(one.recipient, "deferred", reason=one.reason or error.message) for one in outcomes])
