"""What the capture server saw, as values, and the one line that a person reads for each."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from email.errors import HeaderParseError
from email.header import decode_header
from email.parser import HeaderParser
from pathlib import Path
from typing import Any

from mailjobs.frozen import frozen

SHOWN_RECIPIENTS = 3
KILO = 1000


@frozen
class Listening:
    """The server is ready. `ca` is the file to trust where STARTTLS is offered."""

    host: str
    port: int
    directory: Path
    ca: Path | None = None

    def as_dict(self) -> dict[str, Any]:
        """The value as plain data."""
        ca = str(self.ca) if self.ca else None
        return {"kind": "listening", "host": self.host, "port": self.port, "directory": str(self.directory), "ca": ca}

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        secured = f", STARTTLS with {self.ca}" if self.ca else ""
        return f"sandbox: smtp://{host}:{self.port}{secured}, keeping messages in {self.directory}/ (Ctrl-C ends it)"


@frozen
class Kept:
    """One message, kept. `sender` is empty for the null sender, `size` is in octets, `received` in UTC."""

    number: int
    file: Path
    sender: str
    recipients: tuple[str, ...]
    peer: str
    received: datetime
    subject: str
    size: int

    def as_dict(self) -> dict[str, Any]:
        """The value as plain data: the envelope as in the file beside the message, and what its line shows."""
        return {"kind": "kept", "number": self.number, "file": str(self.file), **self.envelope(),
                "subject": self.subject, "size": self.size}  # fmt: skip

    def envelope(self) -> dict[str, Any]:
        """Who sent to whom, from where and when."""
        received = self.received.isoformat(timespec="milliseconds")
        return {"from": self.sender, "to": list(self.recipients), "peer": self.peer, "received": received}

    def __str__(self) -> str:
        shown = ", ".join(self.recipients[:SHOWN_RECIPIENTS])
        more = len(self.recipients) - SHOWN_RECIPIENTS
        to = f"{shown} and {more} more" if more > 0 else shown
        line = f'{self.number:04}  {self.sender or "<>"} -> {to}  "{self.subject}"  {human_size(self.size)}'
        return printable(line)


@frozen
class NotKept:
    """A message that could not be kept: its file could not be written, or its conversation failed."""

    reason: str

    def as_dict(self) -> dict[str, Any]:
        """The value as plain data."""
        return {"kind": "not-kept", "reason": self.reason}

    def __str__(self) -> str:
        return printable(f"not kept: {self.reason}")


Seen = Listening | Kept | NotKept
Out = Callable[[Seen], None]


def human_size(octets: int) -> str:
    """`octets` as `640 B`, `1.2 kB` or `3.4 MB`."""
    if octets < KILO:
        return f"{octets} B"
    if octets < KILO * KILO:
        return f"{octets / KILO:.1f} kB"
    return f"{octets / KILO / KILO:.1f} MB"


def printable(text: str) -> str:
    """`text` fit for a terminal: what does not print (an escape sequence in a subject) becomes blanks."""
    return "".join(char if char.isprintable() else " " for char in text)


def subject_of(content: bytes) -> str:
    """The decoded Subject of a message, or "" without one. A broken one is shown as it stands (RFC 2047, 6.3)."""
    head = content.partition(b"\r\n\r\n")[0].decode("utf-8", "replace")
    raw = re.sub(r"[\r\n]+", "", HeaderParser().parsestr(head)["Subject"] or "")
    try:
        parts = decode_header(raw)
    except HeaderParseError:
        return printable(raw)
    return printable("".join(_decoded(part, charset) for part, charset in parts)).strip()


def _decoded(part: bytes | str, charset: str | None) -> str:
    if isinstance(part, str):
        return part
    try:
        return part.decode(charset or "ascii", "replace")
    except LookupError:
        return part.decode("ascii", "replace")
