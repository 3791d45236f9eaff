"""TLS over any stream: pyOpenSSL with memory BIOs, pumped over the stream below.

OpenSSL never sees a socket, so deadlines, and whatever lies between, stay those of the stream. Verification records
every complaint and lets the handshake end; the verdict falls then, before a byte of SMTP, with all reasons at once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mailjobs.errors import ConnectionLost, MailjobsError, TLSError
from mailjobs.events import Publish, ServerCertificate, TLSStatus
from mailjobs.model import Tls
from mailjobs.net.deadline import Deadline
from mailjobs.net.resolve import ascii_host, is_address
from mailjobs.net.stream import Peer, Stream
from mailjobs.net.trust import build_context, check_trust
from mailjobs.net.verdict import Finding, alt_names, verdict

if TYPE_CHECKING:
    from cryptography import x509
    from OpenSSL import SSL, crypto

PIECE = 256 * 1024

__all__ = ["TlsInfo", "TlsStream", "check_trust", "secure"]


@dataclass(frozen=True, slots=True)
class TlsInfo:
    """What was negotiated. `peer` describes the server's certificate, `chain` is PEM, the server's own first."""

    version: str
    cipher: str
    bits: int
    library: str
    peer: dict[str, Any]
    chain: list[str] = field(default_factory=list)


def secure(stream: Stream, host: str, tls: Tls, publish: Publish) -> TlsStream:
    """Shake hands over `stream` and see whether the server is `host`.

    Raises TLSError (VerifyError where the certificate is refused), ConnectionLost, TimedOut; the stage is handshake
    or certificate.
    """
    from OpenSSL import SSL

    findings: list[Finding] = []

    def heard(_: SSL.Connection, certificate: crypto.X509, number: int, depth: int, ok: int) -> bool:
        if not ok:
            findings.append(Finding(number, depth, certificate.to_cryptography()))
        return True

    name = ascii_host(host)
    connection = SSL.Connection(build_context(tls, heard), None)
    connection.set_connect_state()
    if not is_address(name):
        connection.set_tlsext_host_name(name.encode())
    publish(TLSStatus(f"handshake with {name}"))
    secured = TlsStream(stream, connection)
    secured.shake_hands()
    _judge(secured, findings, name, publish)
    publish(TLSStatus(f"{secured.info.version}, {secured.info.cipher}, {secured.info.bits} bits"))
    return secured


def _judge(secured: TlsStream, findings: list[Finding], host: str, publish: Publish) -> None:
    leaf = secured.certificate
    error = verdict(findings, leaf, host)
    if publish.wants(ServerCertificate):
        peer = secured.info.peer
        status = "OK" if error is None else error.message
        chain = secured.info.chain
        publish(ServerCertificate(peer["pem"], peer["subject"], peer["issuer"], status, error is None, chain))
    if error is not None:
        raise error


class TlsStream:
    """A stream through which plain bytes go in and out, and records over the stream below."""

    def __init__(self, below: Stream, connection: SSL.Connection) -> None:
        self._below = below
        self._connection = connection
        self._first = b""
        self._info: TlsInfo | None = None

    @property
    def peer(self) -> Peer:
        """The two ends, which are those of the stream below."""
        return self._below.peer

    @peer.setter
    def peer(self, peer: Peer) -> None:
        self._below.peer = peer

    @property
    def deadline(self) -> Deadline:
        """The deadline, which is that of the stream below."""
        return self._below.deadline

    @deadline.setter
    def deadline(self, deadline: Deadline) -> None:
        self._below.deadline = deadline

    @property
    def certificate(self) -> x509.Certificate:
        """The server's certificate. Raises TLSError where it showed none."""
        leaf = self._connection.get_peer_certificate(as_cryptography=True)
        if leaf is None:
            raise TLSError("the server showed no certificate", code=282, stage="certificate")
        return leaf

    @property
    def info(self) -> TlsInfo:
        """What was negotiated."""
        if self._info is None:
            self._info = _describe(self._connection, self.certificate)
        return self._info

    def shake_hands(self) -> None:
        """The handshake. Raises TLSError, ConnectionLost, TimedOut."""
        from OpenSSL import SSL

        try:
            while not self._handshake_done():
                self._flush(_ignore)
                data = self._pump()
                self._first = self._first or data
        except SSL.Error as error:
            self._flush_alert()
            raise _handshake_error(error, self._first) from None
        self._flush(_ignore)

    def _handshake_done(self) -> bool:
        from OpenSSL import SSL

        try:
            self._connection.do_handshake()
        except SSL.WantReadError:
            return False
        return True

    def _pump(self) -> bytes:
        """Move bytes from below into OpenSSL; they are returned too. Raises ConnectionLost at the end of the stream."""
        data = self._below.read()
        if not data:
            raise ConnectionLost("the server closed the connection during the TLS handshake", stage="handshake")
        self._connection.bio_write(data)
        return data

    def write(self, data: bytes, receive: Callable[[bytes], None]) -> None:
        """Encrypt and write all, in few and large calls; each call into OpenSSL lets go of the interpreter's lock."""
        view = memoryview(data)
        for start in range(0, len(view), PIECE):
            piece = view[start : start + PIECE]
            while piece:
                piece = piece[self._connection.send(bytes(piece)) :]
            self._flush(receive)

    def _flush(self, receive: Callable[[bytes], None]) -> None:
        """Send what OpenSSL has to say."""
        from OpenSSL import SSL

        out = []
        try:
            while True:
                out.append(self._connection.bio_read(PIECE))
        except SSL.WantReadError:
            pass
        if out:
            self._below.write(b"".join(out), lambda data: self._take(data, receive))

    def _take(self, data: bytes, receive: Callable[[bytes], None]) -> None:
        self._connection.bio_write(data)
        plain = self._decrypted()
        if plain:
            receive(plain)

    def _flush_alert(self) -> None:
        try:
            self._flush(_ignore)
        except MailjobsError:
            return  # the failure that is being told caused it

    def read(self) -> bytes:
        """At least one byte, none at the end."""
        while True:
            plain = self._decrypted()
            if plain is None:
                return b""
            if plain:
                return plain
            data = self._below.read()
            if not data:
                return b""
            self._connection.bio_write(data)

    def _decrypted(self) -> bytes | None:
        """What can be decrypted now; None after the server's close_notify. Raises TLSError 284."""
        from OpenSSL import SSL

        found: list[bytes] = []
        try:
            while True:
                found.append(self._connection.recv(PIECE))
        except SSL.WantReadError:
            return b"".join(found)
        except SSL.ZeroReturnError:
            return b"".join(found) or None
        except SSL.Error as error:
            if found:
                return b"".join(found)
            raise TLSError(f"what the server sent does not decrypt: {_words(error)}", code=284) from None

    def close(self, abort: bool = False) -> None:
        """Say close_notify, without waiting for the other side's, and close."""
        from OpenSSL import SSL

        try:
            if not abort:
                self._connection.shutdown()
                self._flush(_ignore)
        except (SSL.Error, MailjobsError):
            pass  # it is closed all the same
        finally:
            self._below.close(abort)


