"""Proxies that do what real ones cannot be made to do: one packet or many, dripping, hanging, refusing, rubbish."""

from __future__ import annotations

import base64
import errno
import socket
import struct
import threading
from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mailjobs.errors import JobError, MailjobsError, ProxyError, ResolveError, TimedOut, TransportError
from mailjobs.events import ConnectionStatus, Publish
from mailjobs.model import Proxy, Server, Timeouts, Tls
from mailjobs.net import Deadline, Stream
from mailjobs.net.proxy import http, socks4, socks5
from mailjobs.net.proxy.exchange import Exchange
from mailjobs.net.proxy.route import reach_through
from mailjobs.net.proxy.table import KINDS
from mailjobs.secret import Secret
from tests.fixtures.sink import free_port
from tests.fixtures.stream import PlayedStream
from tests.net.peers import PATIENCE, Listen, Peers, take

GREETING = b"220 beyond\r\n"
SECRET = Secret.literal("hunter2")
OPEN = {
    "http": b"HTTP/1.1 200 Connection established\r\nVia: x\r\n\r\n",
    "socks4": b"\0\x5a\0\0\0\0\0\0",
    "socks4a": b"\0\x5a\x01\x02\x7f\0\0\x01",
    "socks5": b"\x05\0" + b"\x05\0\0\x01\x7f\0\0\x01\0\x19",
}
ASKED = {
    "http": b"CONNECT relay.example:25 HTTP/1.1\r\nHost: relay.example:25\r\n\r\n",
    "socks4": b"\x04\x01\0\x19\x7f\0\0\x01\0",
    "socks4a": b"\x04\x01\0\x19\0\0\0\x01\0relay.example\0",
    "socks5": b"\x05\x01\0" + b"\x05\x01\0\x03\x0drelay.example\0\x19",
}


def server(port: int, kind: str = "http", host: str = "relay.example", seconds: float = PATIENCE, **more) -> Server:
    host = "127.0.0.1" if kind == "socks4" else host
    proxy = Proxy(kind, "127.0.0.1", port, **more)
    return Server(host, 25, tls=Tls(mode="none"), timeout=Timeouts(connect=seconds), proxy=proxy)


def reach(wanted: Server, publish: Publish | None = None) -> Stream:
    assert wanted.proxy is not None
    stream = reach_through(wanted, wanted.proxy, publish or Publish(), None)
    stream.deadline = Deadline("greeting", idle=PATIENCE)
    return stream


def heard(stream: Stream, count: int = len(GREETING)) -> bytes:
    data = b""
    while len(data) < count:
        piece = stream.read()
        assert piece
        data += piece
    stream.close()
    return data


def refusal(peers: Peers, kind: str, answer: bytes | Callable[[socket.socket], object], **more) -> MailjobsError:
    """What comes of a proxy that says `answer` and closes."""

    def talk(sock: socket.socket) -> None:
        sock.recv(65536)
        answer(sock) if callable(answer) else sock.sendall(answer)

    with pytest.raises(MailjobsError) as caught:
        reach(server(peers.serve(talk), kind, **more))
    return caught.value


@pytest.mark.parametrize("kind", OPEN)
@pytest.mark.parametrize("step", [1, 3, 1000])
def test_a_greeting_behind_the_proxy_s_last_word_is_not_lost(peers: Peers, kind: str, step: int) -> None:
    said = OPEN[kind] + GREETING

    def talk(sock: socket.socket) -> None:
        take(sock, len(ASKED[kind]) if kind != "socks5" else 3)
        for start in range(0, len(said), step):
            sock.sendall(said[start : start + step])
        sock.recv(1)

    listen = Listen()
    stream = reach(server(peers.serve(talk), kind), Publish([listen]))
    assert (stream.peer.host, stream.peer.port) == ("127.0.0.1" if kind == "socks4" else "relay.example", 25)
    assert str(stream.peer.proxy).startswith(f"{kind}://127.0.0.1:")
    assert ConnectionStatus("proxy connected", 0, str(stream.peer.proxy)) in listen.heard
    assert heard(stream) == GREETING


