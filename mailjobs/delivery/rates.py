"""The limits of one server: one bucket for it, and one for each domain that has to have one."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from threading import Lock
from typing import Any

from mailjobs import clock
from mailjobs.delivery.bucket import DUE, NAME, RESTORED, SIZE, Bucket
from mailjobs.delivery.buckets import Buckets, memory
from mailjobs.delivery.lately import Lately, domain_of
from mailjobs.delivery.shared_lock import SharedLock
from mailjobs.model import Rate

SLOW = NAME  # of the server's numbers the one that says until when a domain that has complained is slow


class Rates:
    """Implements Limits. With `processes` above 1 those that are forked afterwards share it."""

    def __init__(self, rate: Rate | None, per_domain: Rate | None, processes: int = 1) -> None:
        self._cells = memory(SIZE)
        self._lock = _lock(processes)
        self._processes = processes
        self._of_recipients = rate is not None and rate.unit == "recipients"
        self._limited = rate is not None and rate.per_second > 0  # whatever the server complains of
        self._server = Bucket(self._cells, 0, rate.per_second if rate else 0.0)
        self._per_domain = per_domain.per_second if per_domain else 0.0
        self._each = per_domain is not None and per_domain.unit == "recipients"
        self._domains = Buckets(self._cells, SIZE, self._per_domain)
        self._lately = Lately()

    def server(self, recipients: int) -> float:
        """Book a message to so many; the moment when its MAIL may go out (0: now)."""
        self._lately.add()
        if not self._server.limited:
            return 0.0
        with self._lock:
            return self._server.book(recipients if self._of_recipients else 1, clock.monotonic())

    def start(self, recipients: int) -> float:
        """`server` and `admit` in one: 0 where it may go out now, else when to ask `admit`."""
        self._lately.add()
        if not (self._limited or self._server.limited):
            return 0.0
        with self._lock:
            return self._server.start(recipients if self._of_recipients else 1, clock.monotonic())

    def admit(self, moment: float, recipients: int) -> float:
        """0 where the message that was booked for `moment` may go out now; else when to ask again."""
        cost = recipients if self._of_recipients else 1
        with self._lock:
            return self._server.admit(moment, cost, clock.monotonic())

    @property
    def due(self) -> float:
        """Changes whenever a message is admitted; for `resume`."""
        return self._cells[DUE]

    def resume(self, due: float, recipients: int) -> float:
        """As `admit`, for what was admitted when `due` became what it is here, and has not gone out yet."""
        if not self._server.limited:
            return 0.0
        with self._lock:
            return self._server.resume(due, recipients if self._of_recipients else 1, clock.monotonic())

    def domains(self, addresses: Sequence[str], moment: float = 0.0) -> float:
        """0 where a message may go to the domains of all these now; else when to ask again, with that moment."""
        if not self._per_domain:
            if not moment:
                self._lately.remember(addresses)
            if not self._cells[SLOW]:
                return 0.0
        with self._lock:
            now = clock.monotonic()
            if not self._per_domain and self._cells[SLOW] < now:
                self._cells[SLOW] = 0.0
                return 0.0
            return _together(self._costs(addresses, now), moment, now)

    def server_complains(self) -> None:
        """A 421, or 4xx at the greeting or at MAIL: everything goes at half the speed for a while."""
        with self._lock:
            self._server.complain(clock.monotonic(), lambda: self._lately.rate() * self._processes)

    def domain_complains(self, address: str) -> None:
        """4xx at RCPT: this domain alone goes at half the speed for a while."""
        domain = domain_of(address)
        with self._lock:
            now = clock.monotonic()
            self._cells[SLOW] = now + RESTORED
            self._domains.of(domain, now).complain(now, lambda: self._lately.rate_of(domain) * self._processes)

    def _costs(self, addresses: Sequence[str], now: float) -> list[tuple[Bucket, int]]:
        """What a message takes of which bucket, of those that limit it."""
        costs: dict[int, tuple[Bucket, int]] = {}
        counts: dict[str, int] = {}
        for address in addresses:
            domain = domain_of(address)
            counts[domain] = counts.get(domain, 0) + 1 if self._each else 1
        for domain, count in counts.items():
            bucket = self._domains.of(domain, now) if self._per_domain else self._domains.find(domain, now)
            if bucket is not None and bucket.rate(now):
                costs[bucket.at] = bucket, count + costs.get(bucket.at, (bucket, 0))[1]
        return list(costs.values())


def _together(costs: list[tuple[Bucket, int]], moment: float, now: float) -> float:
    """0 where so much may go out now by all the buckets; else when to ask again, with that moment.

    Where several have to agree, those that would let it go hold back until the last does: else others would take
    their turns each time, and a message to two busy domains might never go out.
    """
    moment = moment or max([bucket.book(cost, now) for bucket, cost in costs], default=0.0)
    if moment > now:
        return moment
    earliest = max([bucket.earliest(cost, now) for bucket, cost in costs], default=0.0)
    if earliest <= now:
        for bucket, cost in costs:
            bucket.go(cost, now)
        return 0.0
    if len(costs) == 1:
        return costs[0][0].again(costs[0][1])
    for bucket, _ in costs:
        bucket.hold(earliest)
    return earliest


def _lock(processes: int) -> AbstractContextManager[Any]:
    if processes == 1:
        return Lock()
    return SharedLock()
