"""Several addresses: attempts that overlap (RFC 8305), families, and one at a time where our port is fixed."""

from __future__ import annotations

import errno
import socket
from typing import Any

import pytest

from mailjobs.errors import MailjobsError, ResolveError, TimedOut
from mailjobs.model import Bind
from mailjobs.net import connect, race, tcp
from mailjobs.net.race import interleaved
from mailjobs.net.resolve import Address
from tests.fixtures.sink import free_port
from tests.net.peers import PATIENCE, Peers

V4, V6 = socket.AF_INET, socket.AF_INET6


def v4(number: int, port: int = 25) -> Address:
    return V4, (f"192.0.2.{number}", port)


def v6(number: int, port: int = 25) -> Address:
    return V6, (f"2001:db8::{number}", port, 0, 0)


def play(monkeypatch: pytest.MonkeyPatch, *addresses: Address) -> None:
    monkeypatch.setattr(tcp, "resolve", lambda *_: list(addresses))


@pytest.mark.parametrize(
    ("addresses", "expected"),
    [
        ([v6(1), v6(2), v4(1), v4(2)], [v6(1), v4(1), v6(2), v4(2)]),
        ([v4(1), v4(2), v4(3), v6(1)], [v4(1), v6(1), v4(2), v4(3)]),
        ([v4(1), v4(2)], [v4(1), v4(2)]),
        ([], []),
    ],
)
def test_families_take_turns(addresses: list[Address], expected: list[Address]) -> None:
    assert interleaved(addresses) == expected


def test_an_address_that_does_not_answer_is_overtaken_by_the_next(
    monkeypatch: pytest.MonkeyPatch, peers: Peers, black_hole: int
) -> None:
    """The first has the whole of the time, and the second is not kept waiting for it."""
    port = peers.serve(lambda sock: sock.recv(1))
    play(monkeypatch, (V4, ("127.0.0.1", black_hole)), (V4, ("127.0.0.1", port)))
    monkeypatch.setattr(race, "PAUSE", 0.05)
    stream = connect("mail.example", 25, timeout=PATIENCE)
    assert stream.peer.port == port
    stream.close()


def test_the_first_may_still_win_while_the_second_is_tried(
    monkeypatch: pytest.MonkeyPatch, peers: Peers, black_hole: int
) -> None:
    port = peers.serve(lambda sock: sock.recv(1))
    play(monkeypatch, (V4, ("127.0.0.1", black_hole)), (V4, ("127.0.0.1", black_hole)), (V4, ("127.0.0.1", port)))
    monkeypatch.setattr(race, "PAUSE", 0.05)
    made: list[socket.socket] = []
    begin = tcp._unconnected
    monkeypatch.setattr(tcp, "_unconnected", lambda *given: made.append(begin(*given)) or made[-1])
    stream = connect("mail.example", 25, timeout=PATIENCE)
    assert stream.peer.port == port
    assert [sock.fileno() >= 0 for sock in made] == [False, False, True], "the others are closed"
    stream.close()


def test_a_refusal_lets_the_next_begin_at_once(monkeypatch: pytest.MonkeyPatch, peers: Peers) -> None:
    port = peers.serve(lambda sock: sock.recv(1))
    play(monkeypatch, (V4, ("127.0.0.1", free_port())), (V4, ("127.0.0.1", port)))
    monkeypatch.setattr(race, "PAUSE", 3600.0)
    stream = connect("mail.example", 25, timeout=PATIENCE)
    assert stream.peer.port == port
    stream.close()


def test_a_refusal_lets_the_next_begin_at_once_beside_one_that_is_waited_for(
    monkeypatch: pytest.MonkeyPatch, peers: Peers, black_hole: int
) -> None:
    port = peers.serve(lambda sock: sock.recv(1))
    play(monkeypatch, (V4, ("127.0.0.1", black_hole)), (V4, ("127.0.0.1", free_port())), (V4, ("127.0.0.1", port)))
    pauses = iter([0.01, 3600.0, 3600.0])
    monkeypatch.setattr(race.Race, "_pause", lambda _: next(pauses))
    stream = connect("mail.example", 25, timeout=5)
    assert stream.peer.port == port
    stream.close()


