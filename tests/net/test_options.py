"""Options of a socket, read back from the kernel and seen from the other side."""

from __future__ import annotations

import errno
import shutil
import socket
import struct
import subprocess
from collections.abc import Iterator

import pytest

from mailjobs.errors import MailjobsError, SetupError, TransportError
from mailjobs.model import Bind, KeepAlive, Socket
from mailjobs.net import TcpStream, connect
from tests.fixtures.sink import free_port
from tests.net.peers import PATIENCE, Peers


class Listener:
    """A port of loopback; the other end of what came in."""

    def __init__(self, address: str = "127.0.0.1") -> None:
        self.address = address
        self._socket = socket.create_server((address, 0), family=socket.AF_INET6 if ":" in address else socket.AF_INET)
        self._socket.settimeout(PATIENCE)
        self.port = int(self._socket.getsockname()[1])
        self._open: list[TcpStream | socket.socket] = [self._socket]

    def connect(self, **more: object) -> tuple[TcpStream, socket.socket]:
        stream = connect(self.address, self.port, timeout=PATIENCE, **more)  # type: ignore[arg-type]
        end, _ = self._socket.accept()
        end.settimeout(PATIENCE)
        self._open += [stream, end]
        return stream, end

    def close(self) -> None:
        for one in self._open:
            one.close()


@pytest.fixture
def listener() -> Iterator[Listener]:
    listener = Listener()
    yield listener
    listener.close()


def option(stream: TcpStream, level: int, name: int) -> int:
    return stream._socket.getsockopt(level, name)


def test_by_default_small_writes_go_out_and_nothing_else_is_changed(listener: Listener) -> None:
    stream, _ = listener.connect()
    assert option(stream, socket.IPPROTO_TCP, socket.TCP_NODELAY)
    assert not option(stream, socket.SOL_SOCKET, socket.SO_KEEPALIVE)
    assert stream._socket.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, 8) == struct.pack("ii", 0, 0)
    assert (stream.peer.send_buffer, stream.peer.receive_buffer, stream.peer.proxy) == (None, None, None)


@pytest.mark.parametrize("value", [True, False])
def test_nodelay(listener: Listener, value: bool) -> None:
    stream, _ = listener.connect(options=Socket(nodelay=value))
    assert bool(option(stream, socket.IPPROTO_TCP, socket.TCP_NODELAY)) is value


def test_keepalive_with_its_times_is_what_the_kernel_has(listener: Listener) -> None:
    stream, _ = listener.connect(options=Socket(keepalive=KeepAlive(77, 9)))
    assert option(stream, socket.SOL_SOCKET, socket.SO_KEEPALIVE)
    assert option(stream, socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 77
    assert option(stream, socket.IPPROTO_TCP, socket.TCP_KEEPINTVL) == 9
    if shutil.which("ss"):
        shown = subprocess.run(
            ["ss", "-Htno", f"sport = :{stream.peer.local_port}"], capture_output=True, text=True, check=True
        ).stdout
        assert "timer:(keepalive,1min" in shown


def test_keepalive_alone_leaves_the_times_to_the_system(listener: Listener) -> None:
    plain, _ = listener.connect()
    stream, _ = listener.connect(options=Socket(keepalive=KeepAlive()))
    assert option(stream, socket.SOL_SOCKET, socket.SO_KEEPALIVE)
    for name in (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL):
        assert option(stream, socket.IPPROTO_TCP, name) == option(plain, socket.IPPROTO_TCP, name)


def test_a_system_without_the_times_is_told(monkeypatch: pytest.MonkeyPatch, listener: Listener) -> None:
    for name in ("TCP_KEEPIDLE", "TCP_KEEPALIVE"):
        monkeypatch.delattr(socket, name, raising=False)
    with pytest.raises(SetupError, match=r"cannot set socket\.keepalive\.time") as caught:
        listener.connect(options=Socket(keepalive=KeepAlive(60)))
    assert (caught.value.exit_status, caught.value.stage) == (78, "connect")


@pytest.mark.parametrize(("linger", "expected"), [(True, (0, 0)), (5, (1, 5)), (False, (1, 0))])
def test_linger(listener: Listener, linger: bool | int, expected: tuple[int, int]) -> None:
    stream, end = listener.connect(options=Socket(linger=linger))
    assert struct.unpack("ii", stream._socket.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, 8)) == expected
    stream.close()
    if linger is False:
        with pytest.raises(ConnectionResetError):
            end.recv(1)
    else:
        assert end.recv(1) == b""


