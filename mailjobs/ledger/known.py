"""What is known of each row: a byte a row, and more only where its recipients differ."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

MIXED: Final = ord("m")
UNTOUCHED: Final = ord("n")


@dataclass(slots=True)
class Known:
    """`states` has a letter for each row, by position: that of all its recipients (accepted, rejected, deferred,
    unknown, not-attempted: a r d u n), or "m" where `mixed` has one for each address.

    `totals` counts recipients by letter; of rows that nobody has touched it counts none. `garbage` counts lines that
    cannot be read.
    """

    states: bytearray
    mixed: dict[int, dict[str, str]] = field(default_factory=dict)
    totals: Counter[str] = field(default_factory=Counter)
    garbage: int = 0

    @classmethod
    def nothing(cls, rows: int) -> Known:
        """Of so many rows, none of which was touched."""
        return cls(bytearray(b"n" * rows))

    def set(self, position: int, addresses: Sequence[str], letters: str) -> None:
        """Each of `addresses` is now what its letter says. Others of the row must have been told to `spread`."""
        before = self.states[position]
        if before == MIXED or letters.strip(letters[0]):
            self.spread(position, addresses)
            self._merge(position, dict(zip(addresses, letters, strict=False)))
            return
        if before != UNTOUCHED:
            self.totals[chr(before)] -= len(letters)
        self.totals[letters[0]] += len(letters)
        self.states[position] = ord(letters[0])

    def spread(self, position: int, addresses: Iterable[str]) -> None:
        """From now on know the state of each recipient of a row; all have that of the row until it is set."""
        before = self.states[position]
        held = self.mixed.setdefault(position, {})
        new = [address for address in dict.fromkeys(addresses) if address not in held]
        letter = "n" if before == MIXED else chr(before)
        held.update(dict.fromkeys(new, letter))
        self.states[position] = MIXED
        if before in (MIXED, UNTOUCHED):  # the others are counted
            self.totals["n"] += len(new)

    def lose(self, position: int) -> None:
        """Nobody knows what became of a row, nor of how many recipients: it counts as one."""
        before = chr(self.states[position])
        if before != "n":
            self.totals[before] -= 1
        self.totals["u"] += 1
        self.states[position] = ord("u")

    def open(self, position: int, letters: str) -> bool:
        """Whether any recipient of the row is in one of these states."""
        state = self.states[position]
        if state == MIXED:
            return any(letter in letters for letter in self.mixed[position].values())
        return chr(state) in letters

    def _merge(self, position: int, named: dict[str, str]) -> None:
        held = self.mixed[position]
        for address, letter in named.items():
            self.totals[held[address]] -= 1
            self.totals[letter] += 1
        held.update(named)
        if set(held.values()) == {"a"}:  # of a row that is open each address must stay known
            self.states[position] = ord("a")
            del self.mixed[position]
