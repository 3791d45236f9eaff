"""A message of the queue as it is delivered."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from mailjobs.smtp import Envelope, Streamed
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