class Cut:
    """A stream that gives what it has in pieces, and remembers what was written."""

    def __init__(self, said: bytes, cuts: list[int]) -> None:
        edges = [0, *sorted({cut % (len(said) + 1) for cut in cuts}), len(said)]
        self._pieces = [said[a:b] for a, b in pairwise(edges) if b > a]
        self.written = b""

    def write(self, data: bytes, receive: Callable[[bytes], None]) -> None:
        self.written += data
        if self._pieces:
            receive(self._pieces.pop(0))

    def read(self) -> bytes:
        return self._pieces.pop(0) if self._pieces else b""


@given(st.sampled_from(sorted(OPEN)), st.binary(max_size=40), st.lists(st.integers(0, 200), max_size=12))
def test_however_a_reply_is_cut_exactly_it_is_taken(kind: str, behind: bytes, cuts: list[int]) -> None:
    stream = Cut(OPEN[kind] + behind, cuts)
    exchange = Exchange(stream)
    host = "127.0.0.1" if kind == "socks4" else "relay.example"
    KINDS[kind].ask(exchange, Proxy(kind, "p"), host, 25)
    rest = exchange.rest
    while data := stream.read():
        rest += data
    assert (rest, stream.written) == (behind, ASKED[kind])


@given(st.sampled_from(sorted(OPEN)), st.binary(max_size=200))
def test_whatever_a_proxy_says_there_is_a_way_or_an_error_118(kind: str, said: bytes) -> None:
    host = "127.0.0.1" if kind == "socks4" else "relay.example"
    failures: list[ProxyError] = []
    try:
        KINDS[kind].ask(Exchange(Cut(said, [1, 2, 5])), Proxy(kind, "p"), host, 25)
    except ProxyError as error:
        failures.append(error)
    assert [error.code for error in failures] in ([], [118])
    assert all(error.message.isprintable() for error in failures)


LABELS = st.text("abcdefghijklmnopqrstuvwxyz0123456789-_", min_size=1, max_size=63)
NAMES = (
    st.lists(LABELS, min_size=1, max_size=8).map(lambda labels: ".".join([*labels, "x"]))
    .filter(lambda name: len(name) < 256)
)  # fmt: skip
WORDS = st.text(min_size=1, max_size=255).filter(lambda word: len(word.encode("utf-8", "replace")) < 256)
LONG = st.integers(120, 255).map("w".__mul__)
LONGEST_NAME = ".".join(["n" * 62] * 4) + ".xyz"


def spoken(value: str) -> bytes:
    """With its length before it, in one octet (RFC 1928 section 5, RFC 1929 section 2)."""
    return struct.pack("B", len(value.encode())) + value.encode()


@given(NAMES, st.integers(1, 65535), WORDS | LONG, WORDS | LONG, st.lists(st.integers(0, 20), max_size=12))
@example(LONGEST_NAME, 25, "u" * 127, "p" * 128, list(range(15)))
@example(LONGEST_NAME[:128], 25, "u" * 255, "p" * 255, [])
def test_names_and_passwords_of_every_length_go_out_whole(
    name: str, port: int, user: str, password: str, cuts: list[int]
) -> None:
    stream = Cut(b"\x05\x02" + b"\x01\0" + OPEN["socks5"][2:], cuts)
    exchange = Exchange(stream)
    socks5.ask(exchange, Proxy("socks5", "p", 1, user, Secret.literal(password)), name, port)
    login = b"\x01" + spoken(user) + spoken(password)
    assert stream.written == b"\x05\x02\0\x02" + login + b"\x05\x01\0\x03" + spoken(name) + struct.pack(">H", port)
    assert exchange.rest == b""


