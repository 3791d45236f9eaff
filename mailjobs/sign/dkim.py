"""DKIM (RFC 6376, RFC 8463): a header field that vouches for the others and for the body.

By hand on cryptography: dkimpy reads the key anew for each message and takes 9 ms, this takes what RSA takes.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import Any

# RFC 6376 section 5.4.1, and what readers act upon. Only those that are there are signed; From twice, so that no
# second one can be added (section 8.15).
SIGNED = (
    "from", "reply-to", "subject", "date", "to", "cc", "message-id", "in-reply-to", "references", "mime-version",
    "content-type", "content-transfer-encoding", "content-id", "content-description", "list-id", "list-unsubscribe",
    "list-unsubscribe-post", "auto-submitted",
)  # fmt: skip
_RUN = re.compile(rb"[ \t]+")
_AT_END = re.compile(rb" (?=\r\n)")
_WIDTH = 72


class DkimSigner:
    """Signs as `selector`._domainkey.`domain`, relaxed/relaxed. `key` is RSA of 1024 bits or more, or Ed25519.

    Raises ValueError for another key.
    """

    def __init__(self, domain: str, selector: str, key: Any) -> None:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
        from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

        if isinstance(key, RSAPrivateKey):
            if key.key_size < 1024:
                raise ValueError("an RSA key for DKIM has at least 1024 bits (RFC 8301)")
            self._algorithm = "rsa-sha256"
        elif isinstance(key, Ed25519PrivateKey):
            self._algorithm = "ed25519-sha256"
        else:
            raise ValueError("a key for DKIM is RSA or Ed25519")  # noqa: TRY004 - a value of the job, not a bug
        self._key = key
        self._domain = domain
        self._selector = selector

    def field(self, head: bytes, body: Iterable[bytes], time: int) -> str:
        """The line or lines of DKIM-Signature for a message. `time` is in seconds since 1970 UTC."""
        fields = _fields(head)
        names = [name for name in SIGNED for found, _ in fields if found == name]
        values = [
            f"v=1; a={self._algorithm}; c=relaxed/relaxed; d={self._domain};",
            f"s={self._selector}; t={time};",
            *_wrapped("h=", ["from", *names], ":"),
            f"bh={b64encode(body_hash(body)).decode()};",
            "b=",
        ]
        unsigned = "\r\n ".join([f"DKIM-Signature: {values[0]}", *values[1:]])
        signature = b64encode(self._signed(fields, ["from", *names], unsigned)).decode()
        pieces = [signature[at : at + _WIDTH] for at in range(0, len(signature), _WIDTH)]
        return unsigned + "\r\n ".join(pieces) + "\r\n"

    def _signed(self, fields: Sequence[tuple[str, bytes]], names: Sequence[str], unsigned: str) -> bytes:
        """The signature over the fields from the bottom up (section 5.4.2), and over its own field without b=."""
        left = list(fields)
        told: list[bytes] = []
        for name in names:
            at = next((index for index in reversed(range(len(left))) if left[index][0] == name), None)
            if at is not None:
                told.append(left.pop(at)[1] + b"\r\n")
        own = relaxed_field(unsigned.encode())
        data = b"".join(told) + own
        if self._algorithm == "ed25519-sha256":
            return bytes(self._key.sign(sha256(data).digest()))
        from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
        from cryptography.hazmat.primitives.hashes import SHA256

        return bytes(self._key.sign(data, PKCS1v15(), SHA256()))


def _wrapped(begin: str, names: Sequence[str], separator: str) -> list[str]:
    lines = [begin]
    for index, name in enumerate(names):
        piece = name + (separator if index < len(names) - 1 else ";")
        if len(lines[-1]) + len(piece) > _WIDTH:
            lines.append("")
        lines[-1] += piece
    return lines


def _fields(head: bytes) -> list[tuple[str, bytes]]:
    """The fields of a head: names in small letters, and their relaxed form."""
    unfolded = re.sub(rb"\r\n(?=[ \t])", b"", head)
    lines = [line for line in unfolded.split(b"\r\n") if line]
    return [(line.partition(b":")[0].strip().decode("ascii", "replace").lower(), relaxed_field(line)) for line in lines]


def relaxed_field(line: bytes) -> bytes:
    """A field in relaxed form, without its line end (section 3.4.2)."""
    name, _, value = line.replace(b"\r\n", b"").partition(b":")
    return name.strip().lower() + b":" + _RUN.sub(b" ", value).strip(b" ")


def body_hash(chunks: Iterable[bytes]) -> bytes:
    """SHA-256 of a body in relaxed form (section 3.4.4), whatever the chunks are cut at."""
    digest = sha256()
    held, empty = b"", 0
    for chunk in chunks:
        held += chunk
        end = held.rfind(b"\r\n") + 2
        if end < 2:
            continue
        lines, held = held[:end], held[end:]
        empty = _tell(digest, lines, empty)
    if held:
        _tell(digest, held + b"\r\n", empty)
    return digest.digest()


def _tell(digest: Any, lines: bytes, empty: int) -> int:
    """Add whole lines but for empty ones at their end, which may turn out to be the last; how many wait."""
    lines = _AT_END.sub(b"", _RUN.sub(b" ", lines))
    told = lines
    waiting = 0
    while told.endswith(b"\r\n\r\n") or told == b"\r\n":
        told = told[:-2]
        waiting += 1
    if not told:
        return empty + waiting
    digest.update(b"\r\n" * empty + told)
    return waiting