def _ignore(_: bytes) -> None:
    """Nothing is expected here."""


def _words(error: SSL.Error) -> str:
    """OpenSSL's reason, which is the last word of the last entry of its queue."""
    entries = error.args[0] if error.args and isinstance(error.args[0], list) else []
    return str(entries[-1][-1]) if entries else (str(error) or type(error).__name__)


def _handshake_error(error: SSL.Error, first: bytes) -> TLSError:
    words = _words(error)
    if first[:3].isdigit() and first[3:4] in (b" ", b"-"):
        return TLSError(
            "the server speaks plain SMTP on this port, not TLS",
            stage="handshake",
            hint="'tls: starttls', which secures the connection after the greeting",
        )
    hint = "the server and this job have no TLS version in common" if "version" in words else None
    return TLSError(f"the TLS handshake failed: {words}", stage="handshake", hint=hint)


def _describe(connection: SSL.Connection, leaf: x509.Certificate) -> TlsInfo:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.serialization import Encoding
    from OpenSSL import SSL

    def pem(certificate: x509.Certificate) -> str:
        return certificate.public_bytes(Encoding.PEM).decode()

    peer = {
        "subject": leaf.subject.rfc4514_string(),
        "issuer": leaf.issuer.rfc4514_string(),
        "not_before": leaf.not_valid_before_utc.isoformat(),
        "not_after": leaf.not_valid_after_utc.isoformat(),
        "serial": f"{leaf.serial_number:X}",
        "alt_names": alt_names(leaf),
        "sha256": leaf.fingerprint(hashes.SHA256()).hex(":"),
        "pem": pem(leaf),
    }
    chain = [pem(certificate) for certificate in connection.get_peer_cert_chain(as_cryptography=True) or ()]
    library = SSL.OpenSSL_version(SSL.OPENSSL_VERSION).decode()
    cipher = connection.get_cipher_name() or ""
    version = connection.get_protocol_version_name()
    return TlsInfo(version, cipher, connection.get_cipher_bits() or 0, library, peer, chain)
