"""One request to a token endpoint that may be anything."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from mailjobs.errors import (
    ConnectionLost,
    FileError,
    MailjobsError,
    ProtocolError,
    ProxyError,
    ResolveError,
    TimedOut,
    TLSError,
    TransportError,
    VerifyError,
)
from mailjobs.job.token_url import unfit
from mailjobs.tokens.endpoint import LARGEST, Response, post
from tests.fixtures.lab import Lab
from tests.fixtures.readable import readable
from tests.fixtures.scripted import TlsFiles
from tests.fixtures.tokens import TokenEndpoint

Endpoint = Callable[..., TokenEndpoint]
FORM = {"grant_type": "client_credentials", "client_secret": "tell-nobody"}


def failing(kind: type[MailjobsError], url: str, ca: Path | None = None, seconds: float = 5) -> MailjobsError:
    with pytest.raises(kind) as caught:
        post(url, FORM, {}, ca, seconds)
    error = caught.value
    assert (error.stage, error.host is not None, error.port is not None) == ("token", True, True)
    assert "tell-nobody" not in repr(error.describe())
    assert error.__cause__ is None
    return error


def test_a_form_goes_over_verified_tls(token_endpoint: Endpoint, tls_files: TlsFiles) -> None:
    endpoint = token_endpoint(tls=True, client_secret="tell-nobody")
    response = post(endpoint.url, {**FORM, "client_id": "mailjobs"}, {"X-More": "1"}, tls_files.ca, 5)
    assert response.status == 200
    (asked,) = endpoint.requests
    assert asked.form == {**FORM, "client_id": "mailjobs"}
    assert (asked.headers["Accept"], asked.headers["X-More"]) == ("application/json", "1")


def test_an_unknown_certificate_is_refused_before_the_form(token_endpoint: Endpoint) -> None:
    endpoint = token_endpoint(tls=True)
    assert "certificate is refused" in failing(VerifyError, endpoint.url).message
    assert endpoint.requests == []


def test_a_certificate_of_another_host_is_refused(token_endpoint: Endpoint, tls_files: TlsFiles) -> None:
    endpoint = token_endpoint(tls=True, address="127.0.0.2")
    failing(VerifyError, endpoint.url, tls_files.ca)
    assert endpoint.requests == []


def test_plain_http_where_tls_is_meant_is_told(token_endpoint: Endpoint) -> None:
    failing(TLSError, token_endpoint().url.replace("http:", "https:"))


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_nobody_is_sent_elsewhere(token_endpoint: Endpoint, status: int) -> None:
    other = token_endpoint()
    endpoint = token_endpoint()
    endpoint.answers.append((status, b"", {"Location": other.url}))
    assert post(endpoint.url, FORM, {}, None, 5).status == status
    assert other.requests == []


def test_no_proxy_of_the_environment_gets_what_is_for_this_machine(
    token_endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert post(token_endpoint().url, FORM, {}, None, 5).status == 401


@pytest.fixture
def proxy(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str, int], list[bytes]]]:
    """A proxy of the environment that gives one answer to CONNECT, then passes on what comes to a port of ours."""
    listener = socket.create_server(("127.0.0.1", 0))
    monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{listener.getsockname()[1]}")
    asked: list[bytes] = []

    def serve(answer: str, port: int) -> None:
        inner, _ = listener.accept()
        with inner, socket.create_connection(("127.0.0.1", port)) as outer:
            while b"\r\n\r\n" not in b"".join(asked):
                asked.append(inner.recv(4096))
            inner.sendall(f"HTTP/1.1 {answer}\r\n\r\n".encode())
            while answer.startswith("200"):
                ready = readable([inner.fileno(), outer.fileno()], 5)
                for sock in [one for one in (inner, outer) if one.fileno() in ready]:
                    data = sock.recv(65536)
                    if not data:
                        return
                    (outer if sock is inner else inner).sendall(data)

    def start(answer: str, port: int) -> list[bytes]:
        threading.Thread(target=serve, args=(answer, port), daemon=True).start()
        return asked

    yield start
    listener.close()


def test_the_proxy_of_the_environment_passes_on_and_sees_no_form(
    token_endpoint: Endpoint, lab: Lab, proxy: Callable[[str, int], list[bytes]]
) -> None:
    endpoint = token_endpoint(tls=lab.directory / "ca" / "server" / "valid.pem")
    port = int(endpoint.url.rpartition(":")[2].partition("/")[0])
    asked = proxy("200 Connection established", port)
    assert post(f"https://mail.lab.test:{port}/token", FORM, {}, lab.ca_file, 5).status == 401
    assert endpoint.requests[0].form == FORM
    assert b"".join(asked).startswith(f"CONNECT mail.lab.test:{port} HTTP/1.".encode())
    assert b"tell-nobody" not in b"".join(asked)


@pytest.mark.parametrize(("status", "exit_status"), [(403, 69), (407, 77), (401, 77), (502, 75)])
def test_a_proxy_that_refuses_is_told_and_not_quoted(
    token_endpoint: Endpoint, proxy: Callable[[str, int], list[bytes]], status: int, exit_status: int
) -> None:
    endpoint = token_endpoint()
    proxy(f"{status} tell-nobody", int(endpoint.url.rpartition(":")[2].partition("/")[0]))
    error = failing(ProxyError, "https://login.example/token")
    assert error.message == f"the proxy of the environment opens no way to the token endpoint: HTTP {status}"
    assert (error.exit_status, "HTTPS_PROXY" in str(error.hint)) == (exit_status, True)


@pytest.mark.parametrize(("no_proxy", "hinted"), [("", True), ("login.invalid", False)])
def test_a_proxy_that_cannot_be_reached_is_hinted_at(
    monkeypatch: pytest.MonkeyPatch, no_proxy: str, hinted: bool
) -> None:
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("no_proxy", no_proxy)
    error = failing(TransportError if hinted else ResolveError, "https://login.invalid/token")
    assert ("HTTPS_PROXY" in str(error.hint)) is hinted


def test_an_answer_has_a_bound(token_endpoint: Endpoint) -> None:
    endpoint = token_endpoint()
    endpoint.answers += [(200, b"x" * LARGEST, {}), (200, b"x" * (LARGEST + 1), {})]
    assert post(endpoint.url, FORM, {}, None, 5) == Response(200, b"x" * LARGEST)
    assert "more than" in failing(ProtocolError, endpoint.url).message


def test_a_deadline_holds_against_drops(token_endpoint: Endpoint) -> None:
    over = threading.Event()

    def drip(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        while not over.wait(0.02):
            handler.wfile.write(b"x")

    endpoint = token_endpoint()
    endpoint.answers.append(drip)
    try:
        error = failing(TimedOut, endpoint.url, seconds=0.3)
        assert "within 0.3 s (auth.oauth2.timeout, or the step's)" in error.message
    finally:
        over.set()


def test_a_server_that_hangs_up_is_lost(token_endpoint: Endpoint) -> None:
    endpoint = token_endpoint()
    endpoint.answers.append(lambda handler: handler.connection.shutdown(socket.SHUT_RDWR))
    assert failing(ConnectionLost, endpoint.url).temporary


def test_what_is_not_http_is_not_shown(token_endpoint: Endpoint) -> None:
    endpoint = token_endpoint()
    endpoint.answers.append(lambda handler: handler.wfile.write(b"220 tell-nobody ESMTP\r\n"))
    failing(ProtocolError, endpoint.url)


def test_nobody_listens() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        error = failing(TransportError, f"http://127.0.0.1:{taken.getsockname()[1]}/token")
    assert (error.temporary, error.code) == (True, 10061)


def test_a_host_that_does_not_exist() -> None:
    assert failing(ResolveError, "https://no-such-host.invalid/token").exit_status in (68, 75)


@pytest.mark.parametrize(("content", "words"), [(None, "cannot be read"), ("text", "no certificate")])
def test_authorities_that_cannot_be_read(tmp_path: Path, content: str | None, words: str) -> None:
    ca = tmp_path / "ca.pem"
    if content is not None:
        ca.write_text(content)
    with pytest.raises(FileError, match=words):
        post("https://localhost:1/token", FORM, {}, ca, 5)


@pytest.mark.parametrize(
    "url",
    [
        "https://x.example/token?a=b",
        "https://[::1]:8443/t",
        "http://localhost:1/",
        "http://127.0.0.9/",
        "http://[::1]/",
    ],
)
def test_urls_that_secrets_may_go_to(url: str) -> None:
    assert unfit(url) is None


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://login.example/token", "https alone"),
        ("http://localhost.evil.example/token", "https alone"),
        ("http://127.0.0.1.evil.example/", "https alone"),
        ("ftp://localhost/", "https alone"),
        ("file:///etc/passwd", "not a URL of a token endpoint"),
        ("https://me:pass@login.example/", "a password in a URL"),
        ("https://login.example@evil.example/", "a password in a URL"),
        ("https://login.example/#x", "no fragment"),
        ("https://login.example/a b", "not a URL of a token endpoint"),
        ("https://login.example/\r\nHost: x", "not a URL of a token endpoint"),
        ("https://x:99999/", "not a URL"),
        ("https://[::1/", "not a URL"),
        ("", "not a URL of a token endpoint"),
    ],
)
def test_urls_that_no_secret_goes_to(url: str, why: str) -> None:
    found = unfit(url)
    assert found is not None
    assert why in found
    assert "pass@" not in found
