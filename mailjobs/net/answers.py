"""What an authority says about one certificate, and until when."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from mailjobs import clock

SKEW = timedelta(minutes=5)  # by which clocks may differ


class Answer(NamedTuple):
    """`unknown` is no answer: `words` say why. `until` is when the next one is due, None where that is not said."""

    state: Literal["good", "revoked", "unknown"]
    words: str = ""
    until: datetime | None = None


def unknown(words: str) -> Answer:
    """No answer, and why."""
    return Answer("unknown", words)


def not_current(start: datetime, end: datetime | None, what: str) -> str | None:
    """Why something is not of now, where it is not."""
    now = clock.now()
    if start > now + SKEW:
        return f"{what} is of {start:%Y-%m-%d}, which is yet to come: is the clock of this machine right?"
    if end is None:
        return f"{what} does not say until when it counts"
    if end < now - SKEW:
        return f"{what} is stale since {end:%Y-%m-%d %H:%M} UTC"
    return None


def revoked_words(when: datetime, reason: object) -> str:
    """When a certificate was revoked, and why, where that is said."""
    why = getattr(reason, "value", None)
    named = f" ({why})" if why and why != "unspecified" else ""
    return f"was revoked on {when:%Y-%m-%d}{named}"
