"""Content that is too large to hold: it goes out in pieces, and its final dot only where all of it came."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import field
from typing import ClassVar, NamedTuple, Protocol

from mailjobs.errors import FileError
from mailjobs.frozen import frozen
from mailjobs.smtp.commands import Command
from mailjobs.smtp.content import DotStuffer

PIECE = 256 * 1024  # octets that are gathered for one write


class Streamed(Protocol):
    """Content that is made while it is sent.

    Each iteration begins anew and gives chunks of any length, cut anywhere, with CRLF line ends, not dot-stuffed;
    memory is a few times the longest of them. It raises a MailjobsError, such as
    FileError, where the content cannot be had any more.
    """

    @property
    def size(self) -> int:
        """Octets of all chunks together, known before the first."""

    def __iter__(self) -> Iterator[bytes]:
        """The chunks."""


class Piece(NamedTuple):
    """What one write takes: `wire` is dot-stuffed, `octets` counts the content so far, `last` has the final dot."""

    wire: bytes
    octets: int
    last: bool


@frozen
class StreamedContent(Command):
    """The content after 354, in `pieces`; its reply is that to the message, and is due from the first of them."""

    name: ClassVar[str] = "the message"
    last_in_group: ClassVar[bool] = False
    content: Streamed = field(repr=False)

    def wire(self) -> bytes:
        """Nothing: the pieces are its wire form."""
        return b""

    def trace(self) -> str:
        """Its size alone."""
        return f"({self.content.size} bytes of content)"

    def pieces(self) -> Generator[Piece]:
        """The wire form. There is a last piece only where the content has the octets that it announced.

        Raises FileError where it has fewer or more, what the content itself raises, and ValueError for a bare CR or LF.
        """
        stuffer = DotStuffer()
        gathered: list[bytes] = []
        waiting = 0
        for chunk in self.content:
            gathered.append(stuffer.feed(chunk))
            waiting += len(gathered[-1])
            self._check(stuffer.octets <= self.content.size, "there are more")
            if waiting >= PIECE:
                yield Piece(b"".join(gathered), stuffer.octets, False)
                gathered, waiting = [], 0
        self._check(stuffer.octets == self.content.size, f"there are {stuffer.octets}")
        gathered.append(stuffer.finish())
        yield Piece(b"".join(gathered), stuffer.octets, True)

    def _check(self, unchanged: bool, found: str) -> None:
        if not unchanged:
            raise FileError(
                f"the content changed while it was sent: {self.content.size} octets were announced, and {found}",
                stage=self.name,
                hint="send it again when nobody writes to the files that it is made of",
            )