def test_where_none_answers_all_are_told_at_the_deadline(monkeypatch: pytest.MonkeyPatch, black_hole: int) -> None:
    play(monkeypatch, (V4, ("127.0.0.1", free_port())), (V4, ("127.0.0.1", black_hole)))
    monkeypatch.setattr(race, "PAUSE", 0.01)
    with pytest.raises(TimedOut) as caught:
        connect("mail.example", 587, timeout=0.2)
    error = caught.value
    assert "ECONNREFUSED" in error.message
    assert f"no connection to 127.0.0.1 port {black_hole} within 0.2 s (timeout.connect)" in error.message
    assert (error.stage, error.host, error.exit_status) == ("connect", "mail.example", 75)
    assert "firewall" in str(error.hint)
    with pytest.raises(TimedOut) as other:
        connect("mail.example", 25, timeout=0.05)
    assert "587" in str(other.value.hint)


def test_one_port_of_ours_bears_one_attempt_at_a_time(
    monkeypatch: pytest.MonkeyPatch, peers: Peers, black_hole: int
) -> None:
    ours, port = free_port(), peers.serve(lambda sock: sock.recv(1))
    play(monkeypatch, (V4, ("127.0.0.1", black_hole)), (V4, ("127.0.0.1", port)))
    made: list[socket.socket] = []
    begin = tcp._unconnected

    def alone(*given: Any) -> socket.socket:
        assert [sock.fileno() for sock in made] in ([], [-1]), "the one before is closed"
        made.append(begin(*given))
        return made[-1]

    monkeypatch.setattr(tcp, "_unconnected", alone)
    stream = connect("mail.example", 25, timeout=0.6, bind=Bind(port=ours))
    assert (stream.peer.port, stream.peer.local_port) == (port, ours)
    stream.close()


@pytest.fixture
def two_families(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name service for which every name stands for loopback, in both families."""

    def getaddrinfo(name: str, port: int, *, family: int, **_: object) -> list[object]:
        found = [(V6, ("::1", port, 0, 0)), (V4, ("127.0.0.1", port))]
        return [(kind, socket.SOCK_STREAM, 6, "", where) for kind, where in found if family in (0, kind)]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)


@pytest.mark.usefixtures("two_families")
@pytest.mark.parametrize(("family", "address"), [("ipv4", "127.0.0.1"), ("ipv6", "::1")])
def test_one_family_alone(family: str, address: str) -> None:
    with socket.create_server((address, 0), family=V6 if ":" in address else V4) as listener:
        stream = connect("both.example", listener.getsockname()[1], timeout=PATIENCE, family=family)  # type: ignore[arg-type]
        assert stream.peer.address == address
        stream.close()


@pytest.mark.parametrize(("host", "family"), [("127.0.0.1", "ipv6"), ("::1", "ipv4")])
def test_an_address_of_the_other_family_is_none(host: str, family: str) -> None:
    with pytest.raises(ResolveError) as caught:
        connect(host, 25, timeout=PATIENCE, family=family)  # type: ignore[arg-type]
    assert (caught.value.code, caught.value.stage) == (11004, "resolve")


@pytest.mark.usefixtures("two_families")
def test_both_families_of_a_name_are_tried() -> None:
    """A server that listens on one of them alone is reached, whichever comes first."""
    for address in ("127.0.0.1", "::1"):
        with socket.create_server((address, 0), family=V6 if ":" in address else V4) as listener:
            stream = connect("both.example", listener.getsockname()[1], timeout=PATIENCE)
            assert stream.peer.address == address
            stream.close()


@pytest.mark.parametrize(("number", "words"), [(errno.ENETUNREACH, "IPv4"), (errno.EHOSTUNREACH, "on the network")])
def test_no_way_there_has_a_hint(monkeypatch: pytest.MonkeyPatch, number: int, words: str) -> None:
    monkeypatch.setattr(socket.socket, "connect_ex", lambda *_: number)
    with pytest.raises(MailjobsError) as caught:
        connect("192.0.2.1", 25, timeout=PATIENCE)
    assert words in str(caught.value.hint)
