"""Message content on the wire: dots doubled, ended by a line with a dot alone (RFC 5321 section 4.5.2)."""

from __future__ import annotations

import re

from mailjobs.mime import CodedLines, Lines

BARE = re.compile(rb"\r(?!\n)|(?<!\r)\n")


def bare_line_end(content: bytes) -> int | None:
    """The offset of the first CR or LF that stands alone, or None. Servers disagree on such bytes (smuggling)."""
    if content.count(b"\r\n") == content.count(b"\r") == content.count(b"\n"):
        return None
    found = BARE.search(content)
    return found.start() if found else None


class DotStuffer:
    """`dot_stuff` for content that comes in chunks, cut anywhere. `octets` counts what was fed."""

    def __init__(self) -> None:
        self.octets = 0
        self._line_start = True
        self._held = b""  # a CR at the end of a chunk waits for its LF

    def feed(self, chunk: bytes) -> bytes:
        """What of the wire form `chunk` completes. Raises ValueError for a bare CR or LF."""
        if type(chunk) is CodedLines and self._line_start and not self._held:
            self.octets += len(chunk)
            return chunk
        begin = self.octets - len(self._held)
        self.octets += len(chunk)
        text = self._held + chunk if self._held else chunk
        self._held = b"\r" if text.endswith(b"\r") else b""
        if self._held:
            text = text[:-1]
        _refuse_bare(text, begin)
        return self._stuffed(text) if text else b""

    def _stuffed(self, text: bytes) -> bytes:
        dotted = self._line_start and text.startswith(b".")
        self._line_start = text.endswith(b"\r\n")
        if b"\r\n." in text:
            text = text.replace(b"\r\n.", b"\r\n..")
        return b"." + text if dotted else text

    def finish(self) -> bytes:
        """The end of the last line where it is missing, and the final dot. Raises ValueError for a bare CR."""
        _refuse_bare(self._held, self.octets - len(self._held))
        return b".\r\n" if self._line_start else b"\r\n.\r\n"


def _refuse_bare(content: bytes, begin: int = 0) -> None:
    offset = bare_line_end(content)
    if offset is not None:
        raise ValueError(f"the content has a bare CR or LF at byte {begin + offset}")


def dot_stuff(content: bytes) -> bytes:
    """`content` as it goes out after DATA. Raises ValueError for a bare CR or LF."""
    if type(content) is not Lines:
        content = ended(content)
    if content[:1] == b".":
        content = b"." + content
    if b"\r\n." in content:
        content = content.replace(b"\r\n.", b"\r\n..")
    return content + b".\r\n"


def ended(content: bytes) -> bytes:
    """`content` with its last line ended, as servers keep it. Raises ValueError for a bare CR or LF."""
    if type(content) is Lines:
        return content
    _refuse_bare(content)
    return content + b"\r\n" if content and not content.endswith(b"\r\n") else content
