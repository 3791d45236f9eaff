"""Keys of SSH: public ones as lines or as RFC 4716 has them, private ones as OpenSSH writes them.

The public part of an encrypted key can be read without the password; opening it needs the package bcrypt.
"""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import Error
from typing import Any

from mailjobs.certs import wire
from mailjobs.certs.entry import Entry, Locked, key_entry
from mailjobs.certs.loading import private_key, reading
from mailjobs.certs.unreadable import GIVE_IT, TRUNCATED, Unreadable

PRIVATE = b"-----BEGIN OPENSSH PRIVATE KEY-----"
END = b"-----END OPENSSH PRIVATE KEY-----"
RFC4716 = b"---- BEGIN SSH2 PUBLIC KEY ----"
RFC4716_END = b"---- END SSH2 PUBLIC KEY ----"
MAGIC = b"openssh-key-v1\0"
KIND = r"(?:ssh|ecdsa|sk-ssh|sk-ecdsa)-[A-Za-z0-9@.-]{1,60}"
LINE = re.compile(rf"(?:[^#\s].*?\s)??({KIND})\s+([A-Za-z0-9+/=]+)(?:\s+(.*))?")
MAX_ROUNDS = 1024  # of bcrypt: some ten seconds
MAX_LINES = 1000


def read(data: bytes, password: bytes | None) -> list[Entry]:
    """Private keys, or public ones. Raises Unreadable."""
    if PRIVATE in data:
        return [private(data, password)]
    if RFC4716 in data:
        return [_rfc4716(data)]
    lines = [line.strip() for line in data.decode("utf-8", "replace").splitlines()]
    found = [line for line in lines if line and not line.startswith("#")]
    if len(found) > MAX_LINES:
        raise Unreadable(f"it holds more than {MAX_LINES} keys")
    return [_line(line) for line in found]


def _line(line: str) -> Entry:
    match = LINE.fullmatch(line[:20_000])
    if match is None:
        raise Unreadable("a line of it is no SSH key")
    kind = match[1]
    if "-cert-v" in kind:
        raise Unreadable("it is a certificate of OpenSSH, which is no X.509 certificate", "TLS takes X.509 alone")
    if kind.startswith("sk-"):
        raise Unreadable("its key lives on a security key of SSH, which TLS cannot use")
    blob = _base64(match[2].encode())
    if wire.Fields(blob).string() != kind.encode():
        raise Unreadable("it is damaged: the key is of another kind than its line says")
    return Entry(public=wire.public_key(blob), alias=match[3] or "")


def _rfc4716(data: bytes) -> Entry:
    inner = data.split(RFC4716, 1)[1]
    if RFC4716_END not in inner:
        raise Unreadable(TRUNCATED)
    lines = inner.split(RFC4716_END, 1)[0].replace(b"\\\r\n", b"").replace(b"\\\n", b"").splitlines()
    comment = next((line.split(b":", 1)[1] for line in lines if line.lower().startswith(b"comment:")), b"")
    blob = _base64(b"".join(line for line in lines if b":" not in line))
    return Entry(public=wire.public_key(blob), alias=comment.decode("utf-8", "replace").strip().strip('"'))


def private(data: bytes, password: bytes | None) -> Entry:
    """OpenSSH's private key. Raises Unreadable."""
    from cryptography.hazmat.primitives.serialization import load_ssh_private_key

    inner = data.split(PRIVATE, 1)[1]
    if END not in inner:
        raise Unreadable(TRUNCATED)
    body = inner.split(END, 1)[0]
    cipher, public = _head(_base64(body))
    if cipher == "none":
        return key_entry(private_key(data, None, False, load_ssh_private_key))
    if password is None:
        return key_entry(Locked("the key is encrypted, and there is no password", GIVE_IT, public))
    _need_bcrypt()
    whole = PRIVATE + body + END + b"\n"
    return key_entry(private_key(whole, password, True, load_ssh_private_key))


def _head(blob: bytes) -> tuple[str, Any]:
    """The cipher, and the public key, which nothing hides."""
    if not blob.startswith(MAGIC):
        raise Unreadable("it is damaged")
    fields = wire.Fields(blob[len(MAGIC) :])
    cipher, derivation, options = fields.string(), fields.string(), fields.string()
    if derivation == b"bcrypt":
        inner = wire.Fields(options)
        inner.string()
        rounds = inner.number()
        if rounds > MAX_ROUNDS:
            raise Unreadable(f"its password is to be hashed {rounds} times by bcrypt: more than {MAX_ROUNDS}")
    if fields.number() != 1:
        raise Unreadable("it holds several keys, of which OpenSSH itself writes one")
    return cipher.decode("ascii", "replace"), wire.public_key(fields.string())


def _need_bcrypt() -> None:
    try:
        import bcrypt  # noqa: F401 - cryptography asks for it
    except ImportError:
        from mailjobs.errors import SetupError

        hint = "pip install 'mailjobs[certs]'"
        raise SetupError("an encrypted key of OpenSSH needs an optional package", hint=hint) from None


def _base64(text: bytes) -> bytes:
    with reading("the key"):
        try:
            return b64decode(b"".join(text.split()), validate=True)
        except Error:
            raise Unreadable("it is damaged, or truncated: its key is no base64") from None
