"""TCP: connect to one of a host's addresses."""

from __future__ import annotations

import errno
import select
import socket
from contextlib import ExitStack

from mailjobs.errors import ConnectionLost, MailjobsError, TimedOut, TransportError, from_oserror
from mailjobs.net.deadline import STEP_SETTING, Deadline, Until
from mailjobs.net.resolve import Address, resolve
from mailjobs.net.tcp_stream import GONE, TcpStream, wait

USUAL_PORTS = {25: "relay", 465: "submission, TLS from the start", 587: "submission, STARTTLS"}


def connect(host: str, port: int, *, timeout: float, idle: float = 60, until: Until | None = None) -> TcpStream:
    """Connect to `host`, trying its addresses in order.

    `timeout` is in seconds, over name look-up and all addresses together; 0: `idle` applies; `until` may come
    before it. Raises ResolveError, TimedOut, or the TransportError of the last address, which tells of the others.
    """
    deadline = _limit(timeout, idle, until)
    addresses = resolve(host, port, deadline)
    failures: list[MailjobsError] = []
    for index, address in enumerate(addresses):
        try:
            return _connect_one(host, address, _share(deadline, len(addresses) - index))
        except MailjobsError as error:
            failures.append(error.within(host=host, address=address[1][0], port=port, stage="connect"))
    raise _all_failed(failures, host, port)


def _limit(timeout: float, idle: float, until: Until | None) -> Deadline:
    seconds = timeout or idle
    if until is not None and (not seconds or until.left < seconds):
        return Deadline("connect", total=max(until.left, 0.001), total_setting=f"what was left of {STEP_SETTING}")
    return Deadline("connect", total=seconds, total_setting="timeout.connect" if timeout else "timeout.idle")


def _share(deadline: Deadline, waiting: int) -> Deadline:
    """A fair part of what is left: an address that never answers must not use up the time of those after it."""
    remaining = deadline.remaining()
    if remaining is None or waiting == 1:
        return deadline
    return Deadline("connect", total=remaining / waiting, total_setting=f"its share of {deadline.total_setting}")


def _connect_one(host: str, address: Address, deadline: Deadline) -> TcpStream:
    family, where = address
    try:
        with ExitStack() as stack:
            sock = stack.enter_context(socket.socket(family, socket.SOCK_STREAM))
            sock.setblocking(False)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            status = sock.connect_ex(where)
            if status == errno.EINPROGRESS:
                _await_connection(sock, f"{where[0]} port {where[1]}", deadline)
                status = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if status:
                raise OSError(status, "")
            stream = TcpStream(sock, host, where)
            stack.pop_all()
            return stream
    except OSError as error:
        raise _refused(error, where[0], where[1]) from None


def _await_connection(sock: socket.socket, where: str, deadline: Deadline) -> None:
    try:
        while not wait(sock, select.POLLOUT, deadline):
            pass
    except TimedOut:
        words = f"at connect: no connection to {where} within"
        raise deadline.timed_out(words, deadline.total, deadline.total_setting) from None


def _refused(error: OSError, address: str, port: int) -> TransportError:
    if error.errno == errno.ECONNRESET:  # it had taken the connection, as a read a moment later would have told
        words = f"cannot connect to {address} port {port}: it reset the connection (ECONNRESET)"
        return ConnectionLost(words, code=GONE[errno.ECONNRESET])
    failure = from_oserror(error, f"connect to {address} port {port}")
    if error.errno == errno.ECONNREFUSED:
        others = " or ".join(f"{usual} ({what})" for usual, what in USUAL_PORTS.items() if usual != port)
        failure.hint = f"nothing listens on port {port} there; mail servers usually listen on {others}"
    return failure


def _all_failed(failures: list[MailjobsError], host: str, port: int) -> MailjobsError:
    """The last failure, which has the words of all."""
    if not failures:
        return TransportError(f"{host} has no address to connect to", stage="connect", host=host, port=port)
    last = failures[-1]
    last.message = "; ".join(dict.fromkeys(failure.message for failure in failures))
    return last
