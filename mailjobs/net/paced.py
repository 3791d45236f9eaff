"""A stream over which no more goes out than so many bytes a second."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from mailjobs import clock
from mailjobs.net.layered import Layered
from mailjobs.net.stream import Stream

if TYPE_CHECKING:
    from mailjobs.net.tls_info import TlsInfo

SHARE: Final = 0.05  # seconds' worth of bytes that go out in one piece
LARGEST: Final = 64 * 1024


class Pace:
    """`rate` bytes a second, for all the connections that share it; for any number of threads.

    Each piece books the next moment that is free, so any time sees at most rate times its length and one piece.
    """

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._free = 0.0
        self._lock = threading.Lock()
        self.piece: Final = max(1, min(int(rate * SHARE), LARGEST))

    def book(self, octets: int) -> float:
        """Seconds to wait before so many may go out."""
        now = clock.monotonic()
        with self._lock:
            moment = max(now, self._free)
            self._free = moment + octets / self._rate
        return moment - now


class Paced(Layered):
    """`below`, written to at the pace that is booked."""

    def __init__(self, below: Stream, pace: Pace) -> None:
        super().__init__(below)
        self._pace = pace

    @property
    def info(self) -> TlsInfo | None:
        """That of the stream below."""
        return self._below.info

    def write(self, data: bytes, receive: Callable[[bytes], None]) -> None:
        """Write all of `data` in pieces. Our own pauses are no idleness, but count for `total`. Raises TimedOut."""
        view = memoryview(data)
        for start in range(0, len(view), self._pace.piece):
            part = bytes(view[start : start + self._pace.piece])
            wait = self._pace.book(len(part))
            if wait > 0:
                clock.sleep(wait)
                self.deadline.touch()
                self.deadline.remaining()
            self._below.write(part, receive)

    def poll(self, receive: Callable[[bytes], None]) -> None:
        """Pass on what has come."""
        self._below.poll(receive)

    def read(self) -> bytes:
        """At least one byte, none at the end."""
        return self._below.read()
