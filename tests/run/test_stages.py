"""What goes wrong on the way to a server: the stage, the words, a hint where the cause is known, the exit status."""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from mailjobs.errors import MailjobsError
from tests.fixtures.lab import Lab
from tests.fixtures.running import run_text
from tests.fixtures.scripted import ScriptedServer, TlsFiles
from tests.fixtures.sink import free_port

HELLO = "S: 220 ready\nC: EHLO me\nS: 250-here\nS: 250 STARTTLS\n"
CONNECTED = "S! bytes 'HTTP/1.1 200 ok\\r\\n\\r\\n'\n"
ASKED = "C: CONNECT relay.example:25 HTTP/1.1\nC: Host: relay.example:25\nC: re:\n"


@dataclass(frozen=True)
class Told:
    """What a situation comes to. `at` is the host that the error names, None: the server's."""

    error: str
    stage: str
    status: int
    words: str
    hint: str | None = None
    code: int | None = None
    at: str | None = None
    address: bool = True


@dataclass(frozen=True)
class Here:
    """A situation that a script makes; `server` has keys of the server beside host and port."""

    script: str
    told: Told
    tls: str = "none"
    keys: str = ""
    host: str = "localhost"
    through: bool = False
    more: dict[str, object] = field(default_factory=dict)


SCRIPTED: dict[str, Here] = {
    "a server that turns us away": Here(
        "S: 554 5.7.1 no service for you\nS! close", Told("ReplyError", "greeting", 69, "554 5.7.1 no service for you")
    ),
    "a server that is busy": Here("S: 421 busy\nS! close", Told("ReplyError", "greeting", 75, "421 busy")),
    "a server that hangs up at once": Here(
        "S! close", Told("ConnectionLost", "greeting", 75, "closed the connection before its reply to greeting")
    ),
    "a server that says nothing": Here(
        "S! silence", Told("TimedOut", "greeting", 75, "nothing moved for 0.3 s (timeout.idle)", "'tls: implicit'")
    ),
    "a TLS alert where a greeting is expected": Here(
        "S! bytes '\\x15\\x03\\x01\\0\\x02\\x02\\x0a\\n'\nS! close",
        Told("ProtocolError", "greeting", 76, "no SMTP reply", "'tls: implicit'"),
    ),
    "a captive portal": Here(
        "S: HTTP/1.1 302 Found\nS! close",
        Told("ProtocolError", "greeting", 76, "HTTP/1.1 302 Found", "a captive portal or a proxy may stand between"),
    ),
    "a captive portal that says a page": Here(
        "S: <html><body>Welcome\nS! close", Told("ProtocolError", "greeting", 76, "<html>", "captive portal")
    ),
    "a server that knows neither EHLO nor HELO": Here(
        "S: 220 hi\nC: EHLO me\nS: 502 no\nC: HELO me\nS: 550 go away\nS! close",
        Told("ReplyError", "HELO", 69, "550 go away"),
    ),
    "a server that is silent after EHLO": Here(
        "S: 220 hi\nC: EHLO me\nS! silence", Told("TimedOut", "EHLO", 75, "nothing moved for 0.3 s")
    ),
    "a server without STARTTLS": Here(
        "S: 220 hi\nC: EHLO me\nS: 250 here\nS! close",
        Told("TLSError", "STARTTLS", 77, "does not offer STARTTLS", "somebody between may have removed it"),
        tls="starttls",
    ),
    "a server that refuses STARTTLS": Here(
        HELLO + "C: STARTTLS\nS: 454 4.7.0 not now\nS! close",
        Told("TLSError", "STARTTLS", 77, "454 4.7.0 not now"),
        tls="starttls",
    ),
    "a server that goes on in plain text": Here(
        HELLO + "C: STARTTLS\nS: 220 go\nS! bytes '250 ok\\r\\n'",
        Told("TLSError", "handshake", 77, "plain text after STARTTLS"),
        tls="starttls",
    ),
    "a server that hangs up on the handshake": Here(
        HELLO + "C: STARTTLS\nS: 220 go\nS! close",
        Told("ConnectionLost", "handshake", 75, "during the TLS handshake"),
        tls="starttls",
        more={"words": ("during the TLS handshake", "reset the connection", "while it was written to")},
    ),
    "words in clear behind the reply to STARTTLS": Here(
        HELLO + "C: STARTTLS\nS! bytes '220 go\\r\\n250 injected\\r\\n'\nS! close",
        Told("ProtocolError", "STARTTLS", 76, "said 250 injected without having been asked"),
        tls="starttls",
        more={"words": ("in clear after its reply to STARTTLS", "without having been asked")},
    ),
    "a server that knows no logins": Here(
        HELLO + "C: STARTTLS\nS: 220 go\nS! starttls\nC: EHLO me\nS: 250 here\nS! swallow",
        Told("AuthError", "AUTH", 77, "the server offers no mechanism", "AUTH"),
        tls="{mode: starttls, ca: {file: CA}}",
        keys=", auth: {username: u, password: {env: HOME}}",
    ),
    "a proxy that turns us away": Here(
        ASKED + "S! bytes 'HTTP/1.1 403 Forbidden\\r\\n\\r\\n'",
        Told("ProxyError", "proxy", 69, "the proxy refused: 403 Forbidden", "few ports", 118, "127.0.0.1"),
        through=True,
    ),
    "a proxy that is a captive portal": Here(
        ASKED + "S: <html>",
        Told("ProxyError", "proxy", 76, "'<html>'", "this is an HTTP server", 118, "127.0.0.1"),
        through=True,
    ),
    "a proxy that says nothing": Here(
        ASKED + "S! silence",
        Told("TimedOut", "proxy", 75, "longer than 0.5 s (timeout.connect)", "check `server.proxy`", 201, "127.0.0.1"),
        through=True,
    ),
    "a way through a proxy that leads nowhere": Here(
        ASKED + CONNECTED + "S! close",
        Told("ConnectionLost", "greeting", 75, "before its reply to greeting", "leads nowhere", at="relay.example"),
        through=True,
    ),
    "a server beyond a proxy that refuses": Here(
        ASKED + CONNECTED + "S: 554 no\nS! close",
        Told("ReplyError", "greeting", 69, "554 no", at="relay.example"),
        through=True,
    ),
}


