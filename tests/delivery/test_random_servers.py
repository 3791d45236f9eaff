"""Servers that do what they like: whatever happens, every recipient ends in one state, and that state is true."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st

from mailjobs.delivery import Courier
from mailjobs.errors import ConnectionLost, FileError, MailjobsError, TransportError
from mailjobs.model import Retry
from mailjobs.net import Deadline, Peer
from mailjobs.session import Conversation
from mailjobs.smtp import Envelope
from tests.fixtures.stream import talk

MAIL_REPLIES = ["250 ok"] * 8 + ["451 later", "550 no", "421 bye", "250-two\r\n250 lines", "nonsense", "354 what"]
RCPT_REPLIES = ["250 ok"] * 8 + ["251 will forward", "451 later", "550 no", "552 too many", "421 bye", "999 odd"]
DATA_REPLIES = ["354 go"] * 10 + ["451 later", "554 no", "421 bye", "250 what"]
DOT_REPLIES = ["250 taken"] * 10 + ["451 later", "554 spam", "421 bye", "354 more", "250 taken\r\n250 and more"]


EARLY_REPLIES = ["552 too big", "452 no room", "421 bye", "250 taken", "nonsense"]


@dataclass(frozen=True)
class Chunks:
    """A content that is cut at these places; `gone` where its file fails behind the last of them."""

    content: bytes
    cuts: tuple[int, ...]
    gone: bool

    @property
    def size(self) -> int:
        return len(self.content)

    def __iter__(self) -> Iterator[bytes]:
        for start, end in pairwise([0, *self.cuts]):
            yield self.content[start:end]
        if self.gone:
            raise FileError("it has gone")
        yield self.content[self.cuts[-1] :]


@dataclass(frozen=True)
class Note:
    number: int
    envelope: Envelope
    content: bytes | Chunks
    stop_indexes: frozenset[int] = frozenset()


@dataclass
class Books:
    """What all servers of one test took, by message and recipient."""

    taken: Counter[tuple[int, str]] = field(default_factory=Counter)


class WildServer:
    """A stream to a server that draws each of its replies, and may hang up after any."""

    info = None

    def __init__(self, draw: Callable[[st.SearchStrategy[object]], object], books: Books, pipelining: bool) -> None:
        self.deadline = Deadline("wild")
        self.peer = Peer("wild.example", "192.0.2.1", 25, "192.0.2.2", 40000)
        self._draw = draw
        self._books = books
        self._pipelining = pipelining
        self._input = b""
        self._output = b"220 wild\r\n"
        self._accepted: list[str] | None = None
        self._content = False
        self._gone = False
        self._calm = True  # until EHLO is answered

    def write(self, data: bytes, receive: Callable[[bytes], None]) -> None:
        """Take commands in and answer them."""
        if self._gone and not self._output:
            raise ConnectionLost("the server is gone")
        self._input += data
        while not self._gone and self._next():
            if not self._calm and self._draw(st.integers(0, 24)) == 0:
                self._gone = True

    def poll(self, receive: Callable[[bytes], None]) -> None:
        """The server may refuse a content before its end, or go away."""
        if self._content and not self._gone and self._draw(st.integers(0, 9)) == 0:
            self._say(self._one(EARLY_REPLIES))
            self._gone = True  # who does not close now reads the rest, and says nothing of it
        if self._output.startswith(b"250"):  # a lie of which the end comes behind the dot looks like the truth
            lie, self._output = self._output, b""
            receive(lie)
        elif self._output:
            receive(self.read())
        elif self._gone:
            raise ConnectionLost("the server is gone")

    def read(self) -> bytes:
        """Some of what was answered."""
        size = self._draw(st.integers(1, 40)) if self._output else 0
        assert isinstance(size, int)
        given, self._output = self._output[:size], self._output[size:]
        assert given or self._gone, "the client waits for a reply to nothing"
        return given

    def close(self, abort: bool = False) -> None:
        """The client hangs up."""
        self._gone = True
        self._output = b""

    def _next(self) -> bool:
        if self._content:
            return self._take_content()
        line, end, rest = self._input.partition(b"\r\n")
        if not end:
            return False
        self._input = rest
        self._say(self._reply(line.decode()))
        return True

    def _reply(self, line: str) -> str:
        verb = line.partition(" ")[0]
        if verb == "EHLO":
            self._calm = False
            return "250-wild\r\n250 PIPELINING" if self._pipelining else "250 wild"
        if verb == "MAIL":
            reply = self._one(MAIL_REPLIES)
            self._accepted = [] if reply.startswith("250") else None
        elif verb == "RCPT":
            reply = self._one(RCPT_REPLIES) if self._accepted is not None else "503 no MAIL"
            if reply.startswith("25") and self._accepted is not None:
                self._accepted.append(line[len("RCPT TO:<") : -1])
        elif verb == "DATA":
            reply = self._one(DATA_REPLIES) if self._accepted is not None else "503 no MAIL"
            self._content = reply.startswith("354")
        else:
            self._accepted = None
            reply = "221 bye" if verb == "QUIT" else "250 ok"
        return reply

    def _take_content(self) -> bool:
        if self._input.startswith(b".\r\n"):
            content, self._input = b"", self._input[3:]
        else:
            content, dot, rest = self._input.partition(b"\r\n.\r\n")
            if not dot:
                return False
            self._input = rest
        self._content = False
        reply = self._one(DOT_REPLIES) if content and self._accepted else "554 no valid recipients"
        if reply.startswith("250"):
            number = int(content.removeprefix(b"Subject: "))
            self._books.taken.update([(number, recipient) for recipient in self._accepted or ()])
        self._accepted = None
        self._say(reply)
        return True

    def _one(self, replies: list[str]) -> str:
        found = self._draw(st.sampled_from(replies))
        assert isinstance(found, str)
        return found

    def _say(self, reply: str) -> None:
        self._output += reply.encode() + b"\r\n"
        if reply.startswith(("421", "221")):
            self._gone = True


@st.composite
def notes(draw: st.DrawFn) -> list[Note]:
    made = []
    for number in range(draw(st.integers(1, 4))):
        recipients = tuple(f"r{index}@x.test" for index in range(draw(st.integers(1, 3))))
        stops = frozenset(draw(st.sets(st.integers(0, len(recipients) - 1))))
        content = f"Subject: {number}\r\n".encode()
        cuts = draw(st.lists(st.integers(0, len(content)), max_size=4))
        cut = Chunks(content, tuple(sorted(cuts)), draw(st.integers(0, 4)) == 0) if cuts else content
        made.append(Note(number, Envelope("a@x.test", recipients, len(content)), cut, stops))
    return made


@patch("mailjobs.smtp.streamed.PIECE", 4)
@settings(max_examples=600, deadline=None)
@given(st.data(), notes(), st.booleans(), st.sampled_from([1, 1, 2, 3]))
def test_every_recipient_ends_in_one_true_state(
    data: st.DataObject, letters: list[Note], pipelining: bool, attempts: int
) -> None:
    books = Books()
    opened = [0]
    current: list[Conversation] = []

    def connection() -> Conversation:
        if current and current[-1].usable:
            return current[-1]
        opened[0] += 1
        if opened[0] > 12 or (opened[0] > 1 and data.draw(st.integers(0, 9)) == 0):
            raise TransportError("connection refused", temporary=True)
        current.append(talk(WildServer(data.draw, books, pipelining)))
        return current[-1]

    states: dict[tuple[int, str], str] = {}
    try:
        for settled in Courier[Note](connection, Retry(attempts=attempts, delay=0)).deliver(letters):
            outcomes = settled.outcomes
            assert [one.recipient for one in outcomes] == list(settled.letter.envelope.recipients)
            for one in outcomes:
                assert (settled.letter.number, one.recipient) not in states
                states[settled.letter.number, one.recipient] = one.state
    except MailjobsError:
        pass  # the rest was never attempted
    whole = {letter.number for letter in letters if not (isinstance(letter.content, Chunks) and letter.content.gone)}
    assert {number for number, _ in books.taken} <= whole, "half a message was taken"
    for key, times in books.taken.items():
        assert times == 1, f"{key} was taken {times} times"
        assert states.get(key) in ("accepted", "unknown"), f"{key} was taken and is told as {states.get(key)}"
    for key, state in states.items():
        if state == "accepted":
            assert books.taken[key] == 1, f"{key} is told as accepted, and nobody took it"
