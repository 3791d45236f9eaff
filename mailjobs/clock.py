"""The time, asked for in one place, so that tests can hold it still."""

from __future__ import annotations

import time
from datetime import UTC, datetime

monotonic = time.monotonic  # seconds from some start that never jump


def now() -> datetime:
    """This moment, in UTC."""
    return datetime.now(UTC)


def sleep(seconds: float) -> None:
    """Wait; a signal that raises ends it."""
    time.sleep(seconds)


def processor() -> float:
    """Seconds of processor time that this process has used, in all its threads."""
    return time.process_time()