@given(NAMES, st.integers(1, 65535), WORDS.filter(lambda word: "\0" not in word))
def test_socks4a_has_the_user_id_and_the_name(name: str, port: int, user: str) -> None:
    stream = Cut(OPEN["socks4a"], [])
    socks4.ask(Exchange(stream), Proxy("socks4a", "p", 1, user), name, port)
    head = b"\x04\x01" + struct.pack(">H", port) + b"\0\0\0\x01"
    assert stream.written == head + user.encode() + b"\0" + name.encode() + b"\0"


@pytest.mark.parametrize(
    ("host", "socks5_says", "http_says"),
    [
        ("192.0.2.1", b"\x01\xc0\x00\x02\x01", b"192.0.2.1:25"),
        ("2001:db8::1", b"\x04" + socket.inet_pton(socket.AF_INET6, "2001:db8::1"), b"[2001:db8::1]:25"),
        ("fe80::1%lo", b"\x04" + socket.inet_pton(socket.AF_INET6, "fe80::1"), b"[fe80::1]:25"),
        ("relay.example", b"\x03\x0drelay.example", b"relay.example:25"),
    ],
)
def test_names_and_addresses_are_said_as_what_they_are(host: str, socks5_says: bytes, http_says: bytes) -> None:
    stream = Cut(OPEN["socks5"], [])
    socks5.ask(Exchange(stream), Proxy("socks5", "p"), host, 25)
    assert stream.written == b"\x05\x01\0" + b"\x05\x01\0" + socks5_says + b"\0\x19"
    assert http.request(Proxy("http", "p"), host, 25).startswith(b"CONNECT " + http_says + b" HTTP/1.1\r\n")


def test_a_connect_request_has_login_and_header_fields() -> None:
    headers = (("X-Token", SECRET), ("X-Plain", Secret.literal("ü")))
    proxy = Proxy("http", "p", 3128, "ci", Secret.literal("pässword"), headers)
    token = base64.b64encode("ci:pässword".encode())
    assert http.request(proxy, "relay.example", 25) == (
        b"CONNECT relay.example:25 HTTP/1.1\r\nHost: relay.example:25\r\nProxy-Authorization: Basic " + token
        + b"\r\nX-Token: hunter2\r\nX-Plain: " + "ü".encode() + b"\r\n\r\n"
    )  # fmt: skip


@pytest.mark.parametrize("end", ["\r\nX-A: b", "\n", "\0"])
def test_a_secret_that_would_end_its_line_goes_nowhere(end: str) -> None:
    proxy = Proxy("http", "p", headers=(("X-Token", Secret.literal(f"hunter2{end}")),))
    with pytest.raises(JobError, match="a line break or NUL in X-Token") as caught:
        http.request(proxy, "relay.example", 25)
    assert "hunter2" not in str(caught.value)
    with pytest.raises(JobError, match="NUL in the user id"):
        socks4.ask(Exchange(Cut(b"", [])), Proxy("socks4a", "p", username="ci\0x"), "relay.example", 25)


@pytest.mark.parametrize("host", ["relay\r\nX-A: b", "relay\0", "a." * 150, "re lay"])
@pytest.mark.parametrize("kind", ["http", "socks4a", "socks5"])
def test_a_name_that_is_none_reaches_no_proxy(peers: Peers, kind: str, host: str) -> None:
    said: list[bytes] = []
    port = peers.serve(lambda sock: said.append(sock.recv(100)))
    with pytest.raises(ResolveError, match="is no host name"):
        reach(server(port, kind, host))
    peers.finish()
    assert said in ([b""], [])


