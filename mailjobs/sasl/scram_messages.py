"""What a SCRAM server says (RFC 5802 section 7), read within bounds."""

from __future__ import annotations

import re
from collections.abc import Callable

from mailjobs.errors import AuthError
from mailjobs.frozen import frozen
from mailjobs.sasl.mechanism import decoded

FEWEST = 4096  # iterations, RFC 5802 section 5.1: fewer help whoever wants to guess the password
MOST = 5_000_000  # seconds of work
FIRST = re.compile(r"r=([\x21-\x2b\x2d-\x7e]+),s=([A-Za-z0-9+/=]+),i=([1-9][0-9]{0,9})(?:,.*)?", re.DOTALL)
FINAL = re.compile(r"(?:v=([A-Za-z0-9+/=]+)|e=([a-z0-9-]{1,60}))(?:,.*)?", re.DOTALL)
Complain = Callable[[str], AuthError]


@frozen
class ServerFirst:
    """server-first-message: `text` as it came, `nonce` of both sides, `salt` and `iterations` for the password."""

    text: str
    nonce: str
    salt: bytes
    iterations: int


def server_first(message: bytes, ours: str, error: Complain) -> ServerFirst:
    """The server's first message. Raises the AuthError that `error` makes where it is none, or not an answer to us."""
    text = _text(message, error)
    if text.startswith("m="):
        raise error("cannot go on: the server wants an extension that mailjobs does not have")
    found = FIRST.fullmatch(text)
    salt = _base64(found[2]) if found else b""
    if found is None or not salt:
        raise error("has gone wrong: the server's challenge is not one of SCRAM")
    if not found[1].startswith(ours) or len(found[1]) == len(ours):
        raise error("has gone wrong: the server's nonce does not go on from ours, so this is no answer to us")
    iterations = int(found[3])
    if iterations < FEWEST:
        raise error(f"cannot go on: {iterations} iterations make the password easy to guess; {FEWEST} are the least")
    if iterations > MOST:
        raise error(f"cannot go on: the server wants {iterations} iterations; {MOST} are the most")
    return ServerFirst(text, found[1], salt, iterations)


def server_final(message: bytes, error: Complain) -> tuple[bytes, str | None]:
    """The server's signature, or the name of its error (one of those of RFC 5802, or its like)."""
    found = FINAL.fullmatch(_text(message, error))
    if found is None:
        raise error("has gone wrong: the server's last message is not one of SCRAM")
    return _base64(found[1]) if found[1] else b"", found[2]


def _text(message: bytes, error: Complain) -> str:
    try:
        return message.decode()
    except UnicodeDecodeError:
        raise error("has gone wrong: the server's message is not UTF-8") from None


def _base64(text: str) -> bytes:
    try:
        return decoded(text)
    except ValueError:
        return b""
