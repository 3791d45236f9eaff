"""A private key that stays in its PKCS #11 token. OpenSSL's provider pkcs11 signs with it, and takes it as PEM."""

from __future__ import annotations

from base64 import encodebytes
from dataclasses import field
from typing import Any
from urllib.parse import quote_from_bytes

from mailjobs.frozen import frozen
from mailjobs.secret import Secret

LABEL = "PKCS#11 PROVIDER URI"
KIND = b"PKCS#11 Provider URI v1.0"
SEQUENCE, UTF8, VISIBLE = 0x30, 0x0C, 0x1A


@frozen
class TokenKey:
    """`serial` is that of the token, `identity` the CKA_ID of the key; `public` is its public key."""

    serial: bytes
    identity: bytes
    pin: Secret | None = None
    public: Any = field(default=None, repr=False)

    def public_key(self) -> Any:
        """The public key, as those of cryptography give it."""
        return self.public

    def pem(self) -> bytes:
        """What the provider reads: a URI with the PIN in it, so it is never shown nor written. Raises SecretError."""
        uri = f"pkcs11:serial={quote_from_bytes(self.serial)};id={_every(self.identity)};type=private"
        if self.pin is not None:
            uri += f"?pin-value={_every(self.pin.reveal().encode())}"
        body = _wrapped(VISIBLE, KIND) + _wrapped(UTF8, uri.encode())
        text = encodebytes(_wrapped(SEQUENCE, body)).decode()
        return f"-----BEGIN {LABEL}-----\n{text}-----END {LABEL}-----\n".encode()


def _every(data: bytes) -> str:
    return "".join(f"%{octet:02X}" for octet in data)


def _wrapped(tag: int, content: bytes) -> bytes:
    size = len(content)
    length = bytes([size]) if size < 0x80 else b"\x82" + size.to_bytes(2)
    return bytes([tag]) + length + content