HTTP_REFUSALS = [
    (b"HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=x\r\n\r\n", {},
     "wants a login: 407 Proxy Authentication Required", 77, False, "`username` and `password`"),
    (b"HTTP/1.1 407 No\r\nProxy-Authenticate: Digest realm=x\r\nproxy-authenticate: Negotiate\r\n\r\n",
     {"username": "u"}, "refused the login: 407 No", 77, False, "digest, negotiate alone"),
    (b"HTTP/1.1 407 No\r\nProxy-Authenticate: basic\r\n\r\n", {"username": "u", "password": SECRET},
     "refused the login: 407 No", 77, False, "check `username`"),
    (b"HTTP/1.0 401 Unauthorized\r\n\r\n", {"username": "u"}, "refused the login: 401", 77, False, "check `username`"),
    (b"HTTP/1.0 401 Unauthorized\r\n\r\n", {}, "refused: 401 Unauthorized", 69, False, None),
    (b"HTTP/1.1 403 Forbidden\r\nX-Squid-Error: ERR_ACCESS_DENIED 0\r\n\r\n", {},
     "refused: 403 Forbidden (ERR_ACCESS_DENIED 0)", 69, False, "few ports"),
    (b"HTTP/1.0 502 Bad Gateway\r\nProxy-Status: p; error=connection_refused\r\n\r\n<html>", {},
     "refused: 502 Bad Gateway (p; error=connection_refused)", 75, True, None),
    (b"HTTP/1.1 429 Slow down\r\n\r\n", {}, "refused: 429 Slow down", 75, True, None),
    (b"HTTP/1.1 301 \r\nLocation: http://login\r\n\r\n", {}, "refused: 301", 69, False, None),
    (b"<html>\r\n<body>Welcome</body>", {}, "no reply of such a proxy: '<html>'", 76, False, "HTTP server"),
    (b"HTTP/2 200\r\n\r\n", {}, "no reply of such a proxy: 'HTTP/2 200'", 76, False, "HTTP server"),
    (b"220 mail.example ESMTP\r\n", {}, "'220 mail.example ESMTP'", 76, False, "a mail server, not a proxy"),
    (b"\x1b[2J\x9b\r\n", {}, "'?[2J?'", 76, False, "check `type`"),
    (b"HTTP/1.1 100 C\r\n\r\n" * 10, {}, "the proxy only says that it goes on", 76, False, None),
    (b"", {}, "closed the connection before it had opened a way", 75, True, None),
    (b"HTTP/1.1 20", {}, "it had said 'HTTP/1.1 20'", 75, True, None),
    (b"HTTP/1.1 200 ok\r\n" + b"X: y\r\n" * 20_000, {}, "more than 65536 octets", 76, False, None),
]  # fmt: skip


@pytest.mark.parametrize(("answer", "more", "words", "status", "temporary", "hint"), HTTP_REFUSALS)
def test_a_refusal_over_http_has_the_proxy_s_own_words(
    peers: Peers, answer: bytes, more: dict[str, object], words: str, status: int, temporary: bool, hint: str | None
) -> None:
    error = refusal(peers, "http", answer, **more)
    assert words in error.message
    assert (error.name, error.code, error.stage) == ("ProxyError", 118, "proxy")
    assert (error.exit_status, error.temporary, error.host) == (status, temporary, "127.0.0.1")
    assert error.port is not None
    assert (hint in str(error.hint)) if hint else True
    assert "hunter2" not in str(error)


@pytest.mark.parametrize("echo", ["hunter2", base64.b64encode(b"ci:hunter2").decode()])
@pytest.mark.parametrize(
    "reply", ["HTTP/1.1 407 no {}\r\n\r\n", "HTTP/1.1 403 no\r\nProxy-Status: {}\r\n\r\n", "{}\r\n"]
)
def test_a_proxy_that_echoes_a_secret_is_not_quoted(peers: Peers, reply: str, echo: str) -> None:
    login = {"username": "ci", "password": Secret.literal("hunter2")}
    error = refusal(peers, "http", reply.format(echo).encode(), **login)
    assert echo not in str(error)
    assert "secret" in error.message


def test_interim_replies_are_passed_over(peers: Peers) -> None:
    said = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103\r\nA: b\r\n\r\nHTTP/1.0 299 Fine\n\n" + GREETING

    def talk(sock: socket.socket) -> None:
        take(sock, len(ASKED["http"]))
        sock.sendall(said)
        sock.recv(1)

    assert heard(reach(server(peers.serve(talk)))) == GREETING


