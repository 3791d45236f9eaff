"""TCP against real sockets on loopback."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator

import pytest

from mailjobs.errors import ConnectionLost, ResolveError, TimedOut, TransportError
from mailjobs.net import Deadline, TcpStream, connect
from mailjobs.net.resolve import ascii_host
from tests.fixtures.sink import free_port

MUCH = 5_000_000


@pytest.fixture
def pair() -> Iterator[Callable[[Callable[[socket.socket], None]], TcpStream]]:
    """Connect a stream to a thread that is given the other end."""
    threads: list[threading.Thread] = []
    streams: list[TcpStream] = []

    def start(other: Callable[[socket.socket], None]) -> TcpStream:
        listener = socket.create_server(("127.0.0.1", 0))

        def serve() -> None:
            sock, _ = listener.accept()
            with sock, listener:
                other(sock)

        threads.append(threading.Thread(target=serve, daemon=True))
        threads[-1].start()
        streams.append(connect("127.0.0.1", listener.getsockname()[1], timeout=5))
        streams[-1].deadline = Deadline("test", idle=10)
        return streams[-1]

    yield start
    for stream in streams:
        stream.close()
    for thread in threads:
        thread.join(10)
        assert not thread.is_alive()


def take(sock: socket.socket, number: int) -> None:
    while number:
        number -= len(sock.recv(min(number, 65536)))


Pair = Callable[[Callable[[socket.socket], None]], TcpStream]


def test_both_sides_may_write_before_they_read(pair: Pair) -> None:
    def other(sock: socket.socket) -> None:
        sock.sendall(b"x" * MUCH)
        take(sock, MUCH)

    received: list[bytes] = []
    stream = pair(other)
    stream.write(b"y" * MUCH, received.append)
    while sum(map(len, received)) < MUCH:
        received.append(stream.read())
    assert b"".join(received) == b"x" * MUCH


def test_the_last_words_of_a_server_that_hangs_up_are_heard(pair: Pair) -> None:
    def other(sock: socket.socket) -> None:
        sock.sendall(b"421 too much\r\n")
        take(sock, 1000)

    stream = pair(other)
    received: list[bytes] = []
    with pytest.raises(TransportError) as caught:
        for _ in range(1000):
            stream.write(b"y" * 100_000, received.append)
    assert caught.value.stage == "test"
    assert caught.value.port == stream.peer.port


def test_the_end_of_the_stream_is_no_bytes(pair: Pair) -> None:
    stream = pair(lambda sock: sock.sendall(b"bye"))
    assert stream.read() == b"bye"
    assert stream.read() == b""


def test_a_reset_is_a_lost_connection(pair: Pair) -> None:
    def other(sock: socket.socket) -> None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")

    with pytest.raises(ConnectionLost) as caught:
        pair(other).read()
    assert caught.value.code == 10054


def test_bytes_that_drip_outlive_idle_and_not_total(pair: Pair) -> None:
    done = threading.Event()

    def other(sock: socket.socket) -> None:
        while not done.wait(0.02):
            sock.sendall(b".")

    stream = pair(other)
    stream.deadline = Deadline("drip", idle=5, total=0.3)
    with pytest.raises(TimedOut, match=r"drip took longer than 0\.3 s in all"):
        while True:
            stream.read()
    done.set()


def test_silence_ends_at_idle(pair: Pair) -> None:
    done = threading.Event()
    stream = pair(lambda sock: done.wait(10) and None)
    stream.deadline = Deadline("silence", idle=0.1)
    with pytest.raises(TimedOut, match="nothing moved"):
        stream.read()
    done.set()


def test_a_closed_port_is_named_with_its_number() -> None:
    port = free_port()
    with pytest.raises(TransportError) as caught:
        connect("127.0.0.1", port, timeout=5)
    error = caught.value
    assert (error.code, error.stage, error.host, error.address, error.port) == (
        10061, "connect", "127.0.0.1", "127.0.0.1", port,
    )  # fmt: skip
    assert error.hint


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "[::]"])
def test_the_unspecified_address_is_no_server(host: str) -> None:
    with pytest.raises(ResolveError) as caught:
        connect(host, 25, timeout=5)
    assert caught.value.code == 102


@pytest.mark.parametrize("host", ["", "a b", "a\r\nb", "x" * 256, "a\0b"])
def test_what_is_no_host_name_is_refused(host: str) -> None:
    with pytest.raises(ResolveError):
        connect(host, 25, timeout=5)


def test_a_name_that_does_not_exist() -> None:
    with pytest.raises(ResolveError, match=r"no-such-host\.invalid") as caught:
        connect("no-such-host.invalid", 25, timeout=10)
    assert caught.value.code in (11001, 11002, 11003, 11004)


def test_names_in_any_script_are_looked_up_as_a_labels() -> None:
    assert ascii_host("bücher.example") == "xn--bcher-kva.example"
    assert ascii_host("[::1]") == "::1"


def test_importing_the_room_imports_no_openssl() -> None:
    code = (
        "import sys, mailjobs.net; print([m for m in ('OpenSSL', 'ssl', 'cryptography', 'idna') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