def failure(keys: str, more: str = "") -> tuple[MailjobsError, int]:
    record, _ = run_text(f"server: {{hello: me, {keys}}}\nsteps: [connect: true]\n{more}")
    error = record.error or record.steps[0].error
    assert error is not None
    return error, record.exit_status


def check(told: Told, found: tuple[MailjobsError, int], host: str, port: int | None) -> None:
    error, status = found
    assert (error.name, error.stage, status) == (told.error, told.stage, told.status), error
    assert told.words in error.message
    assert (told.hint in str(error.hint)) if told.hint else error.hint is None
    assert error.host == (told.at or host)
    assert error.port == port
    assert (error.address is not None) is told.address
    if told.code:
        assert error.code == told.code


@pytest.mark.parametrize("name", SCRIPTED)
def test_a_script(scripted: Callable[..., ScriptedServer], tls_files: TlsFiles, name: str) -> None:
    case = SCRIPTED[name]
    script = case.script.replace("S! bytes '250 ok\\r\\n'", "S! bytes '250 ok\\r\\n'\nS! swallow")
    server = scripted(script)
    where = f"host: {case.host}, port: {server.port}"
    if case.through:
        where = f"host: relay.example, port: 25, proxy: 'http://127.0.0.1:{server.port}'"
    tls = case.tls.replace("CA", f'"{tls_files.ca}"')
    found = failure(f"{where}, tls: {tls}{case.keys}, timeout: {{connect: 0.5, idle: 0.3}}")
    told = case.told
    for words in case.more.get("words", ()):  # type: ignore[attr-defined]
        told = Told(told.error, told.stage, told.status, words) if words in found[0].message else told
    check(told, found, case.host, 25 if told.at == "relay.example" else server.port)


def resolving(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    def getaddrinfo(*_: object, **__: object) -> list[object]:
        raise socket.gaierror(number, "")

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)


@pytest.mark.parametrize(
    ("number", "told"),
    [
        (socket.EAI_NONAME, Told("ResolveError", "resolve", 68, "does not exist", "spelt", 11001, address=False)),
        (socket.EAI_AGAIN, Told("ResolveError", "resolve", 75, "does not answer", "network", 11002, address=False)),
        (socket.EAI_NODATA, Told("ResolveError", "resolve", 68, "family", "address_family", 11004, address=False)),
        (socket.EAI_FAIL, Told("ResolveError", "resolve", 68, "refuses the question", None, 11003, address=False)),
    ],
)
def test_an_unknown_host_is_not_a_missing_network(monkeypatch: pytest.MonkeyPatch, number: int, told: Told) -> None:
    resolving(monkeypatch, number)
    check(told, failure("host: relay.example, port: 587, tls: none"), "relay.example", 587)


