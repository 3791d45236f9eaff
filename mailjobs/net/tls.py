"""Secure a stream: shake hands, then see whether the server is who it should be.

Verification records every complaint and lets the handshake end; the verdict falls then, before a byte of SMTP, with
all reasons at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailjobs.errors import MailjobsError, TLSError, VerifyError
from mailjobs.events import Publish, ServerCertificate, TLSStatus
from mailjobs.model import Tls
from mailjobs.net.certificate import describe
from mailjobs.net.resolve import ascii_host, is_address
from mailjobs.net.stream import Stream
from mailjobs.net.tls_info import sent_chain
from mailjobs.net.tls_stream import TlsStream
from mailjobs.net.trust import trusting_context
from mailjobs.net.verdict import Finding, verdict

if TYPE_CHECKING:
    from OpenSSL import SSL


def secure(stream: Stream, host: str, tls: Tls, publish: Publish) -> TlsStream:
    """Shake hands over `stream` under its deadline, and see whether the server is `host`.

    Raises TLSError (VerifyError where the certificate is refused), ConnectionLost, TimedOut, each with host, address
    and port; CertificateError and FileError where `tls.ca` cannot be read. The stage is handshake or certificate.
    The stream stays open after an error.
    """
    name = certified_name(host)
    connection = _connection(tls, name)
    secured = TlsStream(stream, connection)
    publish(TLSStatus(f"handshake with {name}"))
    try:
        secured.shake_hands(tls)
        _judge(secured, connection, name, publish)
    except MailjobsError as error:
        peer = stream.peer
        error.within(stage="handshake", host=peer.host, address=peer.address, port=peer.port)
        raise
    if publish.wants(TLSStatus):
        publish(TLSStatus(f"{secured.info.version}, {secured.info.cipher}, {secured.info.bits} bits"))
    return secured


def certified_name(host: str) -> str:
    """`host` as a certificate would name it: A-labels, no zone of an address, no final dot. Raises ResolveError."""
    name = ascii_host(host)
    return name.partition("%")[0] if is_address(name) else name.rstrip(".")


def _connection(tls: Tls, name: str) -> SSL.Connection:
    from OpenSSL import SSL

    connection = SSL.Connection(trusting_context(tls), None)
    connection.set_app_data([])  # the findings
    connection.set_connect_state()
    if not is_address(name):  # RFC 6066 section 3: literal addresses are not sent
        connection.set_tlsext_host_name(name.encode())
    return connection


def _judge(secured: TlsStream, connection: SSL.Connection, host: str, publish: Publish) -> None:
    from cryptography import x509

    try:
        _verify(connection, host, publish)
    except (ValueError, x509.DuplicateExtension, x509.InvalidVersion, x509.UnsupportedGeneralNameType) as error:
        secured.say_goodbye()
        raise VerifyError(f"the server's certificate is malformed: {error}", stage="certificate") from None
    except TLSError:
        secured.say_goodbye()
        raise


def _verify(connection: SSL.Connection, host: str, publish: Publish) -> None:
    findings: list[Finding] = connection.get_app_data()
    leaf = connection.get_peer_certificate(as_cryptography=True)
    if leaf is None:
        raise TLSError("the server showed no certificate", code=282, stage="certificate")
    error = verdict(findings, leaf, host)
    if publish.wants(ServerCertificate):
        peer = describe(leaf)
        status = "OK" if error is None else error.message
        shown = (peer["pem"], peer["subject"], peer["issuer"], status, error is None, sent_chain(connection))
        publish(ServerCertificate(*shown))
    if error is not None:
        raise error
