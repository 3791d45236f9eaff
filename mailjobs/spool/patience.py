"""How long a queue goes on trying, and what a file is called when somebody is done with it for now."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from mailjobs.frozen import frozen
from mailjobs.spool import lines
from mailjobs.spool.entry import Entry
from mailjobs.spool.names import FAILED, HELD, QUEUED, SENT
from mailjobs.spool.state import State

UNKNOWN: Final = "unknown"  # the first word of why a file is held whose fate nobody knows
FIVE_DAYS: Final = 5 * 86400.0


@frozen
class Patience:
    """`attempts` 0: no limit but `max_age`. Seconds; the delay is doubled after each try, up to `max_delay`.

    What is older than `max_age` is not tried any more after a try that failed.
    """

    attempts: int = 0
    delay: float = 300
    max_delay: float = 4 * 3600
    max_age: float = FIVE_DAYS

    def pause(self, tries: int) -> float:
        """Seconds to wait after so many tries."""
        return min(self.delay * 2.0 ** min(tries - 1, 60), self.max_delay)

    def exhausted(self, entry: Entry, tries: int, now: datetime) -> str:
        """Why it is not tried any more after so many tries, or ""."""
        if self.attempts and tries >= self.attempts:
            return f"{tries} {'try' if tries == 1 else 'tries'} failed"
        if (now - entry.created).total_seconds() >= self.max_age:
            return f"it is older than {timedelta(seconds=self.max_age)}"
        if entry.expires is not None and now >= entry.expires:
            return "it has expired"
        return ""


def rest(entry: Entry, state: State, patience: Patience, now: datetime) -> tuple[str, bytes]:
    """The suffix of a file that nobody sends now (SENT: all have got it), and the lines to be appended before.

    `state` is changed as the lines say.
    """
    if state.held and not state.held.startswith(UNKNOWN):
        return HELD, b""
    if state.open() and not state.given_up:
        stopped = _stopped(entry, state)
        if not state.tried and not stopped:
            return QUEUED, b""
        tries = state.tries + 1
        why = stopped or patience.exhausted(entry, tries, now)
        if not why:
            state.tries, state.waits_since = tries, now
            state.next = now + timedelta(seconds=patience.pause(tries))
            return QUEUED, lines.wait(now, state.next, tries)
        state.given_up = why
        suffix, data = _final(state, now)
        return suffix, lines.given_up(now, why) + data
    return _final(state, now)


def _stopped(entry: Entry, state: State) -> str:
    """Whose refusal keeps it from everybody else, in words; "" where nobody's does."""
    stops = [one.address for one in entry.recipients if one.kind in entry.stop_on and state.letters[one.address] == "r"]
    return f"{stops[0]} was refused, which keeps it from everybody (stop_on)" if stops else ""


def _final(state: State, now: datetime) -> tuple[str, bytes]:
    unknown = state.open("u")
    if unknown:
        if state.held.startswith(UNKNOWN):
            return HELD, b""
        state.held = f"{UNKNOWN} whether {', '.join(unknown[:3])}{', …' if len(unknown) > 3 else ''} got it"
        return HELD, lines.hold(now, state.held)
    return (FAILED if state.open("rnd") else SENT), b""
