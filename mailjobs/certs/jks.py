"""JKS, the old store of Java, versions 1 and 2: keys with their chains, and certificates that are trusted.

Each key is protected by a cipher of its own (a chain of SHA-1), the whole by a digest over password and content.
Certificates can be read without the password; the digest is then not checked, and keys are locked.
"""

from __future__ import annotations

from hashlib import sha1
from hmac import compare_digest
from typing import TYPE_CHECKING, Any

from mailjobs.certs import der
from mailjobs.certs.entry import Entry, Locked, public_of
from mailjobs.certs.loading import LOCKED, MAX_KEYS, certificate, from_der
from mailjobs.certs.unreadable import TRUNCATED, Unreadable, wrong_password

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

MAGIC = b"\xfe\xed\xfe\xed"
KEY, TRUSTED = 1, 2
WHITENER = b"Mighty Aphrodite"
SIZE = 20  # of SHA-1
OTHER = Locked(
    "the key has another password than the store", "keytool -keypasswd -alias NAME gives it that of the store"
)


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self.at = len(MAGIC)

    def take(self, size: int) -> bytes:
        piece = self._data[self.at : self.at + size]
        if len(piece) < size:
            raise Unreadable(TRUNCATED)
        self.at += size
        return piece

    def number(self, size: int = 4) -> int:
        return int.from_bytes(self.take(size))

    def text(self) -> str:
        return self.take(self.number(2)).decode("utf-8", "replace")


def read(data: bytes, password: bytes | None) -> list[Entry]:
    """The entries in their order, keys first. Raises Unreadable."""
    reader = _Reader(data)
    version, count = reader.number(), reader.number()
    if version not in (1, 2):
        raise Unreadable(f"it is a JKS of version {version}, which is not known")
    secret = password.decode("utf-8", "replace").encode("utf-16-be") if password is not None else None
    waiting: list[tuple[str, bytes | None, list[Certificate]]] = []
    for _ in range(count):  # each takes octets, so a count beyond reason ends where the octets do
        waiting.append(_entry(reader, version))
        if sum(key is not None for _, key, _ in waiting) > MAX_KEYS:
            raise Unreadable(f"it holds more than {MAX_KEYS} private keys")
    _check(data, reader, secret)
    entries = [_made(alias, key, chain, secret) for alias, key, chain in waiting]
    if not entries:
        raise Unreadable("it holds no certificate and no key")
    return sorted(entries, key=lambda entry: not entry.has_key)


def _entry(reader: _Reader, version: int) -> tuple[str, bytes | None, list[Certificate]]:
    tag, alias = reader.number(), reader.text()
    reader.take(8)  # when it was made
    if tag == TRUSTED:
        return alias, None, [_certificate(reader, version)]
    if tag != KEY:
        raise Unreadable(f"its entry '{alias[:40]}' is of the kind {tag}, which is not known")
    key = reader.take(reader.number())
    chain = [_certificate(reader, version) for _ in range(reader.number())]
    return alias, key, chain


def _certificate(reader: _Reader, version: int) -> Certificate:
    kind = reader.text() if version == 2 else "X.509"
    octets = reader.take(reader.number())
    if kind not in ("X.509", "X509"):
        raise Unreadable(f"it holds a certificate of the kind {kind[:40]!r}, which is not known")
    return certificate(octets)


def _check(data: bytes, reader: _Reader, secret: bytes | None) -> None:
    content, digest = data[: reader.at], reader.take(SIZE)
    if reader.at < len(data):
        raise Unreadable(f"{len(data) - reader.at} octets stand behind its end", "is it two files in one?")
    if secret is not None and not compare_digest(_sha1(secret + WHITENER + content), digest):
        raise wrong_password(sure=False)


def _made(alias: str, key: bytes | None, chain: list[Certificate], secret: bytes | None) -> Entry:
    own = chain[0] if chain else None
    opened: Any = None if key is None else LOCKED if secret is None else _opened(key, secret)
    public = public_of(own) if own else getattr(opened, "public_key", lambda: None)()
    return Entry(own, opened, public, alias, tuple(chain[1:]))


def _opened(protected: bytes, secret: bytes) -> Any:
    """The key within EncryptedPrivateKeyInfo: 20 octets of salt, the key under a stream, 20 octets of digest."""
    der.whole(protected)
    parts = der.first(protected, der.element(protected), 2)
    octets = protected[parts[1].start : parts[1].end] if len(parts) == 2 else b""
    if len(octets) <= 2 * SIZE:
        raise Unreadable("a private key is damaged")
    salt, hidden, digest = octets[:SIZE], octets[SIZE:-SIZE], octets[-SIZE:]
    pieces: list[bytes] = []
    last = salt
    while len(pieces) * SIZE < len(hidden):
        last = _sha1(secret + last)
        pieces.append(last)
    stream = b"".join(pieces)[: len(hidden)]
    plain = (int.from_bytes(hidden) ^ int.from_bytes(stream)).to_bytes(len(hidden))
    if not compare_digest(_sha1(secret + plain), digest):
        return OTHER
    return from_der(plain, None, False)


def _sha1(data: bytes) -> bytes:
    return sha1(data, usedforsecurity=False).digest()
