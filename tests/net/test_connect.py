"""Connecting on loopback."""

from __future__ import annotations

import errno
import socket

import pytest

from mailjobs.errors import TimedOut, TransportError
from mailjobs.net import connect, tcp
from mailjobs.net.resolve import Address
from tests.fixtures.sink import free_port
from tests.net.peers import PATIENCE, Peers


def at(address: str, port: int) -> Address:
    return socket.AF_INET, (address, port)


def play(monkeypatch: pytest.MonkeyPatch, *addresses: Address) -> None:
    monkeypatch.setattr(tcp, "resolve", lambda *_: list(addresses))


def test_both_ends_are_told_and_small_writes_go_out_at_once(peers: Peers) -> None:
    port = peers.serve(lambda sock: sock.recv(1))
    stream = connect("127.0.0.1", port, timeout=PATIENCE)
    assert (stream.peer.host, stream.peer.address, stream.peer.port) == ("127.0.0.1", "127.0.0.1", port)
    assert stream.peer.local_host == "127.0.0.1"
    assert stream.peer.local_port not in (0, port)
    assert stream._socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
    stream.close()


@pytest.mark.parametrize(("usual", "others"), [(25, ("465", "587")), (465, ("25 ", "587")), (2525, ("25 ", "465"))])
def test_a_closed_port_has_its_number_and_a_hint(
    monkeypatch: pytest.MonkeyPatch, usual: int, others: tuple[str, ...]
) -> None:
    monkeypatch.setattr(socket.socket, "connect_ex", lambda *_: errno.ECONNREFUSED)
    with pytest.raises(TransportError, match=f"cannot connect to 127.0.0.1 port {usual}: .*ECONNREFUSED") as caught:
        connect("127.0.0.1", usual, timeout=PATIENCE)
    error = caught.value
    assert (error.code, error.stage, error.host) == (10061, "connect", "127.0.0.1")
    assert (error.address, error.port, error.temporary) == ("127.0.0.1", usual, True)
    assert f"on port {usual} there" in str(error.hint)
    assert all(other in str(error.hint).partition("there;")[2] for other in others)


def test_a_port_that_is_closed_in_truth() -> None:
    with pytest.raises(TransportError) as caught:
        connect("127.0.0.1", free_port(), timeout=PATIENCE)
    assert caught.value.code == 10061


def test_the_next_address_is_tried(monkeypatch: pytest.MonkeyPatch, peers: Peers) -> None:
    port = peers.serve(lambda sock: sock.recv(1))
    play(monkeypatch, at("127.0.0.2", port), at("127.0.0.1", port))
    stream = connect("mail.example", port, timeout=PATIENCE)
    assert (stream.peer.host, stream.peer.address) == ("mail.example", "127.0.0.1")
    stream.close()


def test_all_addresses_are_told_and_the_number_is_the_last(monkeypatch: pytest.MonkeyPatch) -> None:
    statuses = iter([errno.ENETUNREACH, errno.ECONNREFUSED])
    monkeypatch.setattr(socket.socket, "connect_ex", lambda *_: next(statuses))
    play(monkeypatch, at("192.0.2.1", 25), at("192.0.2.2", 25))
    with pytest.raises(TransportError, match=r"192\.0\.2\.1 .*ENETUNREACH.*; .*192\.0\.2\.2 .*ECONNREFUSED") as caught:
        connect("mail.example", 25, timeout=PATIENCE)
    assert (caught.value.code, caught.value.address) == (10061, "192.0.2.2")


def test_an_address_that_never_answers_leaves_time_for_the_next(
    monkeypatch: pytest.MonkeyPatch, peers: Peers, black_hole: int
) -> None:
    port = peers.serve(lambda sock: sock.recv(1))
    play(monkeypatch, at("127.0.0.1", black_hole), at("127.0.0.1", port))
    stream = connect("mail.example", 25, timeout=0.8)
    assert stream.peer.port == port
    stream.close()


@pytest.mark.parametrize(("timeout", "setting"), [(0.1, "connect"), (0, "idle")])
def test_the_deadline_is_named_by_its_setting(black_hole: int, timeout: float, setting: str) -> None:
    words = rf"no connection to 127\.0\.0\.1 port {black_hole} within 0\.1 s \(timeout\.{setting}\)"
    with pytest.raises(TimedOut, match=words) as caught:
        connect("127.0.0.1", black_hole, timeout=timeout, idle=0.1)
    assert (caught.value.stage, caught.value.port, caught.value.host) == ("connect", black_hole, "127.0.0.1")


def test_an_address_of_one_link_needs_its_interface(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket.socket, "connect_ex", lambda *_: errno.EINVAL)
    for address, told in (("fe80::1", True), ("::1", False)):
        with pytest.raises(TransportError, match="EINVAL") as caught:
            connect(address, 25, timeout=PATIENCE)
        assert ("needs the interface" in str(caught.value.hint)) == told


def test_a_machine_without_sockets_left_is_a_transport_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def none_left(*_: object) -> socket.socket:
        raise OSError(errno.EMFILE, "")

    monkeypatch.setattr(tcp.socket, "socket", none_left)
    with pytest.raises(TransportError, match="EMFILE") as caught:
        connect("127.0.0.1", 25, timeout=PATIENCE)
    assert caught.value.code == 10024


def test_a_name_without_addresses_is_a_transport_error(monkeypatch: pytest.MonkeyPatch) -> None:
    play(monkeypatch)
    with pytest.raises(TransportError, match=r"mail\.example has no address"):
        connect("mail.example", 25, timeout=PATIENCE)
