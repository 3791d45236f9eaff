"""What is known of each row: a byte a row, and more only where its recipients differ."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from mailjobs.ledger import lines
from mailjobs.ledger.kept import Kept

MIXED: Final = ord("m")
UNTOUCHED: Final = ord("n")
KEPT: Final = ord("k")
ACCEPTED: Final = ord("a")


@dataclass(slots=True)
class Known:
    """`states` has a letter for each row, by position: that of all its recipients (accepted, rejected, deferred,
    unknown, not-attempted: a r d u n; b: accepted by an earlier run; s: another row has it under the same key), "m"
    where `mixed` has one for each address, or "k" where `kept` has one for some.

    `totals` counts recipients by letter; of rows that nobody has touched, or that were not attempted, it counts none.
    `garbage` counts lines that cannot be read.
    """

    states: bytearray
    mixed: dict[int, dict[str, str]] = field(default_factory=dict)
    totals: Counter[str] = field(default_factory=Counter)
    garbage: int = 0
    kept: Kept | None = None

    @classmethod
    def nothing(cls, rows: int, kept: Kept | None = None) -> Known:
        """Of so many rows, none of which was touched but for what is `kept`."""
        known = cls(bytearray(b"n" * rows), kept=kept)
        if kept is not None:
            known.totals.update({letter.replace("a", "b"): count for letter, count in kept.totals.items() if count})
            for position in range(rows):
                if kept.has(position):
                    known.states[position] = KEPT
        return known

    def set(self, position: int, addresses: Sequence[str], letters: str) -> None:
        """Each of `addresses` is now what its letter says. Others of the row must have been told to `spread`."""
        before = self.states[position]
        if before == UNTOUCHED and letters == "a":  # nearly every row
            self.totals["a"] += 1
            self.states[position] = ACCEPTED
            return
        if before in (MIXED, KEPT) or letters.strip(letters[0]):
            self.spread(position, addresses)
            self._merge(position, dict(zip(addresses, letters, strict=False)))
            return
        # Where nobody was sent to, the row is again as one that nobody has touched, which is counted by neither.
        if before != UNTOUCHED:
            self.totals[chr(before)] -= len(letters)
        if letters[0] != "n":
            self.totals[letters[0]] += len(letters)
        self.states[position] = ord(letters[0])

    def spread(self, position: int, addresses: Iterable[str]) -> None:
        """From now on know the state of each recipient of a row; all have that of the row until it is set."""
        before = self.states[position]
        if before == KEPT and self.kept is not None:
            self.mixed[position] = self.kept.addresses(position)
            before = MIXED
        held = self.mixed.setdefault(position, {})
        new = [address for address in dict.fromkeys(addresses) if address not in held]
        # Where a row is lost altogether, the address "" stands for whoever else it has.
        letter = held.get("", "n") if before == MIXED else chr(before)
        held.update(dict.fromkeys(new, letter))
        self.states[position] = MIXED
        if before in (MIXED, UNTOUCHED):  # the others are counted
            self.totals[letter] += len(new)

    def insist(self) -> None:
        """What was delivered by others stays so, whatever came to be written down of it in journals of this run.

        For who was not sent to since, or only deferred, what is unknown stays unknown.
        """
        if self.kept is None:
            return
        for position in [one for one in self.mixed if self.kept.has(one)]:
            told = self.kept.addresses(position)
            for address, letter in list(self.mixed[position].items()):
                before = told.get(address)
                if (before == "b" and letter not in "ab") or (before == "u" and letter in "nd"):
                    self._merge(position, {address: before})

    def settle_rest(self, position: int, addresses: Iterable[str]) -> None:
        """These are all recipients of the row: what else was known of it is about nobody any more."""
        held = self.mixed[position]
        if {held.get(address) for address in addresses} <= {"a", "b", "s"}:
            self.states[position] = ord("b")
            del self.mixed[position]

    def lose(self, position: int) -> None:
        """Nobody knows what became of a row, nor of how many recipients: it counts as one."""
        before = chr(self.states[position])
        if before != "n":
            self.totals[before] -= 1
        self.totals["u"] += 1
        self.states[position] = ord("u")

    def open(self, position: int, letters: str) -> bool:
        """Whether any recipient of the row is in one of these states, or may be."""
        state = self.states[position]
        if state == MIXED:
            return any(letter in letters for letter in self.mixed[position].values())
        return state == KEPT or chr(state) in letters

    def _merge(self, position: int, named: dict[str, str]) -> None:
        held = self.mixed[position]
        for address, letter in named.items():
            self.totals[held[address]] -= 1
            self.totals[letter] += 1
        held.update(named)
        if set(held.values()) == {"a"}:  # of a row that is open each address must stay known
            self.states[position] = ord("a")
            del self.mixed[position]


def totals_of(known: Known) -> dict[str, int]:
    """Recipients by state, and those "kept": delivered to by an earlier run. Rows nobody has touched count in none, nor
    do those who have another row under the same key.
    """
    found: dict[str, int] = {}
    for letter, count in known.totals.items():
        if count > 0 and letter != "s":
            name = "kept" if letter == "b" else lines.STATES[letter]
            found[name] = found.get(name, 0) + count
    return found


def everybody(known: Known, recipients: int) -> dict[str, int]:
    """As `totals_of`, with all states; who of so many recipients was not come to is not-attempted, as is at least one
    of each row that nobody has touched.
    """
    totals = totals_of(known)
    left = max(recipients - sum(totals.values()), known.states.count(UNTOUCHED))
    names = dict.fromkeys([*lines.LETTERS, "kept"], 0)
    return {**names, **totals, "not-attempted": totals.get("not-attempted", 0) + left}
