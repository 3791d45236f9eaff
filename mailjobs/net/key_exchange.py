"""How the keys of a connection were agreed on: the group, and the bits of its key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailjobs.net.algorithms import GROUPS

if TYPE_CHECKING:
    from cryptography import x509
    from OpenSSL import SSL

HANDSHAKE, SERVER_KEY_EXCHANGE = 22, 12
FFDHE = {2048: "ffdhe2048", 3072: "ffdhe3072", 4096: "ffdhe4096", 6144: "ffdhe6144", 8192: "ffdhe8192"}
FFDHE_BEGINS = bytes.fromhex("ffffffffffffffffadf85458a2bb4a9a")  # of every prime in RFC 7919

KeyExchange = tuple[str | None, int | None]


def key_exchange(connection: SSL.Connection, leaf: x509.Certificate, heard: bytes) -> KeyExchange:
    """IANA's name of the group and the bits of the temporary key; "RSA" and those of the certificate's key where the
    secret was sent under that; "DHE" where the group has no name. `heard` is what the server sent in the handshake.
    """
    cipher = connection.get_cipher_name() or ""
    if not cipher.startswith(("TLS_", "ECDHE-", "DHE-")):
        return "RSA", getattr(leaf.public_key(), "key_size", None)
    if cipher.startswith("DHE-"):
        return _finite_field(heard)
    name = connection.get_group_name()
    return name, GROUPS.get(name) if name else None


def _finite_field(heard: bytes) -> KeyExchange:
    """OpenSSL does not tell the group, so the prime is looked at (RFC 5246 section 7.4.3)."""
    message = _server_key_exchange(heard)
    if message is None:  # a session was resumed
        return "DHE", None
    size = int.from_bytes(message[:2])
    prime = message[2 : 2 + size].lstrip(b"\0")
    bits = int.from_bytes(prime).bit_length()
    return (FFDHE.get(bits, "DHE") if prime.startswith(FFDHE_BEGINS) else "DHE"), bits


def _server_key_exchange(heard: bytes) -> bytes | None:
    messages = _handshake(heard)
    at = 0
    while at + 4 <= len(messages):
        kind, size = messages[at], int.from_bytes(messages[at + 1 : at + 4])
        if kind == SERVER_KEY_EXCHANGE:
            return messages[at + 4 : at + 4 + size]
        at += 4 + size
    return None


def _handshake(records: bytes) -> bytes:
    """The messages of the handshake that came in clear, without the records around them."""
    pieces, at = [], 0
    while at + 5 <= len(records) and records[at] == HANDSHAKE:
        size = int.from_bytes(records[at + 3 : at + 5])
        pieces.append(records[at + 5 : at + 5 + size])
        at += 5 + size
    return b"".join(pieces)
