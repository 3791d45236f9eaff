"""The other side of a connection: threads on loopback, TLS in memory, and throwaway authorities."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from mailjobs.events import Event, Publish, Sink, Stamped
from mailjobs.model import CaSource, Tls
from mailjobs.net import Deadline, Peer, connect
from mailjobs.net.tls import secure
from mailjobs.net.tls_stream import TlsStream
from tests.fixtures.scripted import TlsFiles

PATIENCE = 20  # seconds until what hangs is a failure
MUCH = 5_000_000  # more than the buffers of both sides hold


class Peers:
    """Threads that each accept one connection on a port of their own."""

    def __init__(self) -> None:
        self._threads: list[threading.Thread] = []
        self._failures: list[Exception] = []

    def serve(self, talk: Callable[[socket.socket], object], tls: TlsFiles | None = None) -> int:
        """Let `talk` have the next connection, over TLS where `tls` is given; the port."""
        listener = socket.create_server(("127.0.0.1", 0))

        def run() -> None:
            try:
                sock, _ = listener.accept()
                sock.settimeout(PATIENCE)
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # or a reset may overtake its last words
                with listener, sock if tls is None else server_context(tls).wrap_socket(sock, server_side=True) as end:
                    talk(end)
            except (ssl.SSLError, ConnectionError):
                return  # the client left, which its side of the test asserts
            except Exception as error:
                self._failures.append(error)

        self._threads.append(threading.Thread(target=run, daemon=True))
        self._threads[-1].start()
        return int(listener.getsockname()[1])

    def finish(self) -> None:
        """Every thread has come to its end, and none has failed."""
        for thread in self._threads:
            thread.join(PATIENCE)
            assert not thread.is_alive(), "the other side does not end"
        assert not self._failures, self._failures


def server_context(files: TlsFiles, *, ask: bool = False) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files.certificate, files.key)
    if ask:
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def take(sock: socket.socket, number: int) -> None:
    while number:
        data = sock.recv(min(number, 65536))
        assert data, f"{number} bytes are missing"
        number -= len(data)


class MemoryServer:
    """A TLS server in memory, as the stream below a TlsStream. Its answer to each piece of content is `answer`.

    The client reads `step` bytes at a time; at the end of what there is, the stream ends.
    """

    def __init__(self, files: TlsFiles, *, step: int = 65536, answer: bytes = b"", ask: bool = False) -> None:
        self.deadline = Deadline("memory")
        self.peer = Peer("localhost", "127.0.0.1", 25, "127.0.0.1", 40000)
        self.received = b""
        self.outgoing = b""
        self.closed: bool | None = None
        self._step = step
        self._answer = answer
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = server_context(files, ask=ask).wrap_bio(self._in, self._out, server_side=True)
        self._established = False

    def write(self, data: bytes, receive: Callable[[bytes], None]) -> None:
        """Take what the client writes; what it is answered while it writes comes at once."""
        self._in.write(data)
        with suppress(ssl.SSLError):  # its alert is in `outgoing`
            self._work()
        self.outgoing += self._out.read()
        if self._established and self._answer and self.outgoing:
            now, self.outgoing = self.outgoing, b""
            receive(now)

    def _work(self) -> None:
        try:
            if not self._established:
                self._tls.do_handshake()
                self._established = True
            while data := self._tls.read(65536):
                self.received += data
                self._tls.write(self._answer) if self._answer else None
        except ssl.SSLWantReadError:
            return

    def say(self, data: bytes) -> None:
        """Send content."""
        self._tls.write(data)
        self.outgoing += self._out.read()

    def bye(self) -> None:
        """Send close_notify."""
        try:
            self._tls.unwrap()
        except ssl.SSLWantReadError:
            self.outgoing += self._out.read()

    def said_bye(self) -> bool:
        """Whether the client has sent close_notify."""
        try:
            return self._tls.read(1) == b""
        except ssl.SSLZeroReturnError:
            return True
        except ssl.SSLWantReadError:
            return False

    def poll(self, receive: Callable[[bytes], None]) -> None:
        """Give what is there."""
        if self.outgoing:
            receive(self.read())

    def read(self) -> bytes:
        piece, self.outgoing = self.outgoing[: self._step], self.outgoing[self._step :]
        return piece

    def cut(self) -> None:
        self.closed = True

    def close(self, abort: bool = False) -> None:
        self.closed = abort


class Authority:
    """A certificate authority; below another one where `above` is given."""

    def __init__(
        self,
        name: str,
        above: Authority | None = None,
        days: int = 1,
        *,
        limits: Sequence[x509.ExtensionType] = (),
        ca: bool = True,
    ) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        self._chain = b""
        self.pem = b""
        signer = above or self
        certificate = signer._sign(
            self._name,
            self._key.public_key(),
            days,
            [(one, True) for one in (x509.BasicConstraints(ca, None), *limits)],
        )
        self.certificate = certificate
        self.pem = certificate.public_bytes(Encoding.PEM)
        self._chain = self.pem + above._chain if above else b""

    def issue(
        self,
        folder: Path,
        *names: str,
        common_name: str = "localhost",
        days: float = 1,
        extension: x509.ExtensionType | None = None,
        critical: Sequence[x509.ExtensionType] = (),
    ) -> TlsFiles:
        """A server's certificate for `names` that ends in `days`; `extension` stands for that of the names."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, common_name)])
        extension = extension or x509.SubjectAlternativeName([general_name(name) for name in names])
        extensions = [(extension, False), *((one, True) for one in critical)]
        return self._files(folder, self._sign(subject, key.public_key(), days, extensions), key)

    def _files(self, folder: Path, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> TlsFiles:
        files = TlsFiles(folder / "ca.pem", folder / "cert.pem", folder / "key.pem")
        files.ca.write_bytes(self.pem)
        files.certificate.write_bytes(certificate.public_bytes(Encoding.PEM) + self._chain)
        files.key.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        return files

    def _sign(
        self,
        subject: x509.Name,
        key: ec.EllipticCurvePublicKey,
        days: float,
        extensions: list[tuple[x509.ExtensionType, bool]],
    ) -> x509.Certificate:
        now = datetime.now(UTC)
        builder = x509.CertificateBuilder(self._name, subject, key, x509.random_serial_number())
        builder = builder.not_valid_before(now - timedelta(days=90)).not_valid_after(now + timedelta(days=days))
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical=critical)
        return builder.sign(self._key, hashes.SHA256())


def general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


class Listen(Sink):
    """Keeps every event."""

    def __init__(self) -> None:
        self.heard: list[Event] = []

    def __call__(self, stamped: Stamped) -> None:
        self.heard.append(stamped.event)


def trusting(path: Path, **more: object) -> Tls:
    return Tls(mode="implicit", ca=(CaSource(file=path),), **more)


def dial(port: int, tls: Tls, host: str = "localhost", publish: Publish | None = None) -> TlsStream:
    """A secured stream to `port`; nothing stays open where that fails."""
    stream = connect("127.0.0.1", port, timeout=PATIENCE)
    stream.deadline = Deadline("handshake", idle=PATIENCE)
    try:
        secured = secure(stream, host, tls, publish or Publish())
    except BaseException:
        stream.close()
        raise
    secured.deadline = Deadline("test", idle=PATIENCE)
    return secured
