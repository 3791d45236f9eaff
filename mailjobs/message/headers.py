"""Header lines: values encoded, phrases quoted, long lines folded (RFC 5322 sections 2.2.3 and 3.2, RFC 2047)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from mailjobs.message.encoded_words import encode
from mailjobs.message.mailbox import Mailbox, quoted

MAX_LINE = 78
MAX_ENCODED_LINE = 76
HARD_LIMIT = 998

_PLAIN = re.compile(r"[\x21-\x7e](?:[\x20-\x7e\t]*[\x21-\x7e])?")
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?: [A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_QUOTABLE = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?")
_PIECE = re.compile(r"[ \t]*[^ \t]+")
# A name leaves room for the longest of the computed headers, so that no line begins with an encoded word of another.
_PHRASE_ROOM = MAX_ENCODED_LINE - len("Reply-To: ")


class LineTooLong(ValueError):
    """A header has a word that is too long for any line."""


class HeaderLine(NamedTuple):
    """A header: its value as sent, unfolded, and the folded line or lines with CRLF."""

    name: str
    value: str
    text: str


def header_line(name: str, value: str) -> HeaderLine:
    """A header whose value is already as it travels. Raises LineTooLong."""
    return HeaderLine(name, value, fold(f"{name}: {value}" if value else f"{name}:") + "\r\n")


def text_header(name: str, text: str) -> HeaderLine:
    """An unstructured header: ASCII bare, anything else in encoded words. Raises LineTooLong."""
    if not text or (_PLAIN.fullmatch(text) and "=?" not in text):
        return header_line(name, text)
    room = MAX_ENCODED_LINE - len(name) - 2
    return header_line(name, encode(text, room if room > 30 else MAX_ENCODED_LINE - 1))


def address_header(name: str, mailboxes: Sequence[Mailbox]) -> HeaderLine:
    """A header with a list of mailboxes."""
    return header_line(name, ", ".join([_formatted(box) for box in mailboxes]))


def _formatted(box: Mailbox) -> str:
    address = f"{box.local}@{box.domain}"
    return f"{phrase(box.name)} <{address}>" if box.name else address


def phrase(name: str) -> str:
    """A display name: bare, quoted, or in encoded words, as it needs."""
    if "=?" not in name and len(name) < HARD_LIMIT // 2:
        if _ATOMS.fullmatch(name):
            return name
        if _QUOTABLE.fullmatch(name):
            return quoted(name)
    return encode(name, _PHRASE_ROOM, phrase=True)


def fold(line: str) -> str:
    """A header line broken before white space, so that taking out CRLF gives it back. Raises LineTooLong."""
    limit = MAX_ENCODED_LINE if "=?" in line else MAX_LINE
    if len(line) <= limit:
        return line
    current, *pieces = _PIECE.findall(line)
    lines: list[str] = []
    for piece in pieces:
        # The first word stays beside the name, unless that alone makes the line too long.
        beside_name = not lines and current.endswith(":") and limit < len(piece) <= HARD_LIMIT - len(current)
        if len(current) + len(piece) <= limit or beside_name:
            current += piece
        else:
            lines.append(current)
            current = piece
    lines.append(current)
    for part in lines:
        if len(part.encode()) > HARD_LIMIT:
            raise LineTooLong(f"a word of {len(part.strip())} characters without a blank is too long for a header")
    return "\r\n".join(lines)
