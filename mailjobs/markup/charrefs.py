"""Character references in attribute values (HTML 13.2.5.72), decoded so that each place is known in the source.

`html.unescape` follows the rules for text, in which `&copy=2` is a reference. In an attribute it is a part of a query.
"""

from __future__ import annotations

import html
import re
from bisect import bisect_right
from html.entities import html5

_REFERENCE = re.compile("&(?:#[0-9]+;?|#[xX][0-9a-fA-F]+;?|[A-Za-z][A-Za-z0-9]*+[;=]?)")
# No character has a number of more digits; leading zeros apart.
_MOST_DIGITS = 8


class Decoded:
    """A decoded text. `source(at)` is the offset in the raw text of the character at `at`, or of the end."""

    __slots__ = ("_offsets", "_starts", "text")

    def __init__(self, raw: str) -> None:
        pieces: list[str] = []
        self._starts = [0]
        self._offsets = [0]
        done = size = 0
        for found in _REFERENCE.finditer(raw) if "&" in raw else ():
            value = _value(found[0])
            if value is None:
                continue
            pieces += (raw[done : found.start()], value)
            size += found.start() - done
            self._mark(size, found.start())
            done = found.end()
            size += len(value)
            self._mark(size, done)
        pieces.append(raw[done:])
        self.text = "".join(pieces)

    def _mark(self, start: int, offset: int) -> None:
        self._starts.append(start)
        self._offsets.append(offset)

    def source(self, at: int) -> int:
        """Where the character at `at` stands in the raw text. No place is inside a character reference."""
        piece = bisect_right(self._starts, at) - 1
        return self._offsets[piece] + at - self._starts[piece]


def _value(reference: str) -> str | None:
    """What a reference stands for, or None where it is plain text."""
    if reference[1] != "#":
        name = reference[1:]
        return html5.get(name) if not name.endswith("=") else None
    digits = reference[2:].rstrip(";").lower()
    base = "x" if digits[0] == "x" else ""
    digits = digits.removeprefix("x").lstrip("0") or "0"
    return html.unescape(f"&#{base}{digits};") if len(digits) <= _MOST_DIGITS else "\ufffd"
