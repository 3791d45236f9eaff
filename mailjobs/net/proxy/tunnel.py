"""The stream beyond a proxy."""

from __future__ import annotations

from collections.abc import Callable

from mailjobs.net.layered import Layered
from mailjobs.net.stream import Peer, Stream


class Tunnel(Layered):
    """A stream whose first octets, `ahead`, came in one packet with the proxy's last word."""

    info = None

    def __init__(self, below: Stream, peer: Peer, ahead: bytes) -> None:
        super().__init__(below)
        self._ahead = ahead
        below.peer = peer

    def write(self, data: bytes, receive: Callable[[bytes], None]) -> None:
        """Write all, passing on what comes meanwhile."""
        self._pass_on(receive)
        self._below.write(data, receive)

    def poll(self, receive: Callable[[bytes], None]) -> None:
        """Pass on what has come; does not wait."""
        self._pass_on(receive)
        self._below.poll(receive)

    def _pass_on(self, receive: Callable[[bytes], None]) -> None:
        if self._ahead:
            ahead, self._ahead = self._ahead, b""
            receive(ahead)

    def read(self) -> bytes:
        """At least one byte, none at the end."""
        if self._ahead:
            ahead, self._ahead = self._ahead, b""
            return ahead
        return self._below.read()
