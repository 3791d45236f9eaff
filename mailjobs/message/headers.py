"""Header lines: values encoded, phrases quoted, long lines folded (RFC 5322 sections 2.2.3 and 3.2, RFC 2047)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from mailjobs.message.encoded_words import encode
from mailjobs.message.mailbox import Group, Grouped, Mailbox, quoted
from mailjobs.mime.entity import Field

MAX_LINE = 78
MAX_ENCODED_LINE = 76
HARD_LIMIT = 998

_PLAIN = re.compile(r"[\x21-\x7e](?:[\x20-\x7e\t]*[\x21-\x7e])?")
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?: [A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_QUOTABLE = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?")
_BLANKS = " " * 20  # a run that may be folded within, where some readers make one blank of it
_PIECE = re.compile(r"[ \t]*[^ \t]+")
# A name leaves room for the longest of the computed headers, so that no line begins with an encoded word of another.
_BESIDE = len("Reply-To: ")


class LineTooLong(ValueError):
    """A header has a word that is too long for any line."""


def header_line(name: str, value: str, limit: int = MAX_LINE) -> Field:
    """A header whose value is already as it travels, folded at `limit` characters. Raises LineTooLong."""
    return Field(name, value, fold(f"{name}: {value}" if value else f"{name}:", limit) + "\r\n")


def bare(text: str) -> bool:
    """Whether a text can stand in an unstructured header as it is."""
    return _PLAIN.fullmatch(text) is not None and "=?" not in text and _BLANKS not in text


def text_header(name: str, text: str, charset: str = "utf-8", limit: int = MAX_LINE) -> Field:
    """An unstructured header: ASCII bare, anything else in encoded words of `charset`.

    Lines have at most `limit` characters (20 to 998), and 76 where they have encoded words (RFC 2047 section 2), as
    far as blanks and single characters let them. Raises LineTooLong, and UnicodeEncodeError for what `charset` lacks.
    """
    if not text or bare(text):
        return header_line(name, text, limit)
    longest = min(limit, MAX_ENCODED_LINE) - 1
    room = longest - len(name) - 1
    return header_line(name, encode(text, room if room > 30 else longest, False, charset, longest), limit)


def address_header(name: str, mailboxes: Sequence[Mailbox], charset: str = "utf-8", limit: int = MAX_LINE) -> Field:
    """A header with a list of mailboxes, in the groups that Grouped has. Raises as `text_header`."""
    texts = [_formatted(box, charset, limit) for box in mailboxes]
    if isinstance(mailboxes, Grouped):
        texts = list(_grouped(texts, mailboxes.groups, charset, limit))
    return header_line(name, ", ".join(texts), limit)


def _formatted(box: Mailbox, charset: str, limit: int) -> str:
    address = f"{box.local}@{box.domain}"
    return f"{phrase(box.name, charset, limit)} <{address}>" if box.name else address


def _grouped(texts: Sequence[str], groups: Sequence[Group], charset: str, limit: int) -> Iterator[str]:
    """The texts, those of a group in one."""
    at = 0
    for name, start, stop in groups:
        yield from texts[at:start]
        members = ", ".join(texts[start:stop])
        title = phrase(name, charset, limit)
        # White space parts an encoded word from what stands beside it (RFC 2047 section 5, rule 3).
        colon = " :" if title.endswith("?=") else ":"
        yield f"{title}{colon} {members};" if members else f"{title}{colon};"
        at = stop
    yield from texts[at:]


def phrase(name: str, charset: str = "utf-8", limit: int = MAX_LINE) -> str:
    """A display name: bare, quoted, or in encoded words, as it needs. Raises UnicodeEncodeError."""
    if "=?" not in name and _BLANKS not in name and len(name) < HARD_LIMIT // 2:
        if _ATOMS.fullmatch(name):
            return name
        if _QUOTABLE.fullmatch(name):
            return quoted(name)
    longest = min(limit, MAX_ENCODED_LINE) - 1
    room = longest + 1 - _BESIDE
    return encode(name, room if room > 30 else longest, True, charset, longest)


def fold(line: str, limit: int = MAX_LINE) -> str:
    """A header line broken before white space, so that taking out CRLF gives it back. Raises LineTooLong.

    No line is longer than `limit` where a blank can be the break; none is blank.
    """
    encoded = "=?" in line
    if encoded:
        limit = min(limit, MAX_ENCODED_LINE)
    if len(line) <= limit and (limit <= MAX_LINE or line.isascii()):
        return line
    current, *pieces = _pieces(line)
    lines: list[str] = []
    for piece in pieces:
        # The first word stays beside the name, unless that alone makes the line too long.
        beside_name = not lines and current.endswith(":") and limit < len(piece) <= HARD_LIMIT - len(current)
        if _width(current) + _width(piece) <= limit or (beside_name and not encoded):
            current += piece
        else:
            lines.append(current)
            current = piece
    lines.append(current)
    for part in lines:
        if _width(part) > HARD_LIMIT:
            raise LineTooLong(f"a word of {len(part.strip())} characters without a blank is too long for a header")
    return "\r\n".join(lines)


def _pieces(line: str) -> list[str]:
    """The words of a line, each with the white space before it, the last with that behind it as well."""
    words = line.rstrip(" \t")
    pieces = _PIECE.findall(words) or [""]
    pieces[-1] += line[len(words) :]
    return pieces


def _width(text: str) -> int:
    """Octets: a line of UTF-8 has fewer characters than these, and a line of any kind no more than 998 of them."""
    return len(text) if text.isascii() else len(text.encode())
