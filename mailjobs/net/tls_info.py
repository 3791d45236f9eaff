"""What was negotiated."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, Any

from mailjobs.frozen import frozen
from mailjobs.net.certificate import describe, pem

if TYPE_CHECKING:
    from OpenSSL import SSL


@frozen
class TlsInfo:
    """`version` is such as "TLSv1.3", `cipher` OpenSSL's name, `library` OpenSSL's version.

    `peer` describes the server's certificate: subject, issuer, not_before, not_after, serial, alt_names, sha256, pem.
    `chain` is PEM as the server sent it, its own certificate first.
    """

    version: str
    cipher: str
    bits: int
    library: str
    peer: dict[str, Any]
    chain: list[str] = field(default_factory=list)


def inform(connection: SSL.Connection) -> TlsInfo:
    """What `connection` has negotiated. Raises ValueError where a certificate cannot be read."""
    from OpenSSL import SSL

    leaf = connection.get_peer_certificate(as_cryptography=True)
    assert leaf is not None, "a server without a certificate was refused"
    return TlsInfo(
        version=connection.get_protocol_version_name(),
        cipher=connection.get_cipher_name() or "",
        bits=connection.get_cipher_bits() or 0,
        library=SSL.OpenSSL_version(SSL.OPENSSL_VERSION).decode(),
        peer=describe(leaf),
        chain=sent_chain(connection),
    )


def sent_chain(connection: SSL.Connection) -> list[str]:
    """The certificates that the server sent, as PEM, its own first."""
    return [pem(certificate) for certificate in connection.get_peer_cert_chain(as_cryptography=True) or ()]
