"""How fast one process has sent of late, to all and to one domain."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from mailjobs import clock

PERIOD = 5.0  # seconds over which is counted
SHORTEST = 0.1  # seconds: what goes out in less says little
EVERY = 64  # messages after which the period is looked at
REMEMBERED = 512  # messages of which is known whom they were for
MOST = 16  # recipients of one message that are remembered


class Lately:
    """Counts from the first message on. Not exact: threads count without a lock."""

    def __init__(self) -> None:
        self._since = 0.0
        self._count = 0
        self._before = 0.0
        self._last: deque[Sequence[str]] = deque(maxlen=REMEMBERED)

    def add(self) -> None:
        """A message goes out."""
        if not self._since:
            self._since = clock.monotonic()
        self._count += 1
        if not self._count % EVERY:
            self._turn(clock.monotonic())

    def remember(self, addresses: Sequence[str]) -> None:
        """Whom a message is for."""
        self._last.append(addresses[:MOST])

    def rate(self) -> float:
        """So many messages a second."""
        if not self._since:
            return 0.0
        now = clock.monotonic()
        self._turn(now)
        gone = now - self._since
        return self._before if self._before and gone < PERIOD / 5 else self._count / max(gone, SHORTEST)

    def rate_of(self, domain: str) -> float:
        """So many of them to this domain, going by the last few hundred."""
        last = tuple(self._last)
        known = sum(any(domain_of(address) == domain for address in addresses) for addresses in last)
        return self.rate() * max(known, 1) / max(len(last), 1)

    def _turn(self, now: float) -> None:
        if now - self._since > PERIOD:
            self._before = self._count / (now - self._since)
            self._since, self._count = now, 0


def domain_of(address: str) -> str:
    """In lower case."""
    return address.rpartition("@")[2].lower()
