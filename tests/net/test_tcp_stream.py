"""A stream over real sockets on loopback; and over a played one, for what the system does not do on demand."""

from __future__ import annotations

import errno
import signal
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from mailjobs.errors import ConnectionLost, TimedOut, TransportError
from mailjobs.net import Deadline, TcpStream, connect
from tests.net.peers import MUCH, PATIENCE, Peers, take

Reach = Callable[[Callable[[socket.socket], object]], TcpStream]


@pytest.fixture
def reach(peers: Peers) -> Iterator[Reach]:
    """Connect a stream to a thread that is given the other end."""
    streams: list[TcpStream] = []

    def start(talk: Callable[[socket.socket], object]) -> TcpStream:
        streams.append(connect("127.0.0.1", peers.serve(talk), timeout=PATIENCE))
        streams[-1].deadline = Deadline("test", idle=PATIENCE)
        return streams[-1]

    yield start
    for stream in streams:
        stream.close()


class PlayedSocket:
    """Does what `sends` and `receives` say, in order: a number of bytes taken, bytes, or an error."""

    def __init__(self, sends: tuple = (), receives: tuple = ()) -> None:
        self.sends = list(sends)
        self.receives = list(receives)
        self.taken: list[bytes] = []

    def getsockname(self) -> tuple[str, int]:
        return "192.0.2.2", 40000

    def send(self, view: memoryview) -> int:
        result = self.sends.pop(0)
        if isinstance(result, OSError):
            raise result
        self.taken.append(bytes(view[:result]))
        return min(result, len(view))

    def recv(self, _: int) -> bytes:
        result = self.receives.pop(0)
        if isinstance(result, OSError):
            raise result
        return result


def played(*sends: int | OSError, receives: tuple = ()) -> tuple[TcpStream, PlayedSocket]:
    sock = PlayedSocket(sends, receives)
    stream = TcpStream(sock, "mail.example", ("192.0.2.1", 25))
    stream.deadline = Deadline("DATA")
    return stream, sock


def unheard(data: bytes) -> None:
    raise AssertionError(f"nothing was to be heard, and there came {data!r}")


def until_it_fails(stream: TcpStream, receive: Callable[[bytes], None]) -> None:
    while True:
        stream.write(b"y" * 100_000, receive)


def test_both_sides_may_write_before_they_read(reach: Reach) -> None:
    def talk(sock: socket.socket) -> None:
        sock.sendall(b"x" * MUCH)
        take(sock, MUCH)

    received: list[bytes] = []
    stream = reach(talk)
    stream.write(b"y" * MUCH, received.append)
    while sum(map(len, received)) < MUCH:
        received.append(stream.read())
    assert b"".join(received) == b"x" * MUCH


def test_the_usual_write_is_one_call() -> None:
    stream, sock = played(3000)
    stream.write(b"y" * 3000, unheard)
    assert (sock.taken, sock.sends) == ([b"y" * 3000], [])


def test_a_write_in_pieces_loses_nothing() -> None:
    stream, sock = played(1, 2, 100)
    stream.write(b"abcdef", unheard)
    assert sock.taken == [b"a", b"bc", b"def"]


def test_the_last_words_of_a_server_that_hangs_up_are_heard(reach: Reach) -> None:
    def talk(sock: socket.socket) -> None:
        sock.sendall(b"421 too much\r\n")
        take(sock, 1000)

    stream = reach(talk)
    received: list[bytes] = []
    with pytest.raises(ConnectionLost) as caught:
        until_it_fails(stream, received.append)
    assert b"".join(received) == b"421 too much\r\n"
    error = caught.value
    assert (error.stage, error.host, error.address) == ("test", "127.0.0.1", "127.0.0.1")
    assert error.port == stream.peer.port


@pytest.mark.parametrize(
    ("number", "code", "kind"),
    [
        (errno.EPIPE, 10054, ConnectionLost),
        (errno.ECONNRESET, 10054, ConnectionLost),
        (errno.ECONNABORTED, 10053, ConnectionLost),
        (errno.ETIMEDOUT, 10060, TransportError),
    ],
)
def test_what_the_system_reports_has_its_number(number: int, code: int, kind: type[TransportError]) -> None:
    heard: list[bytes] = []
    stream, _ = played(OSError(number, ""), receives=(b"421 ", b"busy\r\n", OSError(errno.ECONNRESET, "")))
    with pytest.raises(kind) as caught:
        stream.write(b"y", heard.append)
    assert (type(caught.value), caught.value.code, caught.value.stage) == (kind, code, "DATA")
    assert b"".join(heard) == b"421 busy\r\n"
    stream, _ = played(receives=(OSError(number, ""),))
    with pytest.raises(kind) as caught:
        stream.read()
    assert (type(caught.value), caught.value.code, caught.value.port) == (kind, code, 25)


