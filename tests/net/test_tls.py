"""TLS against the standard library's server and against the laboratory's certificates."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mailjobs.errors import CertificateError, ConnectionLost, FileError, TimedOut, TLSError, VerifyError
from mailjobs.events import Publish, ServerCertificate, Sink, Stamped
from mailjobs.model import CaSource, Tls
from mailjobs.net import Deadline, TlsStream, check_trust, connect, secure
from tests.fixtures.lab import Lab
from tests.fixtures.scripted import TlsFiles

MUCH = 3_000_000
Serve = Callable[[Callable[[ssl.SSLSocket], None]], int]


def trusting(path: Path, **more: object) -> Tls:
    return Tls(mode="implicit", ca=(CaSource(file=path),), **more)  # type: ignore[arg-type]


def dial(port: int, tls: Tls, host: str = "localhost", publish: Publish | None = None) -> TlsStream:
    stream = connect("127.0.0.1", port, timeout=5)
    stream.deadline = Deadline("handshake", idle=5)
    try:
        return secure(stream, host, tls, publish or Publish())
    except BaseException:
        stream.close()
        raise


@pytest.fixture
def tls_server(tls_files: TlsFiles) -> Iterator[Serve]:
    """Start a TLS server in a thread; what is given to it talks to one client."""
    threads: list[threading.Thread] = []

    def start(other: Callable[[ssl.SSLSocket], None]) -> int:
        listener = socket.create_server(("127.0.0.1", 0))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tls_files.certificate, tls_files.key)

        def serve() -> None:
            sock, _ = listener.accept()
            with listener, sock:
                try:
                    with context.wrap_socket(sock, server_side=True) as secured:
                        other(secured)
                except (ssl.SSLError, ConnectionError):
                    return  # the client refused us, which its side of the test asserts

        threads.append(threading.Thread(target=serve, daemon=True))
        threads[-1].start()
        return int(listener.getsockname()[1])

    yield start
    for thread in threads:
        thread.join(10)
        assert not thread.is_alive()


def test_what_was_negotiated_is_told(tls_server: Serve, tls_files: TlsFiles) -> None:
    stream = dial(tls_server(lambda sock: sock.sendall(b"hi")), trusting(tls_files.ca))
    assert stream.read() == b"hi"
    assert (stream.info.version, stream.info.peer["subject"]) == ("TLSv1.3", "CN=localhost")
    assert stream.info.bits >= 128
    assert stream.info.chain[0].startswith("-----BEGIN CERTIFICATE-----")
    stream.close()


def test_both_sides_may_write_before_they_read(tls_server: Serve, tls_files: TlsFiles) -> None:
    def other(sock: ssl.SSLSocket) -> None:
        sock.sendall(b"x" * MUCH)
        left = MUCH
        while left:
            left -= len(sock.recv(65536))

    stream = dial(tls_server(other), trusting(tls_files.ca))
    received: list[bytes] = []
    stream.write(b"y" * MUCH, received.append)
    while sum(map(len, received)) < MUCH:
        received.append(stream.read())
    assert b"".join(received) == b"x" * MUCH
    stream.close()


def test_a_version_range_without_common_version_is_refused(tls_server: Serve, tls_files: TlsFiles) -> None:
    stream = dial(tls_server(lambda sock: None), trusting(tls_files.ca, max_version="1.2"))
    assert stream.info.version == "TLSv1.2"
    stream.close()


def test_an_unknown_authority_is_refused_with_what_would_help(tls_server: Serve) -> None:
    with pytest.raises(VerifyError, match="throwaway CA") as caught:
        dial(tls_server(lambda sock: None), Tls(mode="implicit"))
    assert caught.value.code == 274
    assert "tls.ca" in str(caught.value.hint)
    assert caught.value.stage == "certificate"


def test_all_reasons_are_told_at_once(tls_server: Serve) -> None:
    with pytest.raises(VerifyError, match=r"throwaway CA.*not for mail\.example"):
        dial(tls_server(lambda sock: None), Tls(mode="implicit"), host="mail.example")


def test_a_certificate_is_published_whatever_becomes_of_it(tls_server: Serve, tls_files: TlsFiles) -> None:
    heard: list[ServerCertificate] = []

    class Listen(Sink):
        def __call__(self, stamped: Stamped) -> None:
            if isinstance(stamped.event, ServerCertificate):
                heard.append(stamped.event)

    publish = Publish([Listen()])
    dial(tls_server(lambda sock: None), trusting(tls_files.ca), publish=publish).close()
    with pytest.raises(VerifyError):
        dial(tls_server(lambda sock: None), trusting(tls_files.ca), host="other.example", publish=publish)
    assert [(event.status == "OK", event.accept) for event in heard] == [(True, True), (False, False)]


def plain_server(say: bytes, wait: bool = False) -> tuple[int, threading.Thread]:
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        sock, _ = listener.accept()
        with listener, sock:
            sock.sendall(say)
            while wait and sock.recv(4096):
                pass
            if not wait:
                sock.recv(4096)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    return int(listener.getsockname()[1]), thread


def test_plain_smtp_on_a_tls_port_is_recognised() -> None:
    port, thread = plain_server(b"220 mail ESMTP\r\n", wait=True)
    with pytest.raises(TLSError, match="speaks plain SMTP") as caught:
        dial(port, Tls(mode="implicit"))
    assert "starttls" in str(caught.value.hint)
    thread.join(10)


def test_a_server_that_hangs_up_or_is_silent_in_the_handshake() -> None:
    port, thread = plain_server(b"")
    with pytest.raises(ConnectionLost):
        dial(port, Tls(mode="implicit"))
    thread.join(10)
    port, thread = plain_server(b"", wait=True)
    stream = connect("127.0.0.1", port, timeout=5)
    stream.deadline = Deadline("handshake", idle=0.1)
    with pytest.raises(TimedOut, match="handshake"):
        secure(stream, "localhost", Tls(mode="implicit"), Publish())
    stream.close()
    thread.join(10)


@pytest.mark.parametrize(
    "content", [b"", b"no certificate", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]
)
def test_a_file_without_certificates_is_refused_before_connecting(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "ca.pem"
    path.write_bytes(content)
    with pytest.raises(CertificateError, match=r"ca\.pem"):
        check_trust(trusting(path))


def test_text_around_certificates_is_ignored(tmp_path: Path, tls_files: TlsFiles) -> None:
    path = tmp_path / "ca.pem"
    path.write_bytes(b"# our CA\n" + tls_files.ca.read_bytes() + b"the end\n")
    check_trust(trusting(path))


def test_a_missing_file_and_an_unhashed_directory(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"no\.pem"):
        check_trust(trusting(tmp_path / "no.pem"))
    with pytest.raises(CertificateError, match="subject hash"):
        check_trust(Tls(ca=(CaSource(dir=tmp_path),)))


EXPECTED = {
    "valid": None,
    "ecdsa": None,
    "revoked": None,
    "expired": (280, "expired on"),
    "notyet": (280, "not valid before"),
    "wronghost": (280, "for other.example, not for localhost"),
    "wildcard": (280, "not for localhost"),
    "cnonly": (280, "names no host in subjectAltName"),
    "clientonly": (280, "not made for servers"),
    "selfsigned": (275, "signed by itself"),
    "otherca": (275, "not trusted here"),
    "nochain": (274, "not known here"),
    "weak": (275, "key that is too small"),
}


@pytest.mark.parametrize("name", EXPECTED)
def test_every_certificate_of_the_laboratory(lab: Lab, name: str) -> None:
    port = lab.facts["BAD_CERTS"][name]["implicit"]
    expected = EXPECTED[name]
    if expected is None:
        dial(port, trusting(lab.ca_file)).close()
        return
    with pytest.raises(VerifyError, match=expected[1]) as caught:
        dial(port, trusting(lab.ca_file))
    assert caught.value.code == expected[0]


@pytest.mark.parametrize(("name", "fits"), [("TLSv1", False), ("TLSv1.1", False), ("TLSv1.2", True), ("TLSv1.3", True)])
def test_old_versions_are_refused(lab: Lab, name: str, fits: bool) -> None:
    port = lab.facts["TLS_ONLY"][name]["implicit"]
    if fits:
        stream = dial(port, trusting(lab.ca_file))
        assert stream.info.version == name
        stream.close()
        return
    with pytest.raises(TLSError, match="version") as caught:
        dial(port, trusting(lab.ca_file))
    assert caught.value.code == 276
