"""The buckets of any number of domains, in memory that forked processes may share; who calls holds a lock.

A hash table in levels, each twice as large as the one before. A domain lies in the first level that had a place for
it, so a further level is only begun, and its memory only used, when those before are busy. Beyond the last level
domains share buckets: they are slower than they need be, never faster than they may be.
"""

from __future__ import annotations

import mmap
from hashlib import blake2b

from mailjobs.delivery.bucket import AGAIN, DUE, NAME, NEXT, SIZE, Bucket

FIRST = 1024  # places in the first level
LEVELS = 10  # at most: a million places
PROBES = 8  # places of a level that are looked at for one domain
BEGUN, SHARING = range(2)  # of the numbers before the places: how many levels are begun, whether any is shared


def memory(before: int) -> memoryview[float]:
    """Zeros for `before` numbers and the buckets behind them. They take up room only once they are written to."""
    return memoryview(mmap.mmap(-1, 8 * (before + SIZE + FIRST * (2**LEVELS - 1) * SIZE))).cast("d")


class Buckets:
    """Lies in `cells` from `at` on. `per_second` is the limit of each domain, 0 for none."""

    def __init__(self, cells: memoryview[float], at: int, per_second: float) -> None:
        self._cells = cells
        self._head = at
        self._first = at + SIZE
        self._per_second = per_second
        cells[at + BEGUN] = 1.0

    def find(self, domain: str, now: float) -> Bucket | None:
        """That of a domain, where it has one."""
        at, found = self._place(_name(domain), now)
        return self._at(at) if found else None

    def of(self, domain: str, now: float) -> Bucket:
        """That of a domain, a new one where it has none; one that says nothing any more makes room."""
        name = _name(domain)
        at, found = self._place(name, now)
        if at < 0 and self._cells[self._head + BEGUN] < LEVELS:
            self._cells[self._head + BEGUN] += 1
            at = self._last(name)
        elif at < 0:
            self._cells[self._head + SHARING] = 1.0
            return self._at(self._last(name))
        if not found:
            self._begin(at, name)
        return self._at(at)

    def _at(self, at: int) -> Bucket:
        return Bucket(self._cells, at, self._per_second)

    def _place(self, name: float, now: float) -> tuple[int, bool]:
        """Where a bucket is, or could be (-1: nowhere), and whether it is there. What has been taken is never empty."""
        cells, free = self._cells, -1
        for level in range(int(cells[self._head + BEGUN])):
            for step in range(PROBES):
                at = self._home(name, level, step)
                if cells[at + NAME] == name:
                    return at, True
                if not cells[at + NAME]:
                    return (at if free < 0 else free), False
                if free < 0 and self._at(at).idle(now):
                    free = at
        return free, False

    def _home(self, name: float, level: int, step: int = 0) -> int:
        places = FIRST << level
        return self._first + (places - FIRST + (int(name) + step) % places) * SIZE

    def _begin(self, at: int, name: float) -> None:
        """Of a new one nothing is known; where buckets are shared, as much as of the one that may have been its own."""
        cells = self._cells
        known = (0.0, 0.0, 0.0)
        if cells[self._head + SHARING]:
            shared = self._last(name)
            known = (cells[shared + NEXT], cells[shared + DUE], cells[shared + AGAIN])
        for index in range(SIZE):
            cells[at + index] = 0.0
        cells[at + NAME] = name
        cells[at + NEXT], cells[at + DUE], cells[at + AGAIN] = known

    def _last(self, name: float) -> int:
        """The first place for it in the last level."""
        return self._home(name, int(self._cells[self._head + BEGUN]) - 1)


def _name(domain: str) -> float:
    return float(int.from_bytes(blake2b(domain.encode(), digest_size=6).digest(), "big") + 1)
