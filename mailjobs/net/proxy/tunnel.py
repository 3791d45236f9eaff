"""The stream beyond a proxy."""

from __future__ import annotations

from collections.abc import Callable

from mailjobs.net.deadline import Deadline
from mailjobs.net.stream import Peer, Stream


class Tunnel:
    """A stream whose first octets, `ahead`, came in one packet with the proxy's last word."""

    info = None

    def __init__(self, below: Stream, peer: Peer, ahead: bytes) -> None:
        self._below = below
        self._ahead = ahead
        below.peer = peer

    @property
    def peer(self) -> Peer:
        """The server beyond the proxy, and our end."""
        return self._below.peer

    @peer.setter
    def peer(self, peer: Peer) -> None:
        self._below.peer = peer

    @property
    def deadline(self) -> Deadline:
        """The deadline, which is that of the stream below."""
        return self._below.deadline

    @deadline.setter
    def deadline(self, deadline: Deadline) -> None:
        self._below.deadline = deadline

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

    def cut(self) -> None:
        """End the connection below."""
        self._below.cut()

    def close(self, abort: bool = False) -> None:
        """Close the connection below."""
        self._below.close(abort)
