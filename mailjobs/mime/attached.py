"""Attachments: octets, files and whole messages with a name (RFC 2183)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Literal

from mailjobs.frozen import frozen
from mailjobs.mime.entity import Entity, Field, entity
from mailjobs.mime.parameters import field as header
from mailjobs.mime.streams import FileStream
from mailjobs.mime.transfer import MAX_TEXT_LINE, base64_lines, canonical, encode_text, has_longer_line


@frozen
class Disposition:
    """How a part is shown: attached or inline, under which name, and by which Content-ID others refer to it.

    `content_id` is written without its angle brackets; `parameters` go to the media type.
    """

    kind: Literal["attachment", "inline"] = "attachment"
    name: str = ""
    content_id: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)


def bytes_entity(data: bytes, media: str, shown: Disposition) -> Entity:
    """Octets that arrive as they are: in base64, whatever they are."""
    return entity(_fields(media, shown, "base64"), (base64_lines(data),) if data else ())


def file_entity(stream: FileStream, media: str, shown: Disposition) -> Entity:
    """A file that is read while it is sent."""
    return entity(_fields(media, shown, "base64"), (stream,))


def lines_entity(text: bytes, media: str, shown: Disposition) -> Entity:
    """Text whose line ends may become CRLF, such as a calendar."""
    coding, data = encode_text(canonical(text))
    return entity(_fields(media, shown, coding), (data,) if data else ())


def message_entity(data: bytes, shown: Disposition) -> Entity:
    """A whole message, message/rfc822, which may have no transfer encoding (RFC 2046 section 5.2.1).

    Raises ValueError for a line that is too long for any server.
    """
    lines = canonical(data)
    if has_longer_line(lines, MAX_TEXT_LINE) or b"\0" in lines:
        raise ValueError("an attached message may have no NUL and no line of more than 998 octets")
    eightbit = not lines.isascii()
    return entity(_fields("message/rfc822", shown, "8bit" if eightbit else "7bit"), (lines,), eightbit)


def _fields(media: str, shown: Disposition, coding: str) -> tuple[Field, ...]:
    names = {"name": shown.name} if shown.name else {}
    made = [
        header("Content-Type", media, {**shown.parameters, **names}),
        header("Content-Transfer-Encoding", coding),
        header("Content-Disposition", shown.kind, {"filename": shown.name} if shown.name else {}),
    ]
    if shown.content_id:
        made.append(header("Content-ID", f"<{shown.content_id}>"))
    return tuple(made)