@pytest.mark.parametrize("code", [*socks5.REPLIES, 9])
def test_each_refusal_of_socks5_has_its_name(peers: Peers, code: int) -> None:
    error = refusal(peers, "socks5", b"\x05\0\x05" + bytes([code]) + OPEN["socks5"][4:])
    assert f"{socks5.REPLIES.get(code, 'an unknown reply')} (SOCKS5 reply {code})" in error.message
    lasting = code in (2, 7, 8)
    assert (error.name, error.exit_status, error.temporary) == ("ProxyError", 69 if lasting else 75, not lasting)


@pytest.mark.parametrize(("code", "status"), [(91, 75), (92, 77), (93, 77), (99, 69)])
@pytest.mark.parametrize("kind", ["socks4", "socks4a"])
def test_each_refusal_of_socks4_has_its_name(peers: Peers, kind: str, code: int, status: int) -> None:
    error = refusal(peers, kind, bytes([0, code]) + OPEN[kind][2:])
    assert f"{socks4.REPLIES.get(code, 'an unknown reply')} (SOCKS4 reply {code})" in error.message
    assert (error.code, error.exit_status) == (118, status)
    assert ("tells no reason" in str(error.hint)) == (code == 91)


@pytest.mark.parametrize(
    ("answer", "more", "words", "status"),
    [
        (b"\x05\xff", {}, "wants a login", 77),
        (b"\x05\x02", {}, "wants a login", 77),
        (b"\x05\xff", {"username": "u", "password": SECRET}, "refused the login: no method", 77),
        (b"\x05\x02\x01\x01", {"username": "u", "password": SECRET}, "refused the login: SOCKS5 status 1", 77),
        (b"\x05\x80", {}, "no reply of such a proxy: octets 05 80", 76),
        (b"\x05\0\x05\0\0\x09", {}, "no reply of such a proxy", 76),
        (b"HTTP/1.1 400 Bad Request\r\n", {}, "'HTTP/1.1 400 Bad Request'", 76),
        (b"\0\x5a", {}, "no reply of such a proxy", 76),
        (b"\x05", {}, "it had said octets 05", 75),
    ],
)
def test_what_else_a_socks5_proxy_may_say(
    peers: Peers, answer: bytes, more: dict[str, object], words: str, status: int
) -> None:
    error = refusal(peers, "socks5", answer, **more)
    assert words in error.message
    assert (error.code, error.exit_status, error.stage) == (118, status, "proxy")


@pytest.mark.parametrize("length", [0, 256])
def test_a_password_that_socks5_cannot_say_goes_nowhere(length: int) -> None:
    proxy = Proxy("socks5", "p", 1, "u", Secret.literal("x" * length))
    stream = Cut(b"", [])
    with pytest.raises(JobError, match=f"password for the proxy has {length} octets"):
        socks5.ask(Exchange(stream), proxy, "relay.example", 25)
    assert stream.written == b""


