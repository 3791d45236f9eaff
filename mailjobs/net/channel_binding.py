"""What ties a login to its TLS connection (RFC 5056), so that nobody between can pass it on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailjobs.errors import TLSError
from mailjobs.net.openssl import is_resumed
from mailjobs.net.stream import Stream

if TYPE_CHECKING:
    from OpenSSL import SSL

EXPORTER = b"EXPORTER-Channel-Binding"  # RFC 9266 section 2
EXPORTED = 32


def bound(stream: Stream, kind: str) -> tuple[str, bytes]:
    """The name and the data of the binding of `kind` to `stream`, which is a TLS stream.

    "auto" is tls-exporter on TLS 1.3 and tls-unique on TLS 1.2. Raises TLSError for a kind that this TLS does not have.
    """
    from mailjobs.net.tls_stream import TlsStream

    if not isinstance(stream, TlsStream):
        raise TLSError("a channel binding needs TLS", stage="AUTH")
    return stream.binding(kind)


def binding(connection: SSL.Connection, kind: str) -> tuple[str, bytes]:
    """As `bound`, of a connection after its handshake."""
    modern = connection.get_protocol_version_name() == "TLSv1.3"
    name = ("tls-exporter" if modern else "tls-unique") if kind == "auto" else kind
    if name == "tls-server-end-point":
        return name, _end_point(connection)
    if (name == "tls-exporter") is not modern:
        version = connection.get_protocol_version_name()
        raise TLSError(f"the channel binding {name} does not go with {version}", stage="AUTH", hint="auto fits both")
    return name, connection.export_keying_material(EXPORTER, EXPORTED, b"") if modern else _finished(connection)


def _finished(connection: SSL.Connection) -> bytes:
    """The first Finished of the handshake (RFC 5929 section 3): the client's, or the server's in a resumed session."""
    found = connection.get_peer_finished() if is_resumed(connection) else connection.get_finished()
    if not found:
        raise TLSError("the handshake has no Finished to bind to", stage="AUTH")
    return found


def _end_point(connection: SSL.Connection) -> bytes:
    """The server's certificate, hashed as its signature is; SHA-256 for MD5 and SHA-1 (RFC 5929 section 4.1)."""
    from cryptography.hazmat.primitives import hashes

    leaf = connection.get_peer_certificate(as_cryptography=True)
    assert leaf is not None, "a server without a certificate was refused"
    digest = leaf.signature_hash_algorithm
    if digest is None:
        raise TLSError("tls-server-end-point is not defined for a certificate signed without a hash", stage="AUTH")
    return leaf.fingerprint(hashes.SHA256() if digest.name in ("md5", "sha1") else digest)
