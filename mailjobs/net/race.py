"""Connecting to one of several addresses: attempts that overlap, and the first to connect wins (RFC 8305)."""

from __future__ import annotations

import errno
import select
import socket
from collections.abc import Callable, Sequence
from itertools import zip_longest

from mailjobs import clock
from mailjobs.errors import MailjobsError, TimedOut
from mailjobs.net.deadline import Deadline
from mailjobs.net.resolve import Address

PAUSE = 0.25  # seconds from one attempt to the next, RFC 8305 section 8
LONGEST_WAIT = 2**31 - 1  # milliseconds, the most that poll takes


def interleaved(addresses: Sequence[Address]) -> list[Address]:
    """The addresses with their families by turns, that of the first one first (RFC 8305 section 4)."""
    first = [address for address in addresses if address[0] == addresses[0][0]]
    others = [address for address in addresses if address[0] != addresses[0][0]]
    return [address for pair in zip_longest(first, others) for address in pair if address is not None]


class Race:
    """Attempts to connect to `addresses`, in order. `begin` makes an unconnected, non-blocking socket for one.

    `alone`: one attempt at a time, each with its share of the time. `failures` are what became of the others, each as
    `refused` has it.
    """

    def __init__(
        self,
        addresses: Sequence[Address],
        deadline: Deadline,
        begin: Callable[[Address], socket.socket],
        refused: Callable[[OSError, Address], MailjobsError],
        alone: bool = False,
    ) -> None:
        self.failures: list[MailjobsError] = []
        self._waiting = list(addresses)
        self._deadline = deadline
        self._begin = begin
        self._refused = refused
        self._alone = alone
        self._pending: dict[int, tuple[socket.socket, Address]] = {}
        self._next = clock.monotonic()  # when the next attempt may begin
        self._won: tuple[socket.socket, Address] | None = None

    def run(self) -> tuple[socket.socket, Address] | None:
        """The connected socket and its address, or None where all failed; nothing else stays open."""
        try:
            while self._won is None and (self._waiting or self._pending):
                self._begin_due()
                if self._won is None and self._pending:
                    self._await()
        except TimedOut as error:
            for _, address in self._pending.values():
                self._fail(address, self._late(address, self._deadline.total, self._deadline.total_setting))
            if not self.failures:
                self.failures.append(error)
        finally:
            for sock, _ in self._pending.values():
                sock.close()
            self._pending.clear()
        return self._won

    def _begin_due(self) -> None:
        while self._waiting and self._won is None and (not self._pending or clock.monotonic() >= self._next):
            if self._alone:
                self._give_up()
            self._next = clock.monotonic() + self._pause()
            self._attempt(self._waiting.pop(0))

    def _pause(self) -> float:
        """A fair part of what is left, where the others have to wait for the end of this one."""
        remaining = self._deadline.remaining()
        return PAUSE if not self._alone or remaining is None else remaining / len(self._waiting)

    def _attempt(self, address: Address) -> None:
        try:
            sock = self._begin(address)
        except OSError as error:
            self._fail(address, self._refused(error, address))
            return
        except MailjobsError as error:
            self._fail(address, error)
            return
        try:
            status = sock.connect_ex(address[1])
        except BaseException:
            sock.close()
            raise
        if status == errno.EINPROGRESS:
            self._pending[sock.fileno()] = sock, address
        else:
            self._settle(sock, address, status)

    def _settle(self, sock: socket.socket, address: Address, status: int) -> None:
        if status == 0 and self._won is None:
            self._won = sock, address
            return
        sock.close()
        if status:
            self._fail(address, self._refused(OSError(status, ""), address))
            self._next = clock.monotonic()

    def _await(self) -> None:
        poll = select.poll()
        for number in self._pending:
            poll.register(number, select.POLLOUT)
        for number, _ in poll.poll(self._patience()):
            sock, address = self._pending.pop(number)
            self._settle(sock, address, sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR))

    def _patience(self) -> float | None:
        """Milliseconds until something is to be done. Raises TimedOut."""
        limits = [self._deadline.remaining(), self._next - clock.monotonic() if self._waiting else None]
        known = [limit for limit in limits if limit is not None]
        return min(max(min(known), 0) * 1000, LONGEST_WAIT) if known else None

    def _give_up(self) -> None:
        """The attempt under way has had its share."""
        for sock, address in self._pending.values():
            sock.close()
            words = f"its share of {self._deadline.total_setting}"
            self._fail(address, self._late(address, self._deadline.total, words))
        self._pending.clear()

    def _late(self, address: Address, seconds: float, setting: str) -> TimedOut:
        where = f"{address[1][0]} port {address[1][1]}"
        return self._deadline.timed_out(f"at connect: no connection to {where} within", seconds, setting)

    def _fail(self, address: Address, error: MailjobsError) -> None:
        self.failures.append(error.within(address=address[1][0], port=address[1][1], stage="connect"))