@pytest.mark.parametrize("kind", ["socks4a", "socks5"])
def test_no_descriptor_for_pysocks_is_an_error(peers: Peers, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    from mailjobs.net.proxy import negotiator

    def none_left(self: object, *_: object) -> None:
        raise OSError(errno.EMFILE, "")

    monkeypatch.setattr(negotiator.socks._BaseSocket, "__init__", none_left)
    error = refusal(peers, kind, b"")
    assert "connection to the proxy failed: cannot ask the proxy: Too many open files (EMFILE)" in error.message
    assert (error.code, error.exit_status) == (118, 75)


def test_socks4_has_no_ipv6(peers: Peers) -> None:
    with pytest.raises(ProxyError, match="SOCKS 4 knows no IPv6 addresses, and ::1 is one"):
        reach(server(peers.serve(lambda sock: sock.recv(1)), "socks4a", "::1"))


def test_a_reset_is_the_proxy_s(peers: Peers) -> None:
    def talk(sock: socket.socket) -> None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    error = refusal(peers, "http", talk)
    assert (error.name, error.code, error.exit_status, error.stage) == ("ProxyError", 118, 75, "proxy")
    assert "the proxy ended the connection" in error.message
    assert str(error.hint).startswith("some speak TLS: `type: https`")


@pytest.mark.parametrize("kind", [*OPEN, "https"])
def test_a_proxy_that_hangs_ends_at_the_deadline(peers: Peers, kind: str) -> None:
    left = threading.Event()
    error = refusal(peers, kind, lambda sock: left.wait(PATIENCE), seconds=0.2)
    left.set()
    assert isinstance(error, TimedOut)
    assert (error.stage, error.host, error.exit_status) == ("proxy", "127.0.0.1", 75)
    assert "timed out at proxy: it took longer than 0.2 s (timeout.connect)" in error.message


@pytest.mark.parametrize("kind", ["http", "socks4a", "socks5"])
def test_a_proxy_that_drips_does_not_outlive_the_deadline(peers: Peers, kind: str) -> None:
    left = threading.Event()
    drops = {
        "http": b"HTTP/1.1 200 " + b"x" * 1000,
        "socks4a": OPEN["socks4a"],
        "socks5": b"\x05\0\x05\0\0\x03\xff" + b"x" * 255,
    }[kind]
    pause = 0.1 if kind == "socks4a" else 0.02

    def drip(sock: socket.socket) -> None:
        for drop in drops:
            sock.sendall(bytes([drop]))
            if left.wait(pause):
                return

    error = refusal(peers, kind, drip, seconds=0.3)
    left.set()
    assert isinstance(error, TimedOut)
    assert "(timeout.connect)" in error.message


def test_a_proxy_that_is_not_there_is_a_failure_at_the_stage_proxy() -> None:
    with pytest.raises(TransportError, match="ECONNREFUSED") as caught:
        reach(server(free_port()))
    error = caught.value
    assert (error.code, error.stage, error.host, error.exit_status) == (10061, "proxy", "127.0.0.1", 75)
    assert str(error.hint) == "this is the proxy: check `server.proxy`"
    wanted = server(1)
    with pytest.raises(ResolveError) as unknown:
        reach_through(wanted, Proxy("http", "no-such-host.invalid"), Publish(), None)
    assert (unknown.value.stage, unknown.value.host) == ("proxy", "no-such-host.invalid")


def test_names_may_be_looked_up_here(peers: Peers) -> None:
    asked: list[bytes] = []

    def talk(sock: socket.socket) -> None:
        asked.append(sock.recv(1000))
        sock.sendall(OPEN["http"])

    stream = reach(server(peers.serve(talk), host="localhost", resolve="local"))
    stream.close()
    peers.finish()
    assert stream.peer.address in ("127.0.0.1", "::1")
    assert (stream.peer.host, asked[0].splitlines()[0].split()[1]) in (
        ("localhost", b"127.0.0.1:25"), ("localhost", b"[::1]:25"),
    )  # fmt: skip
    with pytest.raises(ResolveError) as caught:
        reach(server(peers.serve(lambda sock: sock.recv(1)), host="no-such-host.invalid", resolve="local"))
    assert (caught.value.stage, caught.value.host) == ("resolve", "no-such-host.invalid")
    assert "`proxy.resolve: remote` lets the proxy look it up" in str(caught.value.hint)


def test_what_is_written_and_heard_passes_through_the_tunnel() -> None:
    from mailjobs.net.proxy.tunnel import Tunnel

    below = PlayedStream(("EHLO me\r\n", "250 ok\r\n"), greeting="220 more\r\n")
    got: list[bytes] = []
    tunnel = Tunnel(below, below.peer, b"220-first\r\n")
    tunnel.write(b"EHLO me\r\n", got.append)
    assert got == [b"220-first\r\n"], "what was read ahead comes before what comes now"
    assert [tunnel.read(), tunnel.read()] == [b"220 more\r\n", b"250 ok\r\n"]
    below.unasked = ["421 bye\r\n"]
    tunnel.poll(got.append)
    assert got[-1] == b"421 bye\r\n"