def test_a_server_that_closes_its_side_while_it_is_written_to(reach: Reach) -> None:
    left = threading.Event()

    def talk(sock: socket.socket) -> None:
        sock.shutdown(socket.SHUT_WR)
        left.wait(PATIENCE)

    stream = reach(talk)
    with pytest.raises(ConnectionLost, match="while it was written to") as caught:
        until_it_fails(stream, unheard)
    left.set()
    assert (caught.value.stage, caught.value.port) == ("test", stream.peer.port)


def test_the_end_of_the_stream_is_no_bytes(reach: Reach) -> None:
    stream = reach(lambda sock: sock.sendall(b"bye"))
    assert stream.read() == b"bye"
    assert stream.read() == b""
    assert stream.read() == b""


def test_a_reset_is_a_lost_connection(reach: Reach) -> None:
    def talk(sock: socket.socket) -> None:
        take(sock, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    stream = reach(talk)
    stream.write(b"x", unheard)
    with pytest.raises(ConnectionLost) as caught:
        stream.read()
    assert caught.value.code == 10054


def test_bytes_that_drip_outlive_idle_and_not_total(reach: Reach, hands) -> None:
    def talk(sock: socket.socket) -> None:
        while sock.recv(1):
            sock.sendall(b".")

    stream = reach(talk)
    stream.deadline = Deadline("drip", idle=5, total=15)
    for _ in range(4):
        stream.write(b"?", unheard)
        assert stream.read() == b"."
        hands.now += 4
    with pytest.raises(TimedOut, match=r"drip: it took longer than 15 s \(timeout\.total\)") as caught:
        stream.read()
    assert (caught.value.host, caught.value.port) == ("127.0.0.1", stream.peer.port)


def test_a_flood_that_never_blocks_does_not_outlive_total(hands) -> None:
    stream, _ = played(receives=(b"250-", b"250-"))
    stream.deadline = Deadline("flood", total=15)
    assert stream.read() == b"250-"
    hands.now += 15
    with pytest.raises(TimedOut, match="flood"):
        stream.read()


def test_silence_ends_at_idle(reach: Reach) -> None:
    left = threading.Event()
    stream = reach(lambda sock: left.wait(PATIENCE))
    stream.deadline = Deadline("silence", idle=0.05)
    with pytest.raises(TimedOut, match="nothing moved") as caught:
        stream.read()
    assert (caught.value.stage, caught.value.address) == ("silence", "127.0.0.1")
    stream.deadline = Deadline("deafness", idle=0.05)
    with pytest.raises(TimedOut, match="deafness"):
        stream.write(b"y" * 2 * MUCH, unheard)
    left.set()


def test_a_signal_does_not_end_a_read(reach: Reach) -> None:
    rung = threading.Event()
    before = signal.signal(signal.SIGALRM, lambda *_: rung.set())

    def talk(sock: socket.socket) -> None:
        rung.wait(PATIENCE)
        sock.sendall(b"x")

    try:
        stream = reach(talk)
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        assert stream.read() == b"x"
        assert rung.is_set()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("abort", [False, True])
def test_an_abort_is_a_reset_and_a_close_is_not(reach: Reach, abort: bool) -> None:
    ends: list[str] = []
    closed = threading.Event()

    def talk(sock: socket.socket) -> None:
        closed.wait(PATIENCE)
        try:
            ends.append("closed" if sock.recv(1) == b"" else "content")
        except ConnectionResetError:
            ends.append("reset")
        done.set()

    done = threading.Event()
    stream = reach(talk)
    stream.close(abort)
    closed.set()
    assert done.wait(PATIENCE)
    assert ends == ["reset" if abort else "closed"]


def test_a_closed_stream_may_be_closed_again_and_is_of_no_use(reach: Reach) -> None:
    def talk(sock: socket.socket) -> None:
        with suppress(ConnectionError):
            sock.recv(1)

    stream = reach(talk)
    stream.close()
    stream.close(abort=True)
    with pytest.raises(TransportError):
        stream.write(b"x", unheard)
    with pytest.raises(TransportError):
        stream.read()


def test_poll_hears_what_is_there_and_does_not_wait(reach: Reach) -> None:
    said = threading.Event()
    go = threading.Event()

    def talk(sock: socket.socket) -> None:
        assert go.wait(PATIENCE)
        sock.sendall(b"552 too big\r\n")
        sock.shutdown(socket.SHUT_WR)
        said.set()
        take(sock, 1)

    heard: list[bytes] = []
    stream = reach(talk)
    stream.poll(unheard)
    go.set()
    assert said.wait(PATIENCE)
    stream.poll(heard.append)
    assert heard == [b"552 too big\r\n"]
    with pytest.raises(ConnectionLost, match="while it was written to") as caught:
        stream.poll(unheard)
    assert (caught.value.stage, caught.value.port) == ("test", stream.peer.port)
    stream.write(b"y", unheard)


def test_poll_tells_what_the_system_reports() -> None:
    stream, _ = played(receives=(OSError(errno.ECONNRESET, ""),))
    with pytest.raises(ConnectionLost) as caught:
        stream.poll(unheard)
    assert (caught.value.code, caught.value.stage) == (10054, "DATA")
