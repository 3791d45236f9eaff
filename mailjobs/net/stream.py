"""What a connection is to those above: bytes out, bytes in, a deadline."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from mailjobs.frozen import frozen
from mailjobs.net.deadline import Deadline

if TYPE_CHECKING:
    from mailjobs.net.tls_info import TlsInfo


@frozen
class Peer:
    """The two ends. `host` is the name that was asked for, `address` and `local_host` are numbers.

    `proxy` is what lies between, such as "socks5://127.0.0.1:1080"; where it looks names up, `address` is what it was
    told. Buffers are in bytes, as the system has granted them, None where nobody asked.
    """

    host: str
    address: str
    port: int
    local_host: str
    local_port: int
    proxy: str | None = None
    send_buffer: int | None = None
    receive_buffer: int | None = None


class Stream(Protocol):
    """A connection. `deadline` is set before each operation; passing it raises TimedOut.

    `info` is what TLS has negotiated, None on a plain connection.
    """

    deadline: Deadline
    peer: Peer

    @property
    def info(self) -> TlsInfo | None:
        """What TLS has negotiated."""

    def write(self, data: bytes, receive: Callable[[bytes], None]) -> None:
        """Write all of `data`, and pass on what the other side says meanwhile.

        Both sides may write at once: one that does not read while it writes fills both buffers, and both wait for
        ever. Raises TransportError; what the other side said before it went away has been passed on by then.
        """

    def poll(self, receive: Callable[[bytes], None]) -> None:
        """Pass on what the other side has said already; does not wait. Raises TransportError, at its end too."""

    def read(self) -> bytes:
        """At least one byte; none at the end of the stream. Raises TransportError."""

    def cut(self) -> None:
        """End the connection from another thread: whoever reads or writes it meets its end. Never raises."""

    def close(self, abort: bool = False) -> None:
        """Close. Never raises."""
