"""The limits of one server: one bucket for it, and one for each domain that has to have one."""

from __future__ import annotations

import mmap
from array import array
from collections.abc import Iterable
from contextlib import AbstractContextManager
from hashlib import blake2b
from threading import Lock
from typing import Any

from mailjobs import clock
from mailjobs.delivery.bucket import NAME, NEXT, SIZE, Bucket, Cells
from mailjobs.model import Rate

DOMAINS = 4096  # that can have a bucket at a time
PROBES = 64  # places that are looked at for one
LATELY = 5.0  # seconds over which is counted what went out


class Rates:
    """Implements Limits. With `processes` above 1 those that are forked afterwards share it."""

    def __init__(self, rate: Rate | None, per_domain: Rate | None, processes: int = 1) -> None:
        self._cells, self._lock = _shared() if processes > 1 else _own()
        self._processes = processes
        self._of_recipients = rate is not None and rate.unit == "recipients"
        self._server = Bucket(self._cells, 0, rate.per_second if rate else 0.0)
        self._per_domain = per_domain.per_second if per_domain else 0.0
        self._each = per_domain is not None and per_domain.unit == "recipients"
        self._counted = _Counted()
        self._domains_slow = NAME  # of the server's numbers the one that says whether any domain has complained

    def server(self, recipients: int) -> float:
        """Book a message to so many; the moment when its MAIL may go out (0: now)."""
        self._counted.add()
        if not self._server.limited:
            return 0.0
        with self._lock:
            return self._server.book(recipients if self._of_recipients else 1, clock.monotonic())

    def admit(self, moment: float, recipients: int) -> float:
        """0 where the message that was booked for `moment` may go out now; else when to ask again."""
        cost = recipients if self._of_recipients else 1
        with self._lock:
            return self._server.admit(moment, cost, clock.monotonic())

    @property
    def due(self) -> float:
        """Changes whenever a message is admitted; for `resume`."""
        return self._server.due

    def resume(self, due: float, recipients: int) -> float:
        """As `admit`, for what was admitted when `due` became what it is here, and has not gone out yet."""
        if not self._server.limited:
            return 0.0
        with self._lock:
            return self._server.resume(due, recipients if self._of_recipients else 1, clock.monotonic())

    @property
    def of_domains(self) -> bool:
        """Whether any domain is limited."""
        return bool(self._per_domain or self._cells[self._domains_slow])

    def domains(self, addresses: Iterable[str]) -> float:
        """The moment when the domains of all these may be sent to (0: now)."""
        if not self.of_domains:
            return 0.0
        found: dict[str, int] = {}
        for address in addresses:
            domain = _domain(address)
            found[domain] = found.get(domain, 0) + 1 if self._each else 1
        now = clock.monotonic()
        with self._lock:
            return max([self._bucket(domain, now).book(count, now) for domain, count in found.items()], default=0.0)

    def server_complains(self) -> None:
        """A 421, or 4xx at the greeting or at MAIL: everything goes at half the speed for a while."""
        with self._lock:
            self._server.complain(clock.monotonic(), self._counted.rate() * self._processes)

    def domain_complains(self, address: str) -> None:
        """4xx at RCPT: this domain alone goes at half the speed for a while."""
        with self._lock:
            now = clock.monotonic()
            self._cells[self._domains_slow] = 1.0
            self._bucket(_domain(address), now).complain(now, self._counted.rate() * self._processes)

    def _bucket(self, domain: str, now: float) -> Bucket:
        """That of a domain; one that nobody waits for makes room. Where there is none they share the last."""
        name = float(int.from_bytes(blake2b(domain.encode(), digest_size=6).digest(), "big") + 1)
        start = int(name) % DOMAINS
        free = None
        for step in range(PROBES):
            at = (1 + (start + step) % DOMAINS) * SIZE
            if self._cells[at + NAME] == name:
                return Bucket(self._cells, at, self._per_domain)
            bucket = Bucket(self._cells, at, self._per_domain)
            idle = self._cells[at + NEXT] <= now and bucket.rate(now) == self._per_domain
            if free is None and (not self._cells[at + NAME] or idle):
                free = at
            if not self._cells[at + NAME]:
                break
        at = (1 + start) * SIZE if free is None else free
        for index in range(SIZE):
            self._cells[at + index] = 0.0
        self._cells[at + NAME] = name
        return Bucket(self._cells, at, self._per_domain)


class _Counted:
    """What this process books a second, of late. Not exact: threads count without a lock."""

    def __init__(self) -> None:
        self._since = clock.monotonic()
        self._count = 0
        self._before = 0.0

    def add(self) -> None:
        self._count += 1

    def rate(self) -> float:
        """So many a second; what is counted begins anew now and then."""
        gone = clock.monotonic() - self._since
        if gone <= 0:
            return self._before
        rate = self._count / gone
        if gone > LATELY:
            self._since, self._count, self._before = clock.monotonic(), 0, rate
        return rate


def _domain(address: str) -> str:
    return address.rpartition("@")[2].lower()


def _own() -> tuple[Cells, AbstractContextManager[Any]]:
    return array("d", bytes(8 * SIZE * (DOMAINS + 1))), Lock()


def _shared() -> tuple[Cells, AbstractContextManager[Any]]:
    """Memory that processes forked from now on share, and a lock between them."""
    from multiprocessing import get_context

    return memoryview(mmap.mmap(-1, 8 * SIZE * (DOMAINS + 1))).cast("d"), get_context("fork").Lock()
