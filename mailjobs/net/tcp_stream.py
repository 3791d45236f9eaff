"""A stream over a socket that never blocks longer than its deadline."""

from __future__ import annotations

import errno
import select
import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from mailjobs.errors import ConnectionLost, MailjobsError, from_oserror
from mailjobs.net.deadline import Deadline
from mailjobs.net.stream import Peer

CHUNK = 256 * 1024
CLOSED_EARLY = "the server closed the connection while it was written to"
LONGEST_WAIT = 2**31 - 1  # milliseconds, the most that poll takes
GONE = {errno.EPIPE: 10054, errno.ECONNRESET: 10054, errno.ESHUTDOWN: 10054, errno.ECONNABORTED: 10053}


def wait(sock: socket.socket, events: int, deadline: Deadline) -> int:
    """The poll events that happened; 0 where time went by, and the next call may raise TimedOut."""
    remaining = deadline.remaining()
    poll = select.poll()
    poll.register(sock, events)
    found = poll.poll(None if remaining is None else min(remaining * 1000, LONGEST_WAIT))
    return found[0][1] if found else 0


class TcpStream:
    """A stream over a connected, non-blocking socket."""

    info = None

    def __init__(self, sock: socket.socket, host: str, where: tuple[Any, ...]) -> None:
        local = sock.getsockname()
        self.peer = Peer(host, where[0], where[1], local[0], local[1])
        self.deadline = Deadline("idle")
        self._socket = sock

    def write(self, data: bytes, receive: Callable[[bytes], None]) -> None:
        """Write all, taking in what comes meanwhile. One system call in the usual case."""
        view: bytes | memoryview = data
        while view:
            try:
                sent = self._socket.send(view)
            except BlockingIOError:
                self._take_until_writable(receive)
                continue
            except OSError as error:
                self._take_last_words(receive)
                raise self._failure(error, "write to the server") from None
            self.deadline.touch()
            if sent == len(view):
                return
            view = memoryview(view)[sent:]

    def _take_until_writable(self, receive: Callable[[bytes], None]) -> None:
        events = self._wait(select.POLLIN | select.POLLOUT)
        if events & select.POLLIN:
            data = self.read()
            if not data:
                raise self._locate(ConnectionLost(CLOSED_EARLY))
            receive(data)

    def _take_last_words(self, receive: Callable[[bytes], None]) -> None:
        """What a server says before it hangs up (a 421, say) tells more than the broken pipe does."""
        with suppress(OSError):
            while data := self._socket.recv(CHUNK):
                receive(data)

    def poll(self, receive: Callable[[bytes], None]) -> None:
        """Pass on what has come; does not wait."""
        try:
            data = self._socket.recv(CHUNK)
        except BlockingIOError:
            return
        except OSError as error:
            raise self._failure(error, "read from the server") from None
        if not data:
            raise self._locate(ConnectionLost(CLOSED_EARLY))
        receive(data)

    def read(self) -> bytes:
        """At least one byte, none at the end."""
        if self.deadline.total or self.deadline.until:  # a server that never stops sending never blocks
            self._remaining()
        while True:
            try:
                data = self._socket.recv(CHUNK)
            except BlockingIOError:
                self._wait(select.POLLIN)
                continue
            except OSError as error:
                raise self._failure(error, "read from the server") from None
            self.deadline.touch()
            return data

    def _wait(self, events: int) -> int:
        try:
            return wait(self._socket, events, self.deadline)
        except MailjobsError as error:
            raise self._locate(error) from None

    def _remaining(self) -> None:
        try:
            self.deadline.remaining()
        except MailjobsError as error:
            raise self._locate(error) from None

    def _failure(self, error: OSError, doing: str) -> MailjobsError:
        code = GONE.get(error.errno or 0)
        if code is None:
            return self._locate(from_oserror(error, doing))
        symbol = errno.errorcode[error.errno or 0]
        return self._locate(ConnectionLost(f"cannot {doing}: it reset the connection ({symbol})", code=code))

    def _locate(self, error: MailjobsError) -> MailjobsError:
        peer = self.peer
        return error.within(stage=self.deadline.stage, host=peer.host, address=peer.address, port=peer.port)

    def cut(self) -> None:
        """A thread that polls the socket wakes up, and reads its end."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def close(self, abort: bool = False) -> None:
        """Close; what was written is still sent, but with `abort` thrown away by a reset."""
        with suppress(OSError):
            if abort:
                self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        with suppress(OSError):
            self._socket.close()
