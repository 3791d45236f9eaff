"""The books of one batch, made of the files that are kept of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from mailjobs.ledger import Journal, LedgerBook, LocalClaims, SharedClaims, StepFiles, restore, totals_of
from mailjobs.prepare import Found, Letter
from mailjobs.rows import Row
from mailjobs.rows.snapshot import Snapshot

Render = Callable[[Row, int], Letter | None]


class Shelf:
    """`opened` are the letters of the states that are sent to. To be used in the process that delivers, or forks."""

    def __init__(self, files: StepFiles, found: Found, opened: str) -> None:
        self.files = files
        self.found = found
        self.opened = opened
        self.snapshot = Snapshot(files.rows)
        self.known = restore(files.journals(), len(self.snapshot), files.kept)
        self._claims: LocalClaims | SharedClaims = LocalClaims(len(self.snapshot))
        self._journals = [files.next_journal()]
        self._shared = False
        self.left_at_first = self.left

    def share(self, processes: int) -> None:
        """Before processes are forked that each have a book."""
        self._shared = True
        self._claims = SharedClaims(len(self.snapshot))
        self._journals = [self.files.next_journal(worker) for worker in range(processes)]

    def book(self, worker: int, render: Render) -> LedgerBook[Letter]:
        """The book of a process. Raises OutputError."""
        journal = Journal(self._journals[worker], self.opened)
        return LedgerBook(self.snapshot, journal, self._claims, render, self.known, self.opened)

    @property
    def left(self) -> int:
        """How many recipients may be sent to."""
        closed = sum(count for letter, count in self.known.totals.items() if letter not in self.opened)
        return max(self.found.recipients - closed, 0)

    def totals(self, skipped: int) -> dict[str, int]:
        """Recipients by state over all sessions, without those whose rows are skipped. Raises OutputError."""
        if self._shared:  # what other processes have written is in their journals alone
            self.known = restore(self.files.journals(), len(self.snapshot), self.files.kept)
        totals = Counter(totals_of(self.known))
        totals["not-attempted"] += max(self.found.recipients - skipped - totals.total(), 0)
        return dict(totals)
