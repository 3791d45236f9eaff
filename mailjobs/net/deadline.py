"""When to give up waiting."""

from __future__ import annotations

from mailjobs import clock
from mailjobs.errors import TimedOut
from mailjobs.frozen import frozen

STEP_SETTING = "the step's timeout"


@frozen
class Until:
    """A moment of the monotonic clock that ends a step, `seconds` after its start."""

    moment: float
    seconds: float

    @classmethod
    def after(cls, seconds: float) -> Until:
        """So many seconds from now."""
        return cls(clock.monotonic() + seconds, seconds)

    @property
    def left(self) -> float:
        """Seconds until it, 0 or less where it has passed."""
        return self.moment - clock.monotonic()


class Deadline:
    """Limits for one operation, in seconds; 0 is none. `idle` starts anew with each byte, `total` does not.

    `stage` is what is waited for, in the words of an error: "EHLO", "handshake", "the message". The two settings are
    where a user finds the limits: "timeout.final" may stand for idle. `until` bounds the whole step.
    """

    __slots__ = ("_idle_end", "_total_end", "idle", "idle_setting", "stage", "total", "total_setting", "until")

    def __init__(
        self,
        stage: str,
        idle: float = 0,
        total: float = 0,
        *,
        idle_setting: str = "timeout.idle",
        total_setting: str = "timeout.total",
        until: Until | None = None,
    ) -> None:
        self.stage = stage
        self.idle = idle
        self.total = total
        self.idle_setting = idle_setting
        self.total_setting = total_setting
        self.until = until
        self.begin()

    def begin(self) -> None:
        """Everything starts anew: for another operation with the same limits."""
        now = clock.monotonic()
        self._idle_end: float | None = now + self.idle if self.idle else None
        self._total_end: float | None = now + self.total if self.total else None

    def touch(self) -> None:
        """A byte has moved."""
        if self.idle:
            self._idle_end = clock.monotonic() + self.idle

    def remaining(self) -> float | None:
        """Seconds until the nearer limit, None where there is none. Raises TimedOut where one has passed."""
        if self._idle_end is None and self._total_end is None and self.until is None:
            return None
        now = clock.monotonic()
        if self.until is not None and now >= self.until.moment:
            raise self.timed_out(f"at {self.stage}: the step took longer than", self.until.seconds, STEP_SETTING)
        if self._total_end is not None and now >= self._total_end:
            raise self.timed_out(f"at {self.stage}: it took longer than", self.total, self.total_setting)
        if self._idle_end is not None and now >= self._idle_end:
            raise self.timed_out(f"at {self.stage}: nothing moved for", self.idle, self.idle_setting)
        step_end = self.until.moment if self.until is not None else None
        return min(end for end in (self._idle_end, self._total_end, step_end) if end is not None) - now

    def timed_out(self, words: str, seconds: float, setting: str) -> TimedOut:
        """The error: `words`, then the limit and where it is set."""
        shown = round(seconds, 1 if seconds >= 1 else 3)
        return TimedOut(f"timed out {words} {shown:g} s ({setting})", stage=self.stage)
