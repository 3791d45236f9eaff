"""Transfer encodings, chosen by the content alone (RFC 2045 section 6)."""

from __future__ import annotations

from binascii import b2a_base64, b2a_qp
from functools import lru_cache
from struct import Struct
from typing import Literal

TransferEncoding = Literal["7bit", "8bit", "quoted-printable", "base64"]

MAX_TEXT_LINE = 998
MAX_CODED_LINE = 76
MOST_IN_LINES = 64 * 1024  # octets of a text that is encoded line by line
SEVERAL = Struct(f"{MAX_CODED_LINE}s" * 512)  # cuts lines of base64 in half the time of slices
# Octets that become one line of base64.
LINE_OF_BASE64 = MAX_CODED_LINE // 4 * 3


def encode_text(data: bytes, firm: bool = False) -> tuple[TransferEncoding, bytes]:
    """Lines of text, ended with CRLF: bare where they are ASCII and short, else in the shorter of the two codings.

    `firm`: blanks at the ends of lines, which some relays take off, are encoded (RFC 3156 section 5).
    """
    bare = data.isascii() and b"\0" not in data and not has_longer_line(data, MAX_TEXT_LINE)
    if bare and not (firm and (b" \r\n" in data or b"\t\r\n" in data)):
        return "7bit", data
    coded = _quoted_printable(data)
    size = (len(data) + 2) // 3 * 4
    if coded is not None and len(coded) <= size + 2 * (size // MAX_CODED_LINE + 1):
        return "quoted-printable", coded
    return "base64", base64_lines(data)


def _quoted_printable(data: bytes) -> bytes | None:
    """None where a line would be too long. Line by line, since most lines are the same in every message of a batch."""
    if len(data) > MOST_IN_LINES:
        coded = b2a_qp(data, istext=True)
        return None if _grew_too_long(coded) else coded
    lines = list(map(_coded_line, data.splitlines(keepends=True)))
    return b"".join(lines) if all(lines) else None


@lru_cache(maxsize=1024)
def _coded_line(line: bytes) -> bytes:
    """Nothing where it would be too long."""
    coded = b2a_qp(line, istext=True)
    return b"" if _grew_too_long(coded) else coded


def canonical(data: bytes) -> bytes:
    """`data` with CRLF line ends, the last line ended. Nothing stays nothing."""
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if data and data[-1] != 0x0A:
        data += b"\n"
    return data.replace(b"\n", b"\r\n")


def base64_lines(data: bytes) -> CodedLines:
    """`data` in base64, in lines of 76 characters, each ended with CRLF."""
    coded = b2a_base64(data, newline=False)
    lines: list[bytes] = []
    at = 0
    while len(coded) - at >= SEVERAL.size:
        lines += SEVERAL.unpack_from(coded, at)
        at += SEVERAL.size
    lines += [coded[at : at + MAX_CODED_LINE] for at in range(at, len(coded), MAX_CODED_LINE)]
    lines.append(b"")
    return CodedLines(b"\r\n".join(lines))


class Lines(bytes):
    """Whole lines: each ends with CRLF, and no CR or LF stands anywhere else. Nobody need look for that again."""

    __slots__ = ()


class CodedLines(bytes):
    """Whole lines, each ended with CRLF, of characters among which are no dot and no CR or LF: nobody need look."""

    __slots__ = ()


def base64_size(size: int) -> int:
    """How many octets `base64_lines` makes of `size` octets."""
    coded = (size + 2) // 3 * 4
    return coded + 2 * -(-coded // MAX_CODED_LINE)


def has_longer_line(data: bytes, limit: int) -> bool:
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
    return (b"=20\r" in coded or b"=09\r" in coded) and has_longer_line(coded, MAX_CODED_LINE)
