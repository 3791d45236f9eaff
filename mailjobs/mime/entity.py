"""A MIME entity: the header fields that describe its content, and the content (RFC 2045 section 2.4)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple, Protocol


class Streamed(Protocol):
    """Octets that are not held: as many as `size`, the same each time they are gone through."""

    @property
    def size(self) -> int:
        """How many octets there are."""

    def __iter__(self) -> Iterator[bytes]:
        """The octets, in chunks."""


Piece = bytes | Streamed


class Field(NamedTuple):
    """A header field: its value unfolded, in ASCII, and the line or lines in which it travels, with CRLF."""

    name: str
    value: str
    text: str


class Entity(NamedTuple):
    """Fields and body; `head` are the fields as they travel, with the empty line.

    `eightbit`: the body has octets above 127 and no transfer encoding.
    """

    fields: tuple[Field, ...]
    head: bytes
    body: tuple[Piece, ...]
    eightbit: bool = False


def head_of(fields: Iterable[Field]) -> bytes:
    """The fields as they travel, and the empty line."""
    return ("".join([field.text for field in fields]) + "\r\n").encode("ascii")


def entity(fields: tuple[Field, ...], body: tuple[Piece, ...], eightbit: bool = False) -> Entity:
    """An entity of these fields."""
    return Entity(fields, head_of(fields), body, eightbit)


EMPTY = Entity((), b"\r\n", ())


def length(piece: Piece) -> int:
    """Octets of a piece."""
    return len(piece) if isinstance(piece, bytes) else piece.size
