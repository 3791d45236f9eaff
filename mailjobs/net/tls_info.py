"""What was negotiated."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, Any

from mailjobs.frozen import frozen
from mailjobs.net.certificate import describe
from mailjobs.net.cipher_names import iana_name
from mailjobs.net.key_exchange import key_exchange

if TYPE_CHECKING:
    from cryptography import x509
    from OpenSSL import SSL


@frozen
class Judged:
    """What was found of the server's certificate: the chain, and whether a session was resumed.

    `accepted` is None where `tls.accept` says nothing, else whether the private key lies beside what it names.
    """

    chain: list[x509.Certificate]
    resumed: bool = False
    accepted: bool | None = None


@frozen
class TlsInfo:
    """`version` is such as "TLSv1.3", `cipher` OpenSSL's name, `cipher_suite` IANA's, `library` OpenSSL's version.

    `key_exchange` is the group ("x25519"), or "RSA"; `key_exchange_bits` those of its key (None where that has no
    such number). `peer` describes the server's certificate (see `certs.describe`). `chain` describes likewise, the
    server's own certificate first: up to the authority that is trusted where it leads to one, else what was sent.
    `client` describes our own certificate, and `accepted` the server's where `tls.accept` names it,
    with `has_private_key` as of the file there.
    """

    version: str
    cipher: str
    cipher_suite: str
    bits: int
    key_exchange: str | None
    key_exchange_bits: int | None
    resumed: bool
    library: str
    peer: dict[str, Any]
    chain: list[dict[str, Any]] = field(default_factory=list)
    client: dict[str, Any] | None = None
    accepted: dict[str, Any] | None = None


def inform(connection: SSL.Connection, heard: bytes, judged: Judged) -> TlsInfo:
    """What `connection` has negotiated; `heard` is how the server began. Raises ValueError for a bad certificate."""
    from OpenSSL import SSL

    leaf = connection.get_peer_certificate(as_cryptography=True)
    own = connection.get_certificate(as_cryptography=True)
    assert leaf is not None, "a server without a certificate was refused"
    cipher, peer = connection.get_cipher_name() or "", describe(leaf)
    exchange, exchange_bits = key_exchange(connection, leaf, heard)
    return TlsInfo(
        version=connection.get_protocol_version_name(),
        cipher=cipher,
        cipher_suite=iana_name(cipher),
        bits=connection.get_cipher_bits() or 0,
        key_exchange=exchange,
        key_exchange_bits=exchange_bits,
        resumed=judged.resumed,
        library=SSL.OpenSSL_version(SSL.OPENSSL_VERSION).decode(),
        peer=peer,
        chain=[describe(certificate) for certificate in judged.chain],
        client=describe(own, has_private_key=True) if own is not None else None,
        accepted=peer | {"has_private_key": judged.accepted} if judged.accepted is not None else None,
    )
