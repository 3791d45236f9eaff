"""The books of one batch, made of the files that are kept of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from mailjobs.ledger import (
    Journal,
    LedgerBook,
    LocalClaims,
    SharedClaims,
    StepFiles,
    accounts,
    everybody,
    open_rows,
    restore,
)
from mailjobs.prepare import Found, Letter
from mailjobs.rows import Row

Render = Callable[[Row, int], Letter | None]


class Shelf:
    """`opened` are the letters of the states that are sent to, `note` is what people are told of earlier runs.

    To be used in the process that delivers, or forks. Raises OutputError.
    """

    def __init__(self, files: StepFiles, found: Found, opened: str, note: str = "") -> None:
        self.files = files
        self.found = found
        self.opened = opened
        self.note = note
        self.snapshot = open_rows(files)
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
        totals = everybody(self.known, self.found.recipients)
        closed = sum(count for letter, count in self.known.totals.items() if letter not in self.opened + "s")
        return max(sum(totals.values()) - closed, 0)

    def totals(self, skipped: int = 0) -> dict[str, int]:
        """Recipients by state over all sessions, and those "kept": from an earlier run; without those whose rows are
        skipped. Raises OutputError.
        """
        if self._shared:
            self.read_again()
        totals = everybody(self.known, self.found.recipients)
        totals["not-attempted"] = max(totals["not-attempted"] - skipped, 0)
        return totals

    def read_again(self) -> None:
        """What other processes have written is in their journals alone. Raises OutputError."""
        self.known = restore(self.files.journals(), len(self.snapshot), self.files.kept)

    def rejected(self) -> Iterator[tuple[Row, str]]:
        """Whom a server has refused for good, each with the row. Raises OutputError."""
        for one in accounts(self.files, len(self.snapshot), "r"):
            yield self.snapshot.row(one.position), one.address
