"""Secure a stream: shake hands, then see whether the server is who it should be.

Verification records every complaint and lets the handshake end; the verdict falls then, before a byte of SMTP, with
all reasons at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailjobs.errors import MailjobsError, TLSError, VerifyError
from mailjobs.events import Publish, TLSStatus
from mailjobs.model import Tls
from mailjobs.net.heard import Heard
from mailjobs.net.judge import judge
from mailjobs.net.resolve import ascii_host, is_address
from mailjobs.net.sessions import Kept, Sessions
from mailjobs.net.stream import Stream
from mailjobs.net.tls_info import Judged
from mailjobs.net.tls_stream import TlsStream
from mailjobs.net.trust import trusting_context

if TYPE_CHECKING:
    from OpenSSL import SSL


def secure(stream: Stream, host: str, tls: Tls, publish: Publish) -> TlsStream:
    """Shake hands over `stream` under its deadline, and see whether the server is `host`.

    Raises TLSError (VerifyError where the certificate is refused), ConnectionLost, TimedOut, each with host, address
    and port; JobError, CertificateError and FileError for what `check_trust` refuses; OutputError where keys cannot be
    logged. The stage is handshake or certificate. The stream stays open after an error.
    """
    name = certified_name(host)
    context = trusting_context(tls)
    sessions: Sessions = context.get_app_data()
    peer = (name, stream.peer.port)
    kept = sessions.of(peer) if tls.session_reuse else None
    heard = Heard(publish)
    secured = TlsStream(stream, _connection(context, name, heard, kept, tls))
    publish(TLSStatus(f"handshake with {name}"))
    try:
        secured.shake_hands(tls)
        judged = _judged(secured, name, tls, heard, kept)
    except MailjobsError as error:
        at = stream.peer
        error.within(stage="handshake", host=at.host, address=at.address, port=at.port)
        raise
    if tls.session_reuse:
        until = kept.until if kept is not None and judged.resumed else None
        secured.when_read(lambda session: sessions.keep(peer, session, judged.chain, until))
    if publish.wants(TLSStatus):
        again = ", session resumed" if judged.resumed else ""
        publish(TLSStatus(f"{secured.spoken}, {secured.connection.get_cipher_bits()} bits{again}"))
    return secured


def certified_name(host: str) -> str:
    """`host` as a certificate would name it: A-labels, no zone of an address, no final dot. Raises ResolveError."""
    name = ascii_host(host)
    return name.partition("%")[0] if is_address(name) else name.rstrip(".")


def _connection(context: SSL.Context, name: str, heard: Heard, kept: Kept | None, tls: Tls) -> SSL.Connection:
    from OpenSSL import SSL

    connection = SSL.Connection(context, None)
    connection.set_app_data(heard)
    connection.set_connect_state()
    if not is_address(name):  # RFC 6066 section 3: literal addresses are not sent
        connection.set_tlsext_host_name(name.encode())
    if tls.revocation.ocsp != "off":
        connection.request_ocsp()
    if kept is not None:
        connection.set_session(kept.session)
    return connection


def _judged(secured: TlsStream, host: str, tls: Tls, heard: Heard, kept: Kept | None) -> Judged:
    from cryptography import x509

    try:
        if heard.failure is not None:
            raise heard.failure
        _check_strength(secured.connection, tls)
        judged = judge(secured, host, tls, heard, kept)
    except (ValueError, x509.DuplicateExtension, x509.InvalidVersion, x509.UnsupportedGeneralNameType) as error:
        secured.say_goodbye()
        raise VerifyError(f"the server's certificate is malformed: {error}", stage="certificate") from None
    except MailjobsError:
        secured.say_goodbye()
        raise
    secured.judged = judged
    return judged


def _check_strength(connection: SSL.Connection, tls: Tls) -> None:
    bits = connection.get_cipher_bits() or 0
    if bits < tls.min_strength:
        raise TLSError(
            f"{connection.get_cipher_name()} has {bits} bits, and 'tls.min_strength' wants {tls.min_strength}",
            stage="handshake",
            hint="'tls.ciphers' with stronger ones alone, if the server has any",
        )
