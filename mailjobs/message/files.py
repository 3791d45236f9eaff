"""Files as parts: small ones are read, large ones are read while they are sent."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from mailjobs.errors import FileError, Place
from mailjobs.message.noted import note
from mailjobs.mime import Disposition, Entity, FileStream, bytes_entity, file_entity, media_type, message_entity
from mailjobs.mime.attached import lines_entity
from mailjobs.mime.media import HEAD, is_text

LARGE = 1024 * 1024
MAX_MESSAGE = 64 * 1024 * 1024


def file_part(path: Path, shown: Disposition, media: str | None, place: Place) -> Entity:
    """The part that a file becomes. Raises FileError where it cannot be read, ValueError where it cannot be sent."""
    stream = FileStream(path, place)
    size = stream.stamp[2]
    data = read(path, size if size <= LARGE else HEAD, place)
    note(path, size, data)
    media = media or media_type(path.name, data[:HEAD])
    if media == "message/rfc822":
        return message_entity(read(path, min(size, MAX_MESSAGE + 1), place), shown)
    if size > LARGE:
        return file_entity(stream, media, shown)
    if media.startswith("text/") and is_text(data):
        shown = replace(shown, parameters={**shown.parameters, "charset": "utf-8"})
    return bytes_entity(data, media, shown)


def content_part(content: bytes, shown: Disposition, media: str) -> Entity:
    """The part that templated content becomes: text keeps its lines, all else its octets."""
    if media == "message/rfc822":
        return message_entity(content, shown)
    if media.startswith("text/"):
        return lines_entity(content, media, shown)
    return bytes_entity(content, media, shown)


def read(path: Path, size: int, place: Place) -> bytes:
    """The first `size` octets of a file. Raises FileError."""
    try:
        with path.open("rb") as file:
            return file.read(size)
    except OSError as error:
        raise FileError(f"'{path}' cannot be read: {error.strerror}", place=place) from error
