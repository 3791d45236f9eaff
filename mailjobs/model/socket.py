"""What a socket of ours is like."""

from __future__ import annotations

from typing import Literal

from mailjobs.frozen import frozen

AddressFamily = Literal["any", "ipv4", "ipv6"]


@frozen
class Bind:
    """Our end of the connection. `host` None and `port` 0 are the system's choice."""

    host: str | None = None
    port: int = 0


@frozen
class KeepAlive:
    """Probes over an idle connection: seconds before the first and between two; None is the system's own."""

    time: int | None = None
    interval: int | None = None


@frozen
class Socket:
    """Options of the socket; None is the system's own.

    `linger` True closes in order, the system sending what is left; False resets; a number is seconds that closing
    may take. Buffers are in bytes.
    """

    keepalive: KeepAlive | None = None
    nodelay: bool = True
    linger: bool | int = True
    send_buffer: int | None = None
    receive_buffer: int | None = None
