"""Names to addresses, with the system's resolver played."""

from __future__ import annotations

import socket
import threading
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailjobs.errors import ExitStatus, ResolveError, TimedOut
from mailjobs.model import AddressFamily
from mailjobs.net import Deadline
from mailjobs.net.resolve import ascii_host, is_address, resolve, resolve_ours

V4, V6 = socket.AF_INET, socket.AF_INET6


def play(monkeypatch: pytest.MonkeyPatch, *answers: tuple[Any, ...] | Exception) -> list[str]:
    """Answer every look-up with `answers`; the names that were looked up."""
    asked: list[str] = []

    def getaddrinfo(name: str, port: int, **_: Any) -> list[Any]:
        asked.append(name)
        if isinstance(answers[0], Exception):
            raise answers[0]
        return [(family, socket.SOCK_STREAM, 6, "", where) for family, where in answers]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return asked


def test_addresses_keep_their_order_and_come_once(monkeypatch: pytest.MonkeyPatch) -> None:
    v6, v4 = (V6, ("2001:db8::1", 25, 0, 0)), (V4, ("192.0.2.1", 25))
    play(monkeypatch, v6, v4, v6)
    assert resolve("mail.example", 25, Deadline("connect")) == [v6, v4]


@pytest.mark.parametrize(
    ("host", "address"), [("127.0.0.1", "127.0.0.1"), ("::1", "::1"), ("[::1]", "::1"), ("1２7.0.0.1", "127.0.0.1")]
)
def test_addresses_need_no_thread_and_no_name_service(monkeypatch: pytest.MonkeyPatch, host: str, address: str) -> None:
    monkeypatch.setattr(threading, "Thread", None)
    assert [where[:2] for _, where in resolve(host, 25, Deadline("connect"))] == [(address, 25)]


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "[::]", "::ffff:0.0.0.0", "0", "0x0"])
def test_the_unspecified_address_is_no_server(host: str) -> None:
    with pytest.raises(ResolveError) as caught:
        resolve(host, 25, Deadline("connect"))
    assert (caught.value.code, caught.value.host, caught.value.port) == (102, host, 25)


def test_a_name_whose_address_is_unspecified_is_no_server(monkeypatch: pytest.MonkeyPatch) -> None:
    play(monkeypatch, (V4, ("0.0.0.0", 25)))
    with pytest.raises(ResolveError, match=r"ads\.example has the address 0\.0\.0\.0") as caught:
        resolve("ads.example", 25, Deadline("connect"))
    assert caught.value.code == 102


@pytest.mark.parametrize(
    "host",
    ["", "a b", "a\r\nb", "a\nb", "a\0b", "a\tb", "x" * 256, "ü" * 128, "[]", "[mail.example]", "a\u3000b", "\ud800",
     "-ü", "ü..example", "a..example", ".example", "example..", "x" * 64 + ".example"],
)  # fmt: skip
def test_what_is_no_host_name_is_refused_before_it_is_looked_up(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    asked = play(monkeypatch, (V4, ("192.0.2.1", 25)))
    with pytest.raises(ResolveError, match="is no host name") as caught:
        resolve(host, 25, Deadline("connect"))
    assert not asked
    assert caught.value.exit_status == ExitStatus.NOHOST


def test_names_in_any_script_are_looked_up_as_a_labels(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = play(monkeypatch, (V4, ("192.0.2.1", 25)))
    resolve("BÜCHER。example", 25, Deadline("connect"))
    assert asked == ["xn--bcher-kva.example"]


@given(st.text() | st.text(alphabet="a.ü[]:%1\r\n\0 ０。"))
def test_a_name_is_refused_or_fit_to_be_sent_anywhere(host: str) -> None:
    try:
        name = ascii_host(host)
    except ResolveError:
        return
    assert name.isascii()
    assert 0 < len(name) <= 255
    assert not any(letter <= " " or letter == "\x7f" for letter in name)


@pytest.mark.parametrize(
    ("number", "code", "status"),
    [
        (socket.EAI_NONAME, 11001, ExitStatus.NOHOST),
        (socket.EAI_AGAIN, 11002, ExitStatus.TEMPFAIL),
        (socket.EAI_FAIL, 11003, ExitStatus.NOHOST),
    ],
)
def test_a_failure_has_its_number(monkeypatch: pytest.MonkeyPatch, number: int, code: int, status: ExitStatus) -> None:
    play(monkeypatch, socket.gaierror(number, "no"))
    with pytest.raises(ResolveError, match=r"cannot resolve mail\.example") as caught:
        resolve("mail.example", 25, Deadline("connect"))
    error = caught.value
    assert (error.code, error.exit_status, error.stage, error.port) == (code, status, "resolve", 25)


@pytest.mark.parametrize("host", ["a" * 63 + ".example", "mail.example.", "localhost", "a_b.example"])
def test_what_may_be_a_host_name_is_looked_up(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    asked = play(monkeypatch, (V4, ("192.0.2.1", 25)))
    resolve(host, 25, Deadline("connect"))
    assert asked == [host]


def test_a_name_service_that_never_answers_ends_at_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    released = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: released.wait() and [])
    deadline = Deadline("connect", total=0.05, total_setting="timeout.connect")
    with pytest.raises(TimedOut, match=r"for mail\.example within 0\.05 s \(timeout\.connect\)") as caught:
        resolve("mail.example", 25, deadline)
    released.set()
    assert (caught.value.stage, caught.value.host, caught.value.port) == ("resolve", "mail.example", 25)


@pytest.mark.parametrize(
    ("host", "family", "hint"),
    [
        ("mail.example", "any", "spelt"),
        ("mail.example", "ipv6", "only its IPv6 addresses were asked for"),
        ("mail.example", "ipv4", "only its IPv4 addresses were asked for"),
        ("fe80::1%nowhere0", "any", "is nowhere0 an interface of this machine?"),
    ],
)
def test_a_name_that_is_unknown_has_a_hint(
    monkeypatch: pytest.MonkeyPatch, host: str, family: AddressFamily, hint: str
) -> None:
    play(monkeypatch, socket.gaierror(socket.EAI_NONAME, "no"))
    with pytest.raises(ResolveError, match="the name does not exist") as caught:
        resolve(host, 25, Deadline("connect"), family)
    assert hint in str(caught.value.hint)


def test_an_end_of_ours_that_is_unknown_is_told_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    play(monkeypatch, socket.gaierror(socket.EAI_NONAME, "no"))
    with pytest.raises(ResolveError, match=r"cannot resolve ours\.example") as caught:
        resolve_ours("ours.example", 0, Deadline("connect"))
    assert "`server.bind.host`" in str(caught.value.hint)


def test_a_zone_belongs_to_an_address() -> None:
    assert is_address("fe80::1%eth0")
    assert not is_address("mail.example")
