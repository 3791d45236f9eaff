"""A message that is ready to be sent, and what makes it this one and no other."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, NamedTuple

from mailjobs.frozen import frozen

Kind = Literal["to", "cc", "bcc"]


class Identity(NamedTuple):
    """What Message-ID and Date are made of: the same run gives the same bytes. `started` has a time zone."""

    run_id: str
    started: datetime
    key: str


class Recipient(NamedTuple):
    """One recipient of the envelope. `address` is as sent in RCPT: its domain is ASCII."""

    address: str
    kind: Kind
    name: str = ""


@frozen
class Outgoing:
    """Envelope and bytes.

    `message` is its name in the job; `sender` is "" for the null sender; `headers` are names and values as sent,
    unfolded; `head` ends with the empty line; `head` and `body` have CRLF line ends and are not dot-stuffed.
    `smtputf8`: an address needs RFC 6531; `eightbit`: the bytes are not all ASCII.
    """

    message: str
    sender: str
    recipients: tuple[Recipient, ...]
    headers: tuple[tuple[str, str], ...]
    head: bytes
    body: bytes
    message_id: str
    smtputf8: bool = False
    eightbit: bool = False

    @property
    def content(self) -> bytes:
        """Header section, empty line, body."""
        return self.head + self.body

    @property
    def size(self) -> int:
        """Octets of the content, as SIZE counts them (RFC 1870)."""
        return len(self.head) + len(self.body)
