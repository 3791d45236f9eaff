"""The straight way to the content of a message of a batch: text, html or both, for rows whose values are plain.

Where the templates only put values between ASCII text, and the values are ASCII of one line (`RowScope.plain`), the
bodies are 7bit, and their line ends are those of the templates: the parts around the holes are made once. A row that is
not like that gives None, and goes the long way (`Content`). Both make the same bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha1
from typing import NamedTuple

from mailjobs.message.images import REFERRING, may_refer, names_a_reference
from mailjobs.mime import text_entity
from mailjobs.mime.transfer import MAX_TEXT_LINE, canonical
from mailjobs.model import Message
from mailjobs.templates import Rendering, RowScope
from mailjobs.templates.simple import Simple

HOLE = "%s"


class Body(NamedTuple):
    """`pattern` has CRLF line ends; `room` is for the values of a row, in characters; `head` describes the part.

    `html` says whether images have to be looked for; with `quiet` a reference can only stand in a value.
    """

    simple: Simple
    pattern: str
    room: int
    head: bytes
    html: bool
    quiet: bool

    def fill(self, scope: RowScope) -> bytes | None:
        """The body as it travels."""
        values = self.simple.plain(scope)
        if values is None or scope.plain > self.room:
            return None
        text = self.pattern % values
        if self.html and not (self.quiet and not names_a_reference(scope.together)) and may_refer(text):
            return None
        return text.encode()


class StraightContent:
    """A body, or one of two `before` the other. For any number of threads."""

    __slots__ = ("_before", "_body")

    def __init__(self, before: Body | None, body: Body) -> None:
        self._before = before
        self._body = body

    def fill(self, scope: RowScope) -> tuple[bytes, bytes] | None:
        """The fields that describe the content, with the empty line behind them, and the content."""
        before, body = self._before, self._body
        last = body.fill(scope)
        if last is None:
            return None
        if before is None:
            return body.head, last
        first = before.fill(scope)
        return None if first is None else _alternative(before.head, first, body.head, last)


def _alternative(head: bytes, first: bytes, second_head: bytes, second: bytes) -> tuple[bytes, bytes] | None:
    """As `multipart` makes it."""
    digest = sha1(first, usedforsecurity=False)
    digest.update(second)
    boundary = b"=_%b" % digest.hexdigest()[:24].encode()
    if (b"_" in first and boundary in first) or (b"_" in second and boundary in second):
        return None
    fields = b'Content-Type: multipart/alternative; boundary="%b"\r\n\r\n' % boundary
    parts = (boundary, head, first, boundary, second_head, second, boundary)
    return fields, b"--%b\r\n%b%b\r\n--%b\r\n%b%b\r\n--%b--\r\n" % parts


def straight_content(message: Message, bodies: Sequence[tuple[Rendering, str]]) -> StraightContent | None:
    """The straight way for these bodies, plain or html, where there is one; the message has no other content."""
    made = [body for rendering, kind in bodies if (body := _body(message, rendering, kind)) is not None]
    if not made or len(made) < len(bodies):
        return None
    return StraightContent(made[0] if len(made) == 2 else None, made[-1])


def _body(message: Message, rendering: Rendering, kind: str) -> Body | None:
    simple = rendering.simple
    if simple is None or not simple.texts[-1]:
        return None
    pattern = simple.pattern
    if not pattern.isascii() or "\r" in pattern or "\0" in pattern:
        return None
    room = min([_room(line) for line in pattern.split("\n")])
    head = text_entity("x", kind, message.charset).head
    if room < 0:
        return None
    return Body(simple, canonical(pattern.encode()).decode(), room, head, kind == "html", _quiet(simple.texts))


def _quiet(texts: Sequence[str]) -> bool:
    """Whether no reference stands in the texts around the holes, nor at their edges in part."""
    if any(names_a_reference(text) for text in texts) or "" in texts[1:-1]:
        return False
    words = [word.decode() for word in REFERRING]
    ends = tuple([word[:at] for word in words for at in range(1, len(word))])
    starts = tuple([word[at:] for word in words for at in range(1, len(word))])
    before = any(text.lower().endswith(ends) for text in texts[:-1])
    return not before and not any(text.lower().startswith(starts) for text in texts[1:])


def _room(line: str) -> int:
    """How many characters the values of a row may have together, however often they stand in a line."""
    holes = line.replace("%%", "").count(HOLE)
    left = MAX_TEXT_LINE - len(line)
    return left // holes if holes else (MAX_TEXT_LINE if left >= 0 else -1)