def test_buffers_have_the_size_that_the_kernel_grants(listener: Listener) -> None:
    stream, _ = listener.connect(options=Socket(send_buffer=20_000, receive_buffer=30_000))
    assert (stream.peer.send_buffer, stream.peer.receive_buffer) == (20_000, 30_000)
    assert option(stream, socket.SOL_SOCKET, socket.SO_SNDBUF) in (20_000, 40_000)
    assert option(stream, socket.SOL_SOCKET, socket.SO_RCVBUF) in (30_000, 60_000)


def test_buffers_beyond_the_kernel_s_bounds_are_smaller(listener: Listener) -> None:
    stream, _ = listener.connect(options=Socket(send_buffer=2**30, receive_buffer=1))
    assert stream.peer.send_buffer is not None
    assert stream.peer.receive_buffer is not None
    assert stream.peer.send_buffer < 2**30
    assert stream.peer.receive_buffer > 1


def test_our_own_end_is_the_one_that_the_server_sees(listener: Listener) -> None:
    port = free_port()
    stream, end = listener.connect(bind=Bind("127.0.0.2", port))
    assert end.getpeername() == ("127.0.0.2", port)
    assert (stream.peer.local_host, stream.peer.local_port) == ("127.0.0.2", port)
    stream, end = listener.connect(bind=Bind("127.0.0.3"))
    assert end.getpeername()[0] == "127.0.0.3"
    stream, end = listener.connect(bind=Bind(port=free_port()))
    assert end.getpeername() == ("127.0.0.1", stream.peer.local_port)


def test_the_same_port_serves_one_connection_after_another(listener: Listener) -> None:
    port = free_port()
    for _ in range(2):
        stream, end = listener.connect(bind=Bind(port=port))
        assert end.getpeername() == ("127.0.0.1", port)
        stream.close()  # first, so that it is our side that waits in TIME_WAIT
        assert end.recv(1) == b""
        end.close()


def test_our_end_may_be_a_name_and_has_the_family_of_the_server(listener: Listener) -> None:
    stream, _ = listener.connect(bind=Bind("localhost"))
    assert stream.peer.local_host == "127.0.0.1"
    other = Listener("::1")
    stream, end = other.connect(bind=Bind("::1", free_port()))
    assert end.getpeername()[:2] == ("::1", stream.peer.local_port)
    stream, _ = other.connect(bind=Bind(port=free_port()))
    assert stream.peer.local_host == "::1"
    other.close()


@pytest.mark.parametrize(
    ("host", "code", "hint"),
    [("192.0.2.77", 10049, "server.bind.host"), ("::1", 10047, None)],
)
def test_an_end_that_is_not_ours(peers: Peers, host: str, code: int, hint: str | None) -> None:
    with pytest.raises(TransportError) as caught:
        connect("127.0.0.1", 1, timeout=PATIENCE, bind=Bind(host))
    error = caught.value
    assert (error.code, error.stage, error.temporary, error.exit_status) == (code, "connect", False, 75)
    assert (hint in str(error.hint)) if hint else True


def test_a_port_of_ours_that_is_taken() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(TransportError, match="EADDRINUSE") as caught:
            connect("127.0.0.1", 1, timeout=PATIENCE, bind=Bind("127.0.0.1", taken.getsockname()[1]))
    assert (caught.value.code, caught.value.stage) == (10048, "connect")
    assert "server.bind.port" in str(caught.value.hint)


def test_a_port_that_needs_a_right(monkeypatch: pytest.MonkeyPatch) -> None:
    def bind(*_: object) -> None:
        raise OSError(errno.EACCES, "")

    monkeypatch.setattr(socket.socket, "bind", bind)
    with pytest.raises(MailjobsError, match="EACCES") as caught:
        connect("127.0.0.1", 1, timeout=PATIENCE, bind=Bind(port=25))
    assert (caught.value.code, caught.value.who) == (10013, "machine")
    assert "below 1024" in str(caught.value.hint)
