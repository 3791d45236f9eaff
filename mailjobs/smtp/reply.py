"""Replies (RFC 5321 section 4.2), parsed from bytes as they come, within bounds."""

from __future__ import annotations

import re
from typing import Any

from mailjobs.errors import ProtocolError
from mailjobs.frozen import frozen

ENHANCED = re.compile(r"([245]\.[0-9]{1,3}\.[0-9]{1,3})(?:\s+|$)")
LINE = re.compile(rb"([2-5][0-9][0-9])(?:([ -])(.*))?", re.DOTALL)
# What a terminal obeys: controls, the line ends of Unicode, and what turns the direction of text.
CONTROLS = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")

CHALLENGE = 334
LONGEST_CHALLENGE = 12288  # octets of a 334 line, whatever the bound on others (RFC 4954 section 4)
REMEMBERED = 256  # replies of one line that a parser knows again: servers say the same three for each message
MOST_LINES = 10_000
MOST_BYTES = 1024 * 1024


@frozen
class Reply:
    """One whole reply: its code, and the text of its lines without code and separator."""

    code: int
    lines: tuple[str, ...] = ("",)

    @property
    def enhanced(self) -> str | None:
        """The enhanced status code (RFC 3463), where the first line begins with one of the reply's class."""
        found = ENHANCED.match(self.lines[0])
        return found[1] if found and found[1][0] == str(self.code)[0] else None

    @property
    def text(self) -> str:
        """The lines without enhanced codes, joined by newlines."""
        enhanced = self.enhanced
        return "\n".join(self.lines if enhanced is None else [_without(enhanced, line) for line in self.lines])

    @property
    def bare(self) -> Reply:
        """The same without the server's words."""
        return Reply(self.code, (self.enhanced or "",))

    @property
    def positive(self) -> bool:
        """2xx."""
        return 200 <= self.code < 300

    @property
    def intermediate(self) -> bool:
        """3xx."""
        return 300 <= self.code < 400

    @property
    def temporary(self) -> bool:
        """4xx."""
        return 400 <= self.code < 500

    @property
    def permanent(self) -> bool:
        """5xx."""
        return 500 <= self.code < 600

    def as_dict(self) -> dict[str, Any]:
        """code, enhanced and text, as results and reports show them."""
        return {"code": self.code, "enhanced": self.enhanced, "text": self.text}

    def __str__(self) -> str:
        return f"{self.code} {' '.join(line for line in self.lines if line)}".rstrip()


class ReplyParser:
    """Takes bytes in any pieces and gives whole replies.

    Raises ProtocolError for what is no reply, for a line over `max_line` octets, and for a reply over
    `max_lines` lines or `max_bytes` octets. A line may end with LF alone. Whole replies that came before the breach
    are given first, and the error is raised by the next call: how the network cuts the stream changes nothing.
    While it is `hushed` errors leave the server's words out: a secret was said, nobody is logged in, and servers echo.
    """

    def __init__(self, max_line: int = 2048, max_lines: int = MOST_LINES, max_bytes: int = MOST_BYTES) -> None:
        self.hushed = False
        self._max_line = max_line
        self._max_lines = max_lines
        self._max_bytes = max_bytes
        self._buffer = bytearray()
        self._scanned = 0
        self._code = 0
        self._lines: list[str] = []
        self._size = 0
        self._breach: ProtocolError | None = None
        self._known: dict[bytes, Reply] = {}

    @property
    def pending(self) -> bool:
        """Whether part of a reply has come and its end has not, or something that is no reply."""
        return bool(self._buffer or self._lines or self._breach)

    @property
    def breach(self) -> ProtocolError | None:
        """What every further call raises, or None."""
        return self._breach

    def feed(self, data: bytes) -> list[Reply]:
        """The replies that are whole now."""
        if self._breach is not None:
            raise self._breach
        replies: list[Reply] = []
        try:
            if self._buffer or data[-1:] != b"\n":
                self._buffer += data
                self._take_lines(replies)
            else:
                self._take_whole_lines(data, replies)
        except ProtocolError as error:
            self._breach = error
            if not replies:
                raise
        return replies

    def _take_whole_lines(self, data: bytes, replies: list[Reply]) -> None:
        """As `_take_lines`, where nothing was left over and nothing will be."""
        known, lines = self._known, data[:-1].split(b"\n")
        if not self._lines and all(map(known.get, lines)):
            replies += map(known.__getitem__, lines)
            return
        for line in lines:
            reply = known.get(line) if not self._lines else None
            if reply is None:
                reply = self._new(line)
            if reply is not None:
                replies.append(reply)

    def _take_lines(self, replies: list[Reply]) -> None:
        start = 0
        while (end := self._buffer.find(b"\n", max(start, self._scanned))) >= 0:
            line = bytes(self._buffer[start:end])
            start = end + 1
            reply = self._known.get(line) if not self._lines else None
            if reply is None:
                reply = self._new(line)
            if reply is not None:
                replies.append(reply)
        del self._buffer[:start]
        self._scanned = len(self._buffer)
        if self._buffer:
            self._check_length(self._buffer)

    def _new(self, line: bytes) -> Reply | None:
        """The reply that `line`, not heard before, completes."""
        self._check_length(line)
        alone = not self._lines
        reply = self._line(line[:-1] if line.endswith(b"\r") else line)
        if alone and reply is not None and len(self._known) < REMEMBERED:
            self._known[line] = reply
        return reply

    def _check_length(self, line: bytes | bytearray) -> None:
        bound = LONGEST_CHALLENGE if line.startswith(b"334") else self._max_line
        if len(line) > max(bound, self._max_line):
            raise ProtocolError(f"a line of the server's reply has more than {bound} octets")

    def _line(self, line: bytes) -> Reply | None:
        found = LINE.fullmatch(line)
        if found is None:
            words = "something (not shown, since servers echo)" if self.hushed else _shown(line[:60])
            raise ProtocolError(f"the server said {words}, which is no SMTP reply")
        code, separator, text = int(found[1]), found[2], found[3] or b""
        if self._lines and code != self._code:
            raise ProtocolError(f"the lines of one reply have the codes {self._code} and {code}")
        self._code = code
        self._lines.append(_decode(text))
        self._size += len(line)
        if len(self._lines) > self._max_lines or self._size > self._max_bytes:
            raise ProtocolError(
                f"the server's reply {code} is over {self._max_lines} lines or {self._max_bytes} octets"
            )
        return None if separator == b"-" else self._finish()

    def _finish(self) -> Reply:
        reply = Reply(self._code, tuple(self._lines))
        self._lines = []
        self._size = 0
        return reply


def _decode(text: bytes) -> str:
    """UTF-8; whatever a terminal might obey is escaped."""
    return CONTROLS.sub(lambda found: f"\\x{ord(found[0]):02x}", text.decode("utf-8", "backslashreplace"))


def _without(enhanced: str, line: str) -> str:
    found = ENHANCED.match(line)
    return line[found.end() :] if found and found[1] == enhanced else line


def _shown(line: bytes) -> str:
    return f"'{_decode(line)}'"