@pytest.mark.parametrize(
    ("number", "port", "told"),
    [
        (errno.ECONNREFUSED, 25, Told("TransportError", "connect", 75, "ECONNREFUSED", "465 (submission", 10061)),
        (errno.ECONNREFUSED, 587, Told("TransportError", "connect", 75, "ECONNREFUSED", "on 25 (relay)", 10061)),
        (errno.ENETUNREACH, 587, Told("TransportError", "connect", 75, "ENETUNREACH", "on the network", 10051)),
        (errno.EHOSTUNREACH, 587, Told("TransportError", "connect", 75, "EHOSTUNREACH", "no way there", 10065)),
        (errno.EACCES, 587, Told("TransportError", "connect", 75, "EACCES", None, 10013)),
    ],
)
def test_what_the_system_says_of_a_connection(
    monkeypatch: pytest.MonkeyPatch, number: int, port: int, told: Told
) -> None:
    monkeypatch.setattr(socket.socket, "connect_ex", lambda *_: number)
    check(told, failure(f"host: localhost, port: {port}, tls: none"), "localhost", port)


def test_a_firewall_that_drops(black_hole: int) -> None:
    told = Told("TimedOut", "connect", 75, "no connection to 127.0.0.1", "a firewall may be dropping it", 201)
    found = failure(f"host: localhost, port: {black_hole}, tls: none, timeout: {{connect: 0.2}}")
    check(told, found, "localhost", black_hole)


def test_a_proxy_that_is_not_there() -> None:
    port = free_port()
    told = Told("TransportError", "proxy", 75, "ECONNREFUSED", "check `server.proxy`", 10061)
    check(told, failure(f"host: relay, port: 25, tls: none, proxy: 'http://127.0.0.1:{port}'"), "127.0.0.1", port)


def test_a_proxy_whose_name_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    resolving(monkeypatch, socket.EAI_NONAME)
    told = Told("ResolveError", "proxy", 68, "cannot resolve proxy.example", "`server.proxy`", 11001, address=False)
    check(told, failure("host: relay, port: 25, tls: none, proxy: 'socks5://proxy.example'"), "proxy.example", 1080)


def test_a_server_that_resets(scripted: Callable[..., ScriptedServer]) -> None:
    server = scripted("S: 220 hi\nC: EHLO me\nS! reset")
    error, status = failure(f"host: localhost, port: {server.port}, tls: none")
    assert (error.name, error.code, error.stage, status) == ("ConnectionLost", 10054, "EHLO", 75)


TRUST = 'ca: {{file: "{ca}"}}'
REAL: dict[str, tuple[str, str, Told]] = {
    "TLS on a plain port": (
        "P_SMTP", "tls: {mode: implicit}",
        Told("TLSError", "handshake", 77, "speaks plain SMTP on this port", "'tls: starttls'", 276),
    ),
    "TLS on a web server's port": (
        "P_WEB", "tls: {mode: implicit}",
        Told("TLSError", "handshake", 77, "speaks plain HTTP on this port", "a web server", 276),
    ),
    "plain text on a TLS port": (
        "P_SMTPS", "tls: none, timeout: {idle: 0.3}",
        Told("TimedOut", "greeting", 75, "nothing moved", "'tls: implicit'", 201),
    ),
    "a server that has no STARTTLS": (
        "P_BARE", "tls: {mode: starttls}",
        Told("TLSError", "STARTTLS", 77, "does not offer STARTTLS", "'tls: none'", 276),
    ),
    "an authority that nobody here knows": (
        "P_SMTPS", "tls: {mode: implicit}",
        Told("VerifyError", "certificate", 77, "is not trusted here", "'tls.ca'"),
    ),
    "a wrong password": (
        "P_SUBMISSION", 'tls: {mode: starttls, ca: {file: "CA"}}, auth: {username: alice, password: {env: WRONG}}',
        Told("AuthError", "AUTH", 77, "was refused: 535", "check user name and password"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REAL)
def test_a_real_server(lab: Lab, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("WRONG", "hunter2")
    port, keys, told = REAL[name]
    found = failure(f"host: localhost, port: {lab.port(port)}, {keys}".replace("CA", str(lab.ca_file)))
    check(told, found, "localhost", lab.port(port))
    assert "hunter2" not in str(found[0])


@pytest.mark.parametrize("name", ["expired", "wronghost", "nochain"])
def test_a_bad_certificate_has_a_stage_of_its_own(lab: Lab, name: str) -> None:
    port = lab.facts["BAD_CERTS"][name]["implicit"]
    error, status = failure(f'host: localhost, port: {port}, tls: {{mode: implicit, ca: {{file: "{lab.ca_file}"}}}}')
    assert (error.name, error.stage, error.host, error.port, status) == (
        "VerifyError",
        "certificate",
        "localhost",
        port,
        77,
    )
    assert error.address == "127.0.0.1"


def test_a_socket_that_cannot_be_bound() -> None:
    told = Told("TransportError", "connect", 75, "EADDRNOTAVAIL", "server.bind.host", 10049)
    check(told, failure("host: 127.0.0.1, port: 1, tls: none, bind: {host: 192.0.2.77}"), "127.0.0.1", 1)
