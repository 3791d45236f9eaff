"""A rate kept by the generic cell rate algorithm with a burst of one.

Each booking takes the next moment that is free, so that whoever waits knows how long. Who comes to his moment is
admitted by what really went out before: however late threads wake up, what goes out in any window is at most the rate
times its length and one, but for a tenth of a message. That tenth is what lets a message that comes a little late cost
the others nothing. The state is a few numbers in an array, which processes that
are forked may share; who calls holds a lock.

A complaint halves the rate; within a minute it is whole again, in a straight line that what is booked meanwhile reckons
with. Since several complaints within ten seconds are one, a rate never sinks below a seventh of itself. Where there was
no limit, what went out before the first complaint is the limit meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable
from math import sqrt
from typing import Final, Protocol

NEXT, FACTOR, SINCE, BASE, NAME, DUE, AGAIN = range(7)  # of a bucket's numbers
SIZE: Final = 8
SLACK: Final = 0.1  # of the time that a message takes, by which it may come before its turn
MOST_SLACK: Final = 0.005  # seconds
RESTORED: Final = 60.0  # seconds after a complaint until the rate is whole
PATIENCE: Final = 10.0  # seconds in which several complaints are one: what was under way says nothing of the new speed
FORGOTTEN: Final = 2 * RESTORED  # seconds after a complaint until the speed before it says nothing any more


class Cells(Protocol):
    """Numbers, shared or not."""

    def __getitem__(self, index: int) -> float: ...

    def __setitem__(self, index: int, value: float) -> None: ...


class Bucket:
    """The bucket whose numbers begin at `at`. `per_second` 0 is no limit."""

    __slots__ = ("_cells", "_per_second", "at")

    def __init__(self, cells: Cells, at: int, per_second: float) -> None:
        self._cells = cells
        self._per_second = per_second
        self.at = at

    @property
    def limited(self) -> bool:
        """Whether moments have to be booked at all."""
        return self._per_second > 0 or self._cells[self.at + FACTOR] > 0

    def idle(self, now: float) -> bool:
        """Whether nothing would be lost with its numbers."""
        cells, at = self._cells, self.at
        if max(cells[at + NEXT], cells[at + DUE], cells[at + AGAIN]) > now:
            return False
        return not cells[at + FACTOR] or self._factor(now) >= 1.0

    def book(self, cost: float, now: float) -> float:
        """The moment when so much may go out, 0 where nothing limits it."""
        if not self.rate(now):
            return 0.0
        cells, at = self._cells, self.at
        moment = max(now, cells[at + NEXT])
        cells[at + NEXT] = self._after(moment, cost)
        return moment

    def start(self, cost: float, now: float) -> float:
        """`book` and `admit` in one; shorter where nobody waits and nobody has complained."""
        cells, at = self._cells, self.at
        if not cells[at + FACTOR] and self._per_second and cells[at + NEXT] <= now and cells[at + DUE] <= now:
            cells[at + NEXT] = cells[at + DUE] = now + cost / self._per_second
            return 0.0
        moment = self.book(cost, now)
        return self.admit(moment, cost, now) if moment else 0.0

    def admit(self, moment: float, cost: float, now: float) -> float:
        """0 where what was booked for `moment` may go out now; else when to ask again."""
        if not self.rate(now):
            return 0.0
        earliest = max(moment, self.earliest(cost, now))
        if now < earliest:
            return earliest
        self.go(cost, now)
        return 0.0

    @property
    def due(self) -> float:
        """Changes whenever something is admitted."""
        return self._cells[self.at + DUE]

    def resume(self, due: float, cost: float, now: float) -> float:
        """As `admit`, for what was admitted a while ago and has not gone out yet, when `due` was what it is after that.

        Where nothing else was admitted since, its turn begins anew now.
        """
        cells, at = self._cells, self.at
        if not self.rate(now):
            return 0.0
        if cells[at + DUE] != due:
            return self.admit(now, cost, now)
        cells[at + DUE] = max(due, self._after(now, cost))
        cells[at + NEXT] = max(cells[at + NEXT], cells[at + DUE])
        return 0.0

    def earliest(self, cost: float, now: float) -> float:
        """From when on so much may go out after all that went out before. Only where something limits it.

        DUE is when the next is due: the theoretical arrival time of the algorithm.
        """
        due = self._cells[self.at + DUE]
        if due <= now:
            return due
        return due - min((self._after(due, cost) - due) * SLACK, MOST_SLACK)

    def go(self, cost: float, now: float) -> None:
        """So much goes out now."""
        cells, at = self._cells, self.at
        cells[at + DUE] = self._after(max(now, cells[at + DUE]), cost)

    def again(self, cost: float) -> float:
        """When one who came too early is to come again: each at a turn of his own, or all would come at once."""
        cells, at = self._cells, self.at
        cells[at + AGAIN] = max(self._after(cells[at + AGAIN], cost), cells[at + DUE])
        return cells[at + AGAIN]

    def hold(self, moment: float) -> None:
        """Nothing goes out before `moment`."""
        self._cells[self.at + DUE] = max(self._cells[self.at + DUE], moment)

    def rate(self, now: float) -> float:
        """So much a second at present; 0 is no limit."""
        cells, at = self._cells, self.at
        factor = self._factor(now)
        if factor >= 1.0:
            cells[at + FACTOR] = 0.0
            return self._per_second
        return (self._per_second or cells[at + BASE]) * factor

    def complain(self, now: float, lately: Callable[[], float]) -> None:
        """Halve the rate; `lately` tells what went out a second of late, for where there is no limit.

        What went out while the rate was lowered is no measure of what it was.
        """
        cells, at = self._cells, self.at
        gone = now - cells[at + SINCE]
        if cells[at + FACTOR] and gone < PATIENCE:
            return
        if not self._per_second:
            cells[at + BASE] = max(cells[at + BASE] if gone < FORGOTTEN else 0.0, lately(), 1.0)
        cells[at + FACTOR] = self._factor(now) / 2
        cells[at + SINCE] = now

    def _factor(self, now: float) -> float:
        lowest = self._cells[self.at + FACTOR]
        if not lowest:
            return 1.0
        gone = max(now - self._cells[self.at + SINCE], 0.0) / RESTORED
        return min(lowest + (1 - lowest) * gone, 1.0)

    def _after(self, start: float, cost: float) -> float:
        """The moment by which the rate has let so much through since `start`: the integral over a rate that rises."""
        factor = self._factor(start)
        if factor >= 1.0:
            return start + cost / self._per_second if self._per_second else start
        cells, at = self._cells, self.at
        base = self._per_second or cells[at + BASE]
        rise = (1 - cells[at + FACTOR]) / RESTORED  # of the factor, a second
        reached = sqrt(factor * factor + 2 * rise * cost / base)
        if reached <= 1.0:
            return start + (reached - factor) / rise
        whole = start + (1 - factor) / rise
        over = cost - base * (1 - factor * factor) / (2 * rise)
        return whole + over / self._per_second if self._per_second else whole
