"""Bodies: the transfer encoding that the content alone decides, and multipart/alternative (RFC 2045, RFC 2046)."""

from __future__ import annotations

from binascii import b2a_base64, b2a_qp
from collections.abc import Sequence
from hashlib import blake2b
from typing import Literal, NamedTuple

from mailjobs.message.headers import HeaderLine, header_line

TransferEncoding = Literal["7bit", "quoted-printable", "base64"]
Subtype = Literal["plain", "html"]

MAX_TEXT_LINE = 998
MAX_CODED_LINE = 76


class Part(NamedTuple):
    """A text as it travels. `data` ends with CRLF, unless it is empty."""

    subtype: Subtype
    encoding: TransferEncoding
    data: bytes


class Body(NamedTuple):
    """The headers that describe the content, and the content."""

    headers: tuple[HeaderLine, ...]
    data: bytes


EMPTY = Body((), b"")


def text_part(text: str, subtype: Subtype) -> Part:
    """`text` in UTF-8 with CRLF line ends, the last line ended. Raises UnicodeEncodeError for lone surrogates."""
    data = _canonical(text.encode())
    if data.isascii() and b"\0" not in data and not _has_longer_line(data, MAX_TEXT_LINE):
        return Part(subtype, "7bit", data)
    coded = b2a_qp(data, istext=True)
    size = (len(data) + 2) // 3 * 4
    if len(coded) <= size + 2 * (size // MAX_CODED_LINE + 1) and not _grew_too_long(coded):
        return Part(subtype, "quoted-printable", coded)
    return Part(subtype, "base64", _base64(data))


def single(part: Part) -> Body:
    """A body of one text."""
    return Body(_HEADERS[part.subtype, part.encoding], part.data)


def alternative(parts: Sequence[Part]) -> Body:
    """The same said several times, the best last. The boundary comes from the content, and does not occur in it."""
    boundary = _boundary(parts)
    line = b"--" + boundary.encode()
    pieces: list[bytes] = []
    for part in parts:
        pieces += (line, b"\r\n", _PART_HEADERS[part.subtype, part.encoding], part.data, b"\r\n")
    pieces += (line, b"--\r\n")
    header = HeaderLine("Content-Type", value := f'multipart/alternative; boundary="{boundary}"', _line(value))
    return Body((header,), b"".join(pieces))


def _line(value: str) -> str:
    return f"Content-Type: {value}\r\n"


def _boundary(parts: Sequence[Part]) -> str:
    attempt = 0
    while True:
        candidate = _candidate(parts, attempt)
        sought = candidate.encode()
        if not any(sought in part.data for part in parts):
            return candidate
        attempt += 1


def _candidate(parts: Sequence[Part], attempt: int) -> str:
    digest = blake2b(attempt.to_bytes(4, "big"), digest_size=12)
    for part in parts:
        digest.update(part.data)
    return f"=_{digest.hexdigest()}"


def _canonical(data: bytes) -> bytes:
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if data and data[-1] != 0x0A:
        data += b"\n"
    return data.replace(b"\n", b"\r\n")


def _has_longer_line(data: bytes, limit: int) -> bool:
    """Whether a line has more than `limit` octets besides its CRLF. Looks only at one line end for each `limit`."""
    start, window = 0, limit + 2
    while len(data) - start > window:
        end = data.rfind(b"\n", start, start + window)
        if end < 0:
            return True
        start = end + 1
    return False


def _grew_too_long(coded: bytes) -> bool:
    """Whether a blank at a line's end, which is encoded after the line was measured, made it too long."""
    return (b"=20\r" in coded or b"=09\r" in coded) and _has_longer_line(coded, MAX_CODED_LINE)


def _base64(data: bytes) -> bytes:
    coded = b2a_base64(data, newline=False)
    lines = [coded[at : at + MAX_CODED_LINE] for at in range(0, len(coded), MAX_CODED_LINE)]
    lines.append(b"")
    return b"\r\n".join(lines)


def _headers(subtype: Subtype, encoding: TransferEncoding) -> tuple[HeaderLine, ...]:
    return (
        header_line("Content-Type", f"text/{subtype}; charset=utf-8"),
        header_line("Content-Transfer-Encoding", encoding),
    )


_SUBTYPES: tuple[Subtype, ...] = ("plain", "html")
_ENCODINGS: tuple[TransferEncoding, ...] = ("7bit", "quoted-printable", "base64")
_HEADERS = {(subtype, encoding): _headers(subtype, encoding) for subtype in _SUBTYPES for encoding in _ENCODINGS}
_PART_HEADERS = {
    known: ("".join(line.text for line in lines) + "\r\n").encode() for known, lines in _HEADERS.items()
}  # fmt: skip
