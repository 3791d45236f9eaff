"""Which keys were seen already, found on disk: a million of them take no memory to speak of.

Nearly every key is new. A filter (Bloom, 1970) says so of all but a few, and new ones go to the disk together, in the
order of the table there. What is said is exact, whatever the filter guesses, and as good as exact where hashes meet:
keys are told apart by 95 bits.
"""

from __future__ import annotations

from array import array
from functools import cache
from hashlib import blake2b
from types import TracebackType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from mailjobs.rows.key_table import KeyTable

HELD = 1 << 15  # keys that are gathered before they go to the disk
WORDS = 1 << 18  # of the filter, of 64 bits: 16 bits a key for a million keys, of which it is wrong about one in 200
MASKS: Final = 1 << 12
BITS: Final = 4  # of a word that stand for a key


class Keys:
    """Keys with the numbers of the rows that had them first, which are below 2^31.

    Raises OutputError where they cannot be kept.
    """

    def __init__(self) -> None:
        self._held: dict[str, int] = {}
        self._odd: dict[str, int] = {}  # whose hashes are those of others in the table
        self._table: KeyTable | None = None
        self._words = array("Q")
        self._masks: tuple[int, ...] = ()
        self._last = 0

    def add(self, key: str, number: int) -> int | None:
        """Add a key; the number of the row that had it before, or None."""
        words = self._words
        if not words:
            first = self._held.get(key)
            if first is not None:
                return first
        else:
            made = hash(key)
            at = made & self._last
            mask, word = self._masks[made >> 40 & MASKS - 1], words[at]
            if word & mask != mask:
                words[at] = word | mask
            elif (first := self._known(key)) is not None:
                return first
        self._held[key] = number
        if len(self._held) >= HELD:
            self._store()
        return None

    def _known(self, key: str) -> int | None:
        first = self._held.get(key)
        if first is None:
            first = self._odd.get(key)
        if first is None and self._table is not None:
            first = self._table.number(key)
        return first

    def _store(self) -> None:
        if self._table is None:
            from mailjobs.rows.key_table import KeyTable

            self._table = KeyTable()
            self._words, self._last, self._masks = array("Q", bytes(8 * WORDS)), WORDS - 1, _masks()
            for made in map(hash, self._held):
                self._words[made & self._last] |= self._masks[made >> 40 & MASKS - 1]
        if not self._table.add(self._held):
            self._odd |= self._held
        self._held = {}

    def __enter__(self) -> Keys:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._table is not None:
            self._table.close()


@cache
def _masks() -> tuple[int, ...]:
    """Words with a few bits, each as good as any other."""
    made = []
    for number in range(MASKS):
        places = dict.fromkeys([octet % 64 for octet in blake2b(number.to_bytes(2, "big")).digest()])
        made.append(sum([1 << place for place in list(places)[:BITS]]))
    return tuple(made)
