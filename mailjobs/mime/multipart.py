"""Several entities in one (RFC 2046 section 5.1). The boundary comes from the content and does not occur in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha1

from mailjobs.mime.entity import Entity, Field, Piece
from mailjobs.mime.entity import entity as entity_of
from mailjobs.mime.parameters import field
from mailjobs.mime.streams import FileStream


def multipart(subtype: str, entities: Sequence[Entity], parameters: Mapping[str, str] | None = None) -> Entity:
    """A `multipart/<subtype>` of `entities`, in order. It needs 8BITMIME where one of them does."""
    held = [piece for entity in entities for piece in entity.body if isinstance(piece, bytes)]
    streamed = [piece for entity in entities for piece in entity.body if not isinstance(piece, bytes)]
    boundary = _boundary(held, [_name(piece) for piece in streamed])
    line = b"--" + boundary.encode()
    pieces: list[Piece] = []
    for entity in entities:
        pieces += (line, b"\r\n", entity.head, *entity.body, b"\r\n")
    pieces += (line, b"--\r\n")
    fields = [_content_type(subtype, boundary, parameters)]
    eightbit = True in [entity.eightbit for entity in entities]
    if eightbit:
        fields.append(field("Content-Transfer-Encoding", "8bit"))
    return entity_of(tuple(fields), _joined(pieces, bool(streamed)), eightbit)


def _content_type(subtype: str, boundary: str, parameters: Mapping[str, str] | None) -> Field:
    if parameters:
        return field("Content-Type", f"multipart/{subtype}", {**parameters, "boundary": boundary})
    value = f'multipart/{subtype}; boundary="{boundary}"'
    return Field("Content-Type", value, f"Content-Type: {value}\r\n")


def _joined(pieces: Sequence[Piece], streamed: bool) -> tuple[Piece, ...]:
    """The same octets in as few pieces as can be."""
    if not streamed:
        return (b"".join(pieces),)  # type: ignore[arg-type]
    made: list[Piece] = []
    run: list[bytes] = []
    for piece in pieces:
        if isinstance(piece, bytes):
            run.append(piece)
        else:
            made += (b"".join(run), piece)
            run = []
    return (*made, b"".join(run))


def _boundary(held: Sequence[bytes], names: Sequence[bytes]) -> str:
    """`=_` is found in neither base64 nor quoted-printable, so a file that is streamed need not be searched."""
    attempt = 0
    while True:
        candidate = _candidate(held, names, attempt)
        sought = candidate.encode()
        # One character is found far faster than several, and most texts have none.
        if True not in [b"_" in piece and sought in piece for piece in held]:
            return candidate
        attempt += 1


def _candidate(held: Sequence[bytes], names: Sequence[bytes], attempt: int) -> str:
    digest = sha1(b"%d" % attempt if attempt else b"", usedforsecurity=False)  # the fastest, on most machines
    for piece in (*held, *names):
        digest.update(piece)
    return f"=_{digest.hexdigest()[:24]}"


def _name(piece: Piece) -> bytes:
    """What stands for a file that is not read: its name and size."""
    if isinstance(piece, FileStream):
        return f"{piece.path.name}\0{piece.size}\0".encode("utf-8", "surrogateescape")
    return b""
