"""Content that is signed or encrypted has to be at hand as a whole, and 7-bit."""

from __future__ import annotations

from mailjobs.mime import Entity
from mailjobs.mime.entity import length

MAX_SIZE = 64 * 1024 * 1024


def whole(content: Entity) -> bytes:
    """The octets of `content` with its fields. Raises ValueError where it is 8-bit, or larger than 64 MiB."""
    if content.eightbit:
        raise ValueError("8-bit content, such as an attached message that is not ASCII, cannot be signed or encrypted")
    if sum(map(length, content.body)) > MAX_SIZE:
        raise ValueError(f"what is signed or encrypted may have {MAX_SIZE >> 20} MiB")
    pieces = [piece if isinstance(piece, bytes) else b"".join(piece) for piece in content.body]
    return content.head + b"".join(pieces)
