"""Books to be judged. A new kind of Book adds a class here and a line in `KINDS`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from mailjobs import clock
from mailjobs.ledger import Journal, LedgerBook, LocalClaims, SharedClaims, restore
from mailjobs.rows import Row
from mailjobs.session import Book
from mailjobs.smtp import Envelope, Outcome, Reply
from mailjobs.spool import Drafts, Entry, Patience, Person, Spool, fresh_name, recover

REPLIES = {"accepted": (250, "2.0.0 ok"), "rejected": (550, "5.1.1 no such user"), "deferred": (451, "4.7.1 later")}


@dataclass(slots=True)
class Mail:
    """A letter."""

    envelope: Envelope
    content: bytes = b"Subject: x\r\n\r\nx\r\n"
    stop_indexes: frozenset[int] = frozenset()


def mail(*recipients: str) -> Mail:
    """A letter for these."""
    return Mail(Envelope("from@example.com", recipients, 20))


def outcome(recipient: str, state: str) -> Outcome:
    """With the reply that a server gives then."""
    code, text = REPLIES.get(state, (0, ""))
    return Outcome(recipient, state, Reply(code, (text,)) if code else None)


class Kind(Protocol):
    """Makes books of letters, in an empty folder."""

    def make(self, letters: Sequence[Mail], *, shared: bool = False) -> Book[Mail]:
        """A book with these, which nobody has seen. `shared`: processes are going to be forked from this one."""

    def reopen(self, opened: str = "nd") -> Book[Mail]:
        """The same book by another process, after this one died. `opened`: states that are sent to again."""

    def forked(self, book: Book[Mail], worker: int) -> Book[Mail]:
        """The book that was made `shared`, for a process that has been forked."""


@dataclass(slots=True)
class Table:
    """Rows in memory."""

    letters: Sequence[Mail]

    def __len__(self) -> int:
        return len(self.letters)

    def row(self, position: int) -> Row:
        """A row without values."""
        return Row(position + 1, f"key-{position}", {}, 0)

    def block(self, first: int, last: int) -> Callable[[int], Row]:
        """The rows of a block."""
        return self.row


@dataclass(slots=True)
class Ledger:
    """The ledger of a batch."""

    folder: Path
    block: int = 128
    letters: Sequence[Mail] = ()
    claims: SharedClaims | None = None
    sessions: int = field(default=0)

    def make(self, letters: Sequence[Mail], *, shared: bool = False) -> LedgerBook[Mail]:
        self.letters = letters
        self.claims = SharedClaims(len(letters), self.block) if shared else None
        return self.reopen()

    def reopen(self, opened: str = "nd") -> LedgerBook[Mail]:
        self.sessions += 1
        return self._open(self.sessions * 100, opened)

    def forked(self, book: Book[Mail], worker: int) -> LedgerBook[Mail]:
        return self._open(self.sessions * 100 + worker, "nd")

    def _open(self, number: int, opened: str) -> LedgerBook[Mail]:
        known = restore(self.journals(), len(self.letters))
        journal = Journal(self.folder / f"0.ledger-{number:06d}.log", opened)
        claims = self.claims or LocalClaims(len(self.letters), self.block)
        return LedgerBook(Table(self.letters), journal, claims, self._letter, known, opened)

    def journals(self) -> list[Path]:
        """In the order in which they were begun."""
        return sorted(self.folder.glob("*.log"))

    def _letter(self, row: Row, position: int) -> Mail:
        return self.letters[position]


@dataclass(slots=True)
class Queue:
    """The queue, which tries again at once."""

    folder: Path
    block: int = 64
    letters: Sequence[Mail] = ()
    book: Spool | None = None
    sessions: int = field(default=0)

    def make(self, letters: Sequence[Mail], *, shared: bool = False) -> Spool:
        self.letters = letters
        drafts = Drafts(self.folder, durable=False)
        for letter in letters:
            if letter is not None:
                drafts.write(fresh_name(), _entry(letter), [letter.content])
                drafts.publish()
        return self.reopen()

    def reopen(self, opened: str = "nd") -> Spool:
        if self.book is not None:
            self.book.abandon()
        patience = Patience(delay=0)
        recover(self.folder, patience)
        self.book = Spool(self.folder, opened, patience=patience, block=self.block)
        return self.book

    def forked(self, book: Spool, worker: int) -> Spool:
        return Spool(self.folder, patience=Patience(delay=0), block=self.block)


def _entry(letter: Mail) -> Entry:
    envelope = letter.envelope
    people = tuple([Person("to", address) for address in envelope.recipients])
    return Entry(clock.now(), envelope.sender, people, len(letter.content))


KINDS = {"ledger": Ledger, "queue": Queue}
