"""A rate kept by the generic cell rate algorithm with a burst of one.

Each booking takes the next moment that is free, so that whoever waits knows how long. Who comes to his moment is
admitted by what really went out before: however late threads wake up, what goes out in any window is at most the rate
times its length and one, but for a tenth of a message. That tenth is what lets a message that comes a little late cost
the others nothing. The state is a few numbers in an array, which processes that
are forked may share; who calls holds a lock.

A complaint halves the rate; within a minute it is whole again. Where there was no limit, what went out of late is the
limit meanwhile.
"""

from __future__ import annotations

from typing import Final, Protocol

NEXT, FACTOR, SINCE, BASE, NAME, DUE = range(6)  # of a bucket's numbers
SIZE: Final = 6
SLACK: Final = 0.1  # of the time that a message takes, by which it may come before its turn
MOST_SLACK: Final = 0.005  # seconds
RESTORED: Final = 60.0  # seconds after a complaint until the rate is whole
PATIENCE: Final = 1.0  # seconds in which several complaints are one
SLOWEST: Final = 1 / 64  # of the rate


class Cells(Protocol):
    """Numbers, shared or not."""

    def __getitem__(self, index: int) -> float: ...

    def __setitem__(self, index: int, value: float) -> None: ...


class Bucket:
    """The bucket whose numbers begin at `at`. `per_second` 0 is no limit."""

    __slots__ = ("_at", "_cells", "_per_second")

    def __init__(self, cells: Cells, at: int, per_second: float) -> None:
        self._cells = cells
        self._at = at
        self._per_second = per_second

    @property
    def limited(self) -> bool:
        """Whether moments have to be booked at all."""
        return self._per_second > 0 or self._cells[self._at + BASE] > 0

    def book(self, cost: float, now: float) -> float:
        """The moment when so much may go out, 0 where nothing limits it."""
        rate = self.rate(now)
        if not rate:
            return 0.0
        cells, at = self._cells, self._at
        moment = max(now, cells[at + NEXT])
        cells[at + NEXT] = moment + cost / rate
        return moment

    def admit(self, moment: float, cost: float, now: float) -> float:
        """0 where what was booked for `moment` may go out now; else it came too early, and this is when to come again.

        DUE is when the next is due after all that went out: the theoretical arrival time of the algorithm.
        """
        rate = self.rate(now)
        if not rate:
            return 0.0
        cells, at = self._cells, self._at
        turn = cost / rate
        earliest = max(moment, cells[at + DUE] - min(turn * SLACK, MOST_SLACK))
        if now < earliest:
            return earliest
        cells[at + DUE] = max(now, cells[at + DUE]) + turn
        return 0.0

    @property
    def due(self) -> float:
        """Changes whenever something is admitted."""
        return self._cells[self._at + DUE]

    def resume(self, due: float, cost: float, now: float) -> float:
        """As `admit`, for what was admitted a while ago and has not gone out yet, when `due` was what it is after that.

        Where nothing else was admitted since, its turn begins anew now.
        """
        rate, cells, at = self.rate(now), self._cells, self._at
        if not rate:
            return 0.0
        if cells[at + DUE] != due:
            return self.admit(now, cost, now)
        cells[at + DUE] = max(due, now + cost / rate)
        cells[at + NEXT] = max(cells[at + NEXT], cells[at + DUE])
        return 0.0

    def rate(self, now: float) -> float:
        """So much a second at present; 0 is no limit."""
        cells, at = self._cells, self._at
        factor = self._factor(now)
        if factor >= 1.0:
            cells[at + BASE] = 0.0
            return self._per_second
        return (self._per_second or cells[at + BASE]) * factor

    def complain(self, now: float, lately: float) -> None:
        """Halve the rate; `lately` is what went out a second of late, for where there is no limit."""
        cells, at = self._cells, self._at
        if cells[at + FACTOR] and now - cells[at + SINCE] < PATIENCE:
            return
        if not self._per_second and not cells[at + BASE]:
            cells[at + BASE] = max(lately, 1.0)
        cells[at + FACTOR] = max(self._factor(now) / 2, SLOWEST)
        cells[at + SINCE] = now

    def _factor(self, now: float) -> float:
        lowest = self._cells[self._at + FACTOR]
        if not lowest:
            return 1.0
        gone = (now - self._cells[self._at + SINCE]) / RESTORED
        return min(lowest + (1 - lowest) * gone, 1.0)
