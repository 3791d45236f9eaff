"""TCP as a server's settings have it."""

from __future__ import annotations

from mailjobs.model import Server
from mailjobs.net.deadline import Until
from mailjobs.net.tcp import connect
from mailjobs.net.tcp_stream import TcpStream


def reach(server: Server, host: str, port: int, until: Until | None) -> TcpStream:
    """Connect to `host`, which is the server's own or its proxy's. Raises as `connect` does."""
    timeout = server.timeout
    return connect(
        host, port, timeout=timeout.connect, idle=timeout.idle, until=until,
        family=server.address_family, bind=server.bind, options=server.socket,
    )  # fmt: skip
