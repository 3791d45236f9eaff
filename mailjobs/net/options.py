"""Options of a socket and its own end, as the job has them."""

from __future__ import annotations

import errno
import socket
import struct
import sys
from typing import Any

from mailjobs.errors import MailjobsError, SetupError, from_oserror
from mailjobs.model import Bind, KeepAlive, Socket

HALVED = sys.platform == "linux"  # the kernel doubles the size of a buffer for its own bookkeeping, and tells that
BINDING = {
    errno.EADDRNOTAVAIL: "server.bind.host is to be an address of this machine",
    errno.EADDRINUSE: "something else uses server.bind.port on this machine",
    errno.EACCES: "ports below 1024 are for who has the right: another server.bind.port, or 0",
}


def set_options(sock: socket.socket, options: Socket) -> None:
    """Set `options`, before the socket is connected. Raises SetupError for what the system does not have; OSError."""
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, int(options.nodelay))
    if options.keepalive is not None:
        _keep_alive(sock, options.keepalive)
    if options.linger is not True:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, int(options.linger)))
    if options.send_buffer is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, options.send_buffer)
    if options.receive_buffer is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, options.receive_buffer)


def _keep_alive(sock: socket.socket, keepalive: KeepAlive) -> None:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    if keepalive.time is not None:
        sock.setsockopt(socket.IPPROTO_TCP, _option("time", "TCP_KEEPIDLE", "TCP_KEEPALIVE"), keepalive.time)
    if keepalive.interval is not None:
        sock.setsockopt(socket.IPPROTO_TCP, _option("interval", "TCP_KEEPINTVL"), keepalive.interval)


def _option(key: str, *names: str) -> int:
    """The first of these options that this system has; macOS calls the first one by another name."""
    for name in names:
        found: int | None = getattr(socket, name, None)
        if found is not None:
            return found
    raise SetupError(f"this system cannot set socket.keepalive.{key}", hint="without it the system's own applies")


def granted(sock: socket.socket, option: int, asked: int | None) -> int | None:
    """The size of the buffer SO_SNDBUF or SO_RCVBUF as the system has it; None where nobody asked."""
    if asked is None:
        return None
    size = sock.getsockopt(socket.SOL_SOCKET, option)
    return size // 2 if HALVED else size


def bind_socket(sock: socket.socket, bind: Bind, where: tuple[Any, ...]) -> None:
    """Give `sock` its own end `where`. Raises TransportError 10013, 10048, 10049."""
    try:
        if bind.port:  # or its last connection, which lingers in TIME_WAIT, would keep the port
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(where)
    except OSError as error:
        raise _not_bound(error, where) from None


def _not_bound(error: OSError, where: tuple[Any, ...]) -> MailjobsError:
    failure = from_oserror(error, f"connect from {where[0] or 'any address'} port {where[1]}")
    failure.hint = BINDING.get(error.errno or 0)
    failure.who = "machine"
    return failure
