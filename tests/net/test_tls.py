"""The handshake and the verdict, against the standard library's server."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509

from mailjobs.errors import ConnectionLost, ResolveError, TimedOut, TLSError, VerifyError
from mailjobs.events import Publish, ServerCertificate, TLSStatus
from mailjobs.model import Tls
from mailjobs.net import Deadline, Peer, connect
from mailjobs.net import judge as judge_module
from mailjobs.net.tls import secure
from tests.fixtures.scripted import TlsFiles
from tests.net.peers import PATIENCE, Authority, Listen, MemoryServer, Peers, dial, general_name, trusting


def judge(files: TlsFiles, host: str = "localhost", publish: Publish | None = None, tls: Tls | None = None) -> None:
    secure(MemoryServer(files), host, tls or trusting(files.ca), publish or Publish())


def refused(files: TlsFiles, host: str = "localhost", tls: Tls | None = None) -> VerifyError:
    with pytest.raises(VerifyError) as caught:
        judge(files, host, tls=tls)
    assert caught.value.stage == "certificate"
    assert caught.value.message.startswith("the server's certificate is")
    return caught.value


class PlainServer:
    """Answers a handshake with `said`, `step` bytes at a time."""

    def __init__(self, said: bytes, step: int = 65536) -> None:
        self.deadline = Deadline("handshake")
        self.peer = Peer("mail.example", "192.0.2.1", 465, "192.0.2.2", 40000)
        self._said, self._step = said, step

    def write(self, data: bytes, receive: Callable[[bytes], None]) -> None:
        assert data

    def poll(self, receive: Callable[[bytes], None]) -> None:
        raise AssertionError("a handshake waits for its answers")

    def read(self) -> bytes:
        piece, self._said = self._said[: self._step], self._said[self._step :]
        return piece

    def close(self, abort: bool = False) -> None:
        raise AssertionError("the stream is its owner's to close")


def test_what_was_negotiated_is_told(peers: Peers, tls_files: TlsFiles) -> None:
    stream = dial(peers.serve(lambda sock: sock.sendall(b"hi"), tls_files), trusting(tls_files.ca))
    assert stream.read() == b"hi"
    info = stream.info
    assert (info.version, info.bits in (128, 256)) == ("TLSv1.3", True)
    assert info.cipher.startswith("TLS_")
    assert info.library.startswith("OpenSSL ")
    assert info.peer["subject"] == "CN=localhost"
    assert info.peer["issuer"] == "CN=throwaway CA"
    assert info.peer["alt_names"]["dns"] == ["localhost"]
    assert info.peer["alt_names"]["ip"] == ["127.0.0.1"]
    assert info.peer["not_before"] < info.peer["not_after"]
    assert info.peer["not_after"].endswith("+00:00")
    assert info.peer["pem"] == tls_files.certificate.read_text() == info.chain[0]["pem"]
    der = ssl.PEM_cert_to_DER_cert(info.peer["pem"])
    assert info.peer["sha256"].replace(":", "") == __import__("hashlib").sha256(der).hexdigest()
    assert int(info.peer["serial"], 16) > 0
    stream.close()


@pytest.mark.parametrize(
    ("host", "sent"),
    [
        ("localhost", "localhost"),
        ("LOCALHOST.", "LOCALHOST"),
        ("127.0.0.1", None),
        ("bücher.example", "xn--bcher-kva.example"),
    ],
)
def test_names_are_sent_ahead_and_addresses_are_not(tls_files: TlsFiles, host: str, sent: str | None) -> None:
    names: list[str | None] = []

    class Asking(MemoryServer):
        def _work(self) -> None:
            self._tls.context.sni_callback = lambda _, name, __: names.append(name)
            super()._work()

    try:
        secure(Asking(tls_files), host, trusting(tls_files.ca), Publish())
    except VerifyError:
        assert host == "bücher.example"
    assert names == [sent]


@pytest.mark.parametrize(("version", "told"), [("1.2", "TLSv1.2"), ("1.3", "TLSv1.3")])
def test_the_job_bounds_the_version(tls_files: TlsFiles, version: str, told: str) -> None:
    tls = trusting(tls_files.ca, min_version=version, max_version=version)
    assert secure(MemoryServer(tls_files), "localhost", tls, Publish()).info.version == told


@pytest.mark.parametrize(
    "host",
    ["localhost", "LocalHost", "localhost.", "127.0.0.1", "a.lab.test", "xn--bcher-kva.test", "bücher.test",
     "::1", "[::1]", "::1%1"],
)  # fmt: skip
def test_names_in_the_alternative_names_are_good(tmp_path: Path, host: str) -> None:
    names = ("localhost", "127.0.0.1", "*.lab.test", "xn--bcher-kva.test", "::1")
    assert judge(Authority("CA").issue(tmp_path, *names), host) is None


@pytest.mark.parametrize("host", ["lab.test", "a.b.lab.test", "localhost.example", "127.0.0.2", "::2", "127.1"])
def test_other_names_are_not(tmp_path: Path, host: str) -> None:
    error = refused(Authority("CA").issue(tmp_path, "localhost", "127.0.0.1", "*.lab.test"), host)
    assert error.code == 280
    assert f"it is for localhost, 127.0.0.1, *.lab.test, not for {host}" in error.message
    assert "one of its names as 'host'; 'tls.allow: [wrong-host]' takes it all the same" in str(error.hint)


def test_a_name_that_no_certificate_can_have_is_refused(tls_files: TlsFiles) -> None:
    assert "exa!mple is no name that a certificate can be for" in refused(tls_files, "exa!mple").message
    with pytest.raises(ResolveError):
        judge(tls_files, "a\r\nb")


def test_many_names_are_not_all_told(tmp_path: Path) -> None:
    files = Authority("CA").issue(tmp_path, *(f"host{number}.test" for number in range(100)))
    message = refused(files).message
    assert "host4.test and 95 more, not for localhost" in message
    assert "host5.test" not in message


def test_an_unknown_authority_is_refused_with_what_would_help(tls_files: TlsFiles) -> None:
    error = refused(tls_files, tls=Tls(mode="implicit"))
    assert "CN=localhost is signed by CN=throwaway CA, which is not trusted here" in error.message
    assert (error.code, error.port, error.address) == (274, 25, "127.0.0.1")
    assert "'tls.ca'" in str(error.hint)


def test_all_reasons_are_told_at_once(tmp_path: Path, tls_files: TlsFiles) -> None:
    files = Authority("unknown CA").issue(tmp_path, "other.example", days=-30.5)
    error = refused(files, tls=trusting(tls_files.ca))
    for words in (
        "expired on ",
        "30 days ago",
        "unknown CA, which is not trusted here",
        "other.example, not for localhost",
    ):
        assert words in error.message
    assert error.code == 280
    assert error.message.count("unknown CA") == 1


@pytest.mark.parametrize(
    ("days", "words"), [(-0.001, "1 minute"), (-0.1, "2 hours"), (-1.5, "1 day"), (-3.5, "3 days")]
)
def test_how_long_ago_it_expired_is_told(tmp_path: Path, days: float, words: str) -> None:
    error = refused(Authority("CA").issue(tmp_path, "localhost", days=days))
    assert error.message.endswith(f", {words} ago")
    assert error.code == 280


def test_an_expired_authority_is_the_chain_s_fault(tmp_path: Path) -> None:
    root = Authority("root")
    files = Authority("between", root, days=-2).issue(tmp_path, "localhost")
    files.ca.write_bytes(root.pem)
    error = refused(files)
    assert "CN=between expired on" in error.message
    assert error.code == 275


def test_a_chain_over_an_authority_between_is_good(tmp_path: Path) -> None:
    root = Authority("root")
    files = Authority("between", root).issue(tmp_path, "localhost")
    files.ca.write_bytes(root.pem)
    assert judge(files) is None


def test_what_a_certificate_says_cannot_move_the_cursor(tmp_path: Path) -> None:
    files = Authority("CA\x1b[2J\r\n").issue(tmp_path, "localhost", common_name="evil\x1b[2J\nname", days=-2)
    error = refused(files, tls=Tls(mode="implicit"))
    assert "CN=evil?[2J?name expired" in error.message
    assert error.message.isprintable()


@pytest.mark.parametrize(
    "names",
    [b"\x30\x03\x82\x01\xff", b"\x30\x07\xa5\x05\xa1\x03\x0c\x01a"],
    ids=["a name that is no ASCII", "a kind of name that is not known"],
)
def test_a_certificate_that_cannot_be_read_is_refused(tmp_path: Path, names: bytes) -> None:
    broken = x509.UnrecognizedExtension(x509.SubjectAlternativeName.oid, names)
    server = MemoryServer(Authority("CA").issue(tmp_path, extension=broken))
    with pytest.raises(VerifyError, match="the server's certificate is malformed") as caught:
        secure(server, "localhost", trusting(tmp_path / "ca.pem"), Publish([Listen()]))
    assert (caught.value.code, caught.value.stage, caught.value.port) == (280, "certificate", 25)
    assert server.said_bye()


def test_a_refused_server_is_told_good_bye_and_nothing_else(tls_files: TlsFiles) -> None:
    server = MemoryServer(tls_files)
    with pytest.raises(VerifyError):
        secure(server, "other.example", trusting(tls_files.ca), Publish())
    assert server.said_bye()
    assert server.received == b""
    assert server.closed is None


def test_a_certificate_is_published_whatever_becomes_of_it(tls_files: TlsFiles) -> None:
    listen = Listen()
    judge(tls_files, publish=Publish([listen]))
    with pytest.raises(VerifyError):
        judge(tls_files, "other.example", publish=Publish([listen]))
    first, second = [event for event in listen.heard if isinstance(event, ServerCertificate)]
    assert (first.status, first.accept, first.subject, first.issuer) == ("OK", True, "CN=localhost", "CN=throwaway CA")
    assert (second.accept, second.chain) == (False, [first.pem])
    assert "not for other.example" in second.status


def test_the_handshake_is_published(tls_files: TlsFiles) -> None:
    listen = Listen()
    judge(tls_files, publish=Publish([listen]))
    told = [event.message for event in listen.heard if isinstance(event, TLSStatus)]
    assert told[0] == "handshake with localhost"
    assert told[1].startswith("TLSv1.3 TLS_")


def test_what_nobody_hears_is_not_built(tls_files: TlsFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judge_module, "describe", None)
    monkeypatch.setattr(judge_module, "pem", None)
    assert judge(tls_files) is None


@pytest.mark.parametrize("step", [1, 3, 65536])
@pytest.mark.parametrize("said", [b"220 mail ESMTP\x1b\r\n220 more", b"554-go\r\n554 away\r\n", b"421 busy\r\n"])
def test_plain_smtp_on_a_tls_port_is_recognised(said: bytes, step: int) -> None:
    with pytest.raises(TLSError, match="speaks plain SMTP on this port, not TLS") as caught:
        secure(PlainServer(said, step), "mail.example", Tls(mode="implicit"), Publish())
    error = caught.value
    assert (error.code, error.stage, error.host, error.port) == (276, "handshake", "mail.example", 465)
    assert "tls: starttls" in str(error.hint)
    assert "tls: none" in str(error.hint)
    assert error.message.isprintable()
    if step > 20:
        assert said[:6].decode() in error.message


def test_other_plain_text_is_shown_and_not_taken_for_smtp() -> None:
    with pytest.raises(TLSError, match=r"plain HTTP on this port, not TLS: 'HTTP/1.1 400 Bad Request'") as caught:
        secure(PlainServer(b"HTTP/1.1 400 Bad Request\r\n\r\n"), "mail.example", Tls(mode="implicit"), Publish())
    assert "web server" in str(caught.value.hint)
    with pytest.raises(TLSError, match=r"plain text on this port, not TLS: 'hello'") as caught:
        secure(PlainServer(b"hello\r\n"), "mail.example", Tls(mode="implicit"), Publish())
    assert caught.value.hint is None


def test_plain_text_after_starttls_is_not_a_matter_of_the_port() -> None:
    with pytest.raises(TLSError, match="goes on in plain text after STARTTLS: '250 ok'") as caught:
        secure(PlainServer(b"250 ok\r\n"), "mail.example", Tls(mode="starttls"), Publish())
    assert caught.value.hint is None


def test_the_words_of_a_server_that_hangs_up_on_the_handshake_are_told() -> None:
    class Busy(PlainServer):
        def write(self, data: bytes, receive: Callable[[bytes], None]) -> None:
            receive(b"421 too many\r\n")
            raise ConnectionLost("reset")

    with pytest.raises(TLSError, match="421 too many"):
        secure(Busy(b""), "mail.example", Tls(mode="implicit"), Publish())


def test_a_reset_without_words_is_a_lost_connection() -> None:
    class Rude(PlainServer):
        def write(self, data: bytes, receive: Callable[[bytes], None]) -> None:
            raise ConnectionLost("reset")

    with pytest.raises(ConnectionLost, match="reset") as caught:
        secure(Rude(b""), "mail.example", Tls(mode="implicit"), Publish())
    assert (caught.value.stage, caught.value.host) == ("handshake", "mail.example")


@pytest.mark.parametrize("said", [b"", b"\x16\x03\x03", b"\x16"])
def test_a_server_that_hangs_up_in_the_handshake(said: bytes) -> None:
    with pytest.raises(ConnectionLost, match="during the TLS handshake") as caught:
        secure(PlainServer(said), "mail.example", Tls(mode="implicit"), Publish())
    error = caught.value
    assert (error.stage, error.host, error.address, error.port) == ("handshake", "mail.example", "192.0.2.1", 465)


def test_a_server_that_is_silent_in_the_handshake(peers: Peers) -> None:
    left = threading.Event()
    stream = connect("127.0.0.1", peers.serve(lambda _: left.wait(PATIENCE)), timeout=PATIENCE)
    stream.deadline = Deadline("handshake", idle=0.05)
    with pytest.raises(TimedOut, match="at handshake") as caught:
        secure(stream, "localhost", Tls(mode="implicit"), Publish())
    left.set()
    stream.close()
    assert (caught.value.stage, caught.value.port) == ("handshake", stream.peer.port)


def test_a_handshake_of_garbage_is_refused() -> None:
    with pytest.raises(TLSError, match="handshake failed") as caught:
        secure(PlainServer(b"\x16\x03\x03\x00\x04????" * 10), "mail.example", Tls(mode="implicit"), Publish())
    assert (caught.value.code, type(caught.value)) == (276, TLSError)


def test_a_socket_that_is_not_ours_to_close_stays_open(peers: Peers, tls_files: TlsFiles) -> None:
    def talk(sock: socket.socket) -> None:
        sock.recv(1)

    stream = connect("127.0.0.1", peers.serve(talk, tls_files), timeout=PATIENCE)
    stream.deadline = Deadline("handshake", idle=PATIENCE)
    with pytest.raises(VerifyError):
        secure(stream, "other.example", trusting(tls_files.ca), Publish())
    assert stream._socket.fileno() > 0
    stream.close()


def test_names_are_made_as_a_test_writes_them() -> None:
    assert str(general_name("::1").value) == "::1"
