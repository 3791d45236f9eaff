"""The rows of a batch as a Book: each is taken once, and what became of it is in a journal."""

from __future__ import annotations

import re
import sys
import threading
from collections import Counter, deque
from collections.abc import Callable, Sequence
from typing import Final, Generic, Protocol, TypeVar, cast

from mailjobs.errors import OutputError, StateError
from mailjobs.ledger import lines
from mailjobs.ledger.claims import Claims
from mailjobs.ledger.journal import Journal
from mailjobs.ledger.known import ACCEPTED, KEPT, MIXED, Known
from mailjobs.rows import Row
from mailjobs.session import Letter, Part, Settled

L = TypeVar("L", bound=Letter)
Account = tuple[int, Letter, list[str], str]
FEW_KEPT = 256
DOUBTED: Final = (ord("u"), MIXED)  # states of rows with somebody who may have got it
NOBODY: Final = frozenset[str]()


class Rows(Protocol):
    """Rows by position, as they were when the run began."""

    def __len__(self) -> int: ...

    def block(self, first: int, last: int) -> Callable[[int], Row]:
        """What gives each row from one position to another, from 0, both included."""


class LedgerBook(Generic[L]):
    """Implements `session.Book`.

    `render` makes the letter of a row, outside any lock, in the thread that takes; None where it cannot be sent.
    `known` is what earlier sessions have left, and is kept up to date; `opened` are the letters of the states that
    are sent to. A letter is known by its identity, so it must be the one that was taken, or a `Part` of it.
    """

    def __init__(
        self,
        rows: Rows,
        journal: Journal,
        claims: Claims,
        render: Callable[[Row, int], L | None],
        known: Known,
        opened: str = "nd",
    ) -> None:
        self._rows = rows
        self._journal = journal
        self._claims = claims
        self._render = render
        self._opened = opened
        self._search = re.compile(f"[{opened}mk]".encode()).search
        self.known = known
        self._lock = threading.Lock()
        self._next, self._end = 0, 0  # what is left of the block
        self._row: Callable[[int], Row] = rows.block(0, -1)  # gives the rows of the block
        self._released: deque[L] = deque()
        self._at: dict[int, tuple[Letter, int]] = {}  # by id(): the letters that somebody has, with their positions
        # Positions that were taken and have no result; where parts are settled alone, whose result is missing.
        self._under_way: dict[int, set[str] | None] = {}
        self._kept: list[int] = []
        self._sweep_at = FEW_KEPT

    def take(self) -> L | None:
        """The next letter. Raises OutputError where a block cannot be marked, and what `render` raises."""
        while True:
            with self._lock:
                if self._released:
                    return self._released.popleft()
                position, row = self._claim(), self._row
            if position is None:
                return None
            letter = self._letter(position, row)
            if letter is not None:
                self._at[id(letter)] = letter, position
                return letter
            self._under_way.pop(position, None)

    def dot(self, letters: Sequence[Letter], settled: Sequence[Settled[Letter]] = ()) -> None:
        """See `session.Book`. A dot for a letter that had a result before is put on the disk first."""
        results, accounts = self._accounts(settled) if settled else (b"", ())
        data, durable, at = b"", False, self._at
        for letter in letters:
            whole, position = at.get(id(letter)) or self._find(letter)
            if letter is not whole:
                self._spread(position, whole)
            recipients = letter.envelope.recipients
            data += lines.dot(position, recipients)
            left = self._under_way.get(position, NOBODY)
            if left is not None and not left.issuperset(recipients):
                durable = True
        try:
            self._journal.append(data, results, durable=durable)
        finally:
            self._remember(accounts)

    def settle(self, settled: Sequence[Settled[Letter]]) -> None:
        """See `session.Book`. Where it cannot be written it is kept, and the next dot and `close` raise OutputError."""
        results, accounts = self._accounts(settled)
        self._journal.append_results(results)
        self._remember(accounts)

    def release(self, letter: L) -> None:
        """Give back a letter that was taken and not sent."""
        with self._lock:
            self._released.append(letter)

    def close(self) -> None:
        """Put everything on the disk. Raises OutputError where anything could not be written."""
        self._journal.close()

    @property
    def failure(self) -> OutputError | None:
        """What keeps dots from being written."""
        return self._journal.failure

    @property
    def totals(self) -> Counter[str]:
        """Recipients by state, those of earlier sessions too; of rows that nobody has touched it counts none."""
        found: Counter[str] = Counter()
        with self._lock:
            for letter, count in self.known.totals.items():
                if letter in lines.STATES:
                    found[lines.STATES[letter]] += count
        return +found

    def _claim(self) -> int | None:
        """The position of the next row that is open. The lock is held."""
        states = self.known.states
        while True:
            while (found := self._search(states, self._next, self._end)) is not None:
                position = found.start()
                self._next = position + 1
                if states[position] != MIXED or self.known.open(position, self._opened):
                    self._under_way[position] = None
                    return position
            block = self._claims.claim()
            if block is None:
                self._next = self._end = 0
                return None
            first, last = block
            if self._search(states, first, last + 1) is not None:
                self._journal.take(first, last, list(self._under_way))
            self._next, self._end = first, last + 1
            self._row = self._rows.block(first, last)

    def _letter(self, position: int, row: Callable[[int], Row]) -> L | None:
        letter = self._render(row(position), position)
        if letter is None or self.known.states[position] not in (MIXED, KEPT):
            return letter
        recipients = letter.envelope.recipients
        with self._lock:
            kept = self.known.states[position] == KEPT
            self.known.spread(position, recipients)
            held = self.known.mixed[position]
            chosen = tuple([i for i, address in enumerate(recipients) if held[address] in self._opened])
            if not chosen:
                self.known.settle_rest(position, recipients)
                return None
            if kept:  # which names those alone who were delivered to
                self._journal.append_results(lines.row(position, recipients))
        return letter if len(chosen) == len(recipients) else cast("L", Part(letter, chosen))

    def _find(self, letter: Letter) -> tuple[Letter, int]:
        """The letter as it was taken, and its position."""
        at = self._at
        found = at.get(id(letter))
        while found is None and isinstance(letter, Part):
            letter = letter.whole
            found = at.get(id(letter))
        if found is None:
            raise StateError("a letter was sent that was not taken from this book")
        return letter, found[1]

    def _spread(self, position: int, whole: Letter) -> None:
        """Write down who all the recipients of a row are, before some of them alone are sent to or settled.

        While the lock is held: a line about some of them that came before it would be taken for one about all.
        """
        recipients = whole.envelope.recipients
        with self._lock:
            if self._under_way.get(position, recipients) is None:
                self._under_way[position] = set(recipients)
            if self.known.states[position] != MIXED:
                self._journal.append_results(lines.row(position, recipients))
                self.known.spread(position, recipients)

    def _accounts(self, settled: Sequence[Settled[Letter]]) -> tuple[bytes, list[Account]]:
        data, accounts, at = b"", [], self._at
        for one in settled:
            whole, position = at.get(id(one.letter)) or self._find(one.letter)
            if one.letter is not whole:
                self._spread(position, whole)
            outcomes = one.outcomes
            if len(outcomes) == 1:
                addresses, letters = [outcomes[0].recipient], lines.LETTERS[outcomes[0].state]
            else:
                addresses = [outcome.recipient for outcome in outcomes]
                letters = "".join([lines.LETTERS[outcome.state] for outcome in outcomes])
            if letters != "a" and letters.strip("a") and self.known.states[position] in DOUBTED:
                letters = self._still_in_doubt(position, addresses, letters)
            data += lines.done(position, letters, addresses, outcomes)
            accounts.append((position, whole, addresses, letters))
        return data, accounts

    def _still_in_doubt(self, position: int, addresses: Sequence[str], letters: str) -> str:
        """Who may have it from an earlier try is still unknown after one that nothing came of."""
        held = self.known.mixed.get(position)
        before = [chr(self.known.states[position]) if held is None else held.get(one, "n") for one in addresses]
        return "".join(["u" if was == "u" and now in "nd" else now for was, now in zip(before, letters, strict=True)])

    def _remember(self, accounts: Sequence[Account]) -> None:
        with self._lock:
            for position, whole, addresses, letters in accounts:
                self.known.set(position, addresses, letters)
                left = self._under_way.get(position)
                if left is not None:
                    left.difference_update(addresses)
                if not left:
                    self._under_way.pop(position, None)
                    if self.known.states[position] == ACCEPTED:
                        self._at.pop(id(whole), None)
                    else:
                        self._keep(id(whole))

    def _keep(self, identity: int) -> None:
        """Whoever holds a letter may try it again; once nobody does, it is forgotten."""
        self._kept.append(identity)
        if len(self._kept) >= self._sweep_at:
            self._kept = [one for one in set(self._kept) if self._held(one)]
            self._sweep_at = max(FEW_KEPT, 2 * len(self._kept))

    def _held(self, identity: int) -> bool:
        found = self._at.get(identity)
        if found is not None and sys.getrefcount(found[0]) <= 2:  # our tuple's, and that of the call
            del self._at[identity]
            return False
        return found is not None
