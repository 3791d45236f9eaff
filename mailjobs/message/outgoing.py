"""A message that is ready to be sent, and what makes it this one and no other."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Literal, NamedTuple

from mailjobs.frozen import frozen
from mailjobs.message.fields import fields_of
from mailjobs.mime import Lines, Piece

Kind = Literal["to", "cc", "bcc"]


class Identity(NamedTuple):
    """What Message-ID and Date are made of: the same run gives the same bytes. `started` has a time zone."""

    run_id: str
    started: datetime
    key: str


class Recipient(NamedTuple):
    """One recipient of the envelope. `address` is as sent in RCPT: its domain is ASCII.

    `notify`, `orcpt` and `options` are what RCPT says besides (RFC 3461), in words: not yet encoded.
    """

    address: str
    kind: Kind
    name: str = ""
    notify: tuple[str, ...] = ()
    orcpt: str = ""
    options: tuple[str, ...] = ()


class Reports(NamedTuple):
    """What MAIL says of delivery status notifications (RFC 3461): what they bring back, and what they call the mail."""

    returned: str = ""
    envelope_id: str = ""


NO_REPORTS = Reports()


@frozen
class Outgoing:
    """Envelope and bytes.

    `message` is its name in the job; `sender` is "" for the null sender; `head` ends with the empty line; `head` and
    `body` have CRLF line ends and are not dot-stuffed. Files that are large are pieces of the body that are read while
    they are sent.
    `smtputf8`: the headers, the sender or a recipient who stands in the headers need RFC 6531; `eightbit`: the bytes
    are not all ASCII.
    """

    message: str
    sender: str
    recipients: tuple[Recipient, ...]
    head: bytes
    body: tuple[Piece, ...]
    message_id: str
    smtputf8: bool = False
    eightbit: bool = False
    reports: Reports = NO_REPORTS

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """Names and values as sent, unfolded."""
        return fields_of(self.head)

    def told(self) -> list[dict[str, str]]:
        """The fields as programs read them: `value` as sent, unfolded, and `text` with its encoded words decoded."""
        return [{"name": name, "value": value, "text": decoded(value)} for name, value in self.headers]

    @property
    def whole(self) -> Lines | None:
        """Header section, empty line, body; None where some of it is read only while it is sent."""
        if not self.body:
            return Lines(self.head)
        first = self.body[0]
        if len(self.body) == 1 and isinstance(first, bytes):
            return Lines(self.head + first)
        return None

    def __iter__(self) -> Iterator[bytes]:
        """The content in chunks. Raises FileError where a file is no longer what it was."""
        yield self.head
        for piece in self.body:
            if isinstance(piece, bytes):
                yield piece
            else:
                yield from piece

    @property
    def content(self) -> bytes:
        """Header section, empty line, body, whatever their size."""
        return b"".join(self)

    @property
    def size(self) -> int:
        """Octets of the content, as SIZE counts them (RFC 1870)."""
        return len(self.head) + self.body_size

    @property
    def body_size(self) -> int:
        """Octets behind the empty line."""
        return sum([len(piece) if isinstance(piece, bytes) else piece.size for piece in self.body])


def decoded(value: str) -> str:
    """A header value with its encoded words (RFC 2047) read; as it is where they cannot be."""
    if "=?" not in value:
        return value
    from email.errors import HeaderParseError
    from email.header import decode_header, make_header

    try:
        return str(make_header(decode_header(value)))
    except (HeaderParseError, LookupError, UnicodeError):
        return value  # of a ready-made message, which may say anything
