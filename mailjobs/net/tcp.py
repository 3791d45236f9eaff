"""TCP: connect to one of a host's addresses."""

from __future__ import annotations

import errno
import socket
from dataclasses import replace
from typing import Any

from mailjobs.errors import ConnectionLost, MailjobsError, TimedOut, TransportError, from_oserror
from mailjobs.model import AddressFamily, Bind, Socket
from mailjobs.net.deadline import STEP_SETTING, Deadline, Until
from mailjobs.net.options import bind_socket, granted, set_options
from mailjobs.net.race import Race, interleaved
from mailjobs.net.resolve import Address, resolve, resolve_ours
from mailjobs.net.tcp_stream import GONE, TcpStream

USUAL_PORTS = {25: "relay", 465: "submission, TLS from the start", 587: "submission, STARTTLS"}
NO_WAY = (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN)
BLOCKED = "many networks let nothing out to port 25: submission is on 587 or 465"
SILENT = "nothing answers there: a firewall may be dropping it, or the address or port is wrong"


def connect(
    host: str,
    port: int,
    *,
    timeout: float,
    idle: float = 60,
    until: Until | None = None,
    family: AddressFamily = "any",
    bind: Bind | None = None,
    options: Socket | None = None,
) -> TcpStream:
    """Connect to `host`, to the first of its addresses that answers.

    `timeout` is in seconds, over name look-up and all addresses together; 0: `idle` applies; `until` may come
    before it; what is left of it is the stream's deadline. Raises ResolveError, TimedOut, or the TransportError of
    the last address, which tells of the others.
    """
    deadline = _limit(timeout, idle, until)
    bind, options = bind or Bind(), options or Socket()
    addresses = interleaved(resolve(host, port, deadline, family))
    ours = resolve_ours(bind.host, bind.port, deadline) if bind != Bind() else None

    def begin(address: Address) -> socket.socket:
        return _unconnected(address[0], bind, ours, options)

    race = Race(addresses, deadline, begin, _refused, alone=bool(bind.port))
    won = race.run()
    if won is None:
        raise _all_failed(race.failures, host, port)
    return _stream(won, host, options, deadline)


def _limit(timeout: float, idle: float, until: Until | None) -> Deadline:
    seconds = timeout or idle
    if until is not None and (not seconds or until.left < seconds):
        return Deadline("connect", total=max(until.left, 0.001), total_setting=f"what was left of {STEP_SETTING}")
    return Deadline("connect", total=seconds, total_setting="timeout.connect" if timeout else "timeout.idle")


def _unconnected(
    family: socket.AddressFamily, bind: Bind, ours: list[Address] | None, options: Socket
) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        set_options(sock, options)
        if ours is not None:
            bind_socket(sock, bind, _our_end(family, bind, ours))
    except BaseException:
        sock.close()
        raise
    return sock


def _our_end(family: socket.AddressFamily, bind: Bind, ours: list[Address]) -> tuple[Any, ...]:
    for found, where in ours:
        if found == family:
            return where
    words = f"server.bind.host {bind.host} has no address of the family that the server's has"
    raise TransportError(words, code=10047, temporary=False)


def _stream(won: tuple[socket.socket, Address], host: str, options: Socket, deadline: Deadline) -> TcpStream:
    sock, (_, where) = won
    try:
        stream = TcpStream(sock, host, where)
        stream.peer = replace(
            stream.peer,
            send_buffer=granted(sock, socket.SO_SNDBUF, options.send_buffer),
            receive_buffer=granted(sock, socket.SO_RCVBUF, options.receive_buffer),
        )
    except OSError as error:
        sock.close()
        raise _refused(error, won[1]).within(host=host, address=where[0], port=where[1], stage="connect") from None
    stream.deadline = deadline
    return stream


def _refused(error: OSError, address: Address) -> TransportError:
    where, port = address[1][0], address[1][1]
    if error.errno == errno.ECONNRESET:  # it had taken the connection, as a read a moment later would have told
        words = f"cannot connect to {where} port {port}: it reset the connection (ECONNRESET)"
        return ConnectionLost(words, code=GONE[errno.ECONNRESET])
    failure = from_oserror(error, f"connect to {where} port {port}")
    if error.errno == errno.ECONNREFUSED:
        others = " or ".join(f"{usual} ({what})" for usual, what in USUAL_PORTS.items() if usual != port)
        failure.hint = f"nothing listens on port {port} there; mail servers usually listen on {others}"
    elif error.errno in NO_WAY:
        kind = "IPv6" if address[0] == socket.AF_INET6 else "IPv4"
        failure.hint = f"this machine has no way there: is it on the network, and does it have {kind}?"
    elif error.errno == errno.EINVAL and where.startswith("fe80:") and "%" not in where:
        failure.hint = f"an address of one link needs the interface that leads there: {where}%eth0"
    return failure


def _all_failed(failures: list[MailjobsError], host: str, port: int) -> MailjobsError:
    """The last failure, which has the words of all."""
    if not failures:
        return TransportError(f"{host} has no address to connect to", stage="connect", host=host, port=port)
    last = failures[-1]
    last.message = "; ".join(dict.fromkeys(failure.message for failure in failures))
    if isinstance(last, TimedOut):
        last.hint = BLOCKED if port == 25 else SILENT
    return last.within(host=host, port=port)
