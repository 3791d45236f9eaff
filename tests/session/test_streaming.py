"""Streamed content: no dot without all of it, no word after a broken one, and replies heard while it goes out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import pytest

from mailjobs import clock
from mailjobs.errors import ConnectionLost, FileError, Interrupted, ProtocolError, TimedOut
from mailjobs.events import ConnectionStatus, EndTransfer, Publish, StartTransfer, Trace, Transfer
from mailjobs.model import Timeouts
from mailjobs.session import Post
from mailjobs.session.progress import Progress
from mailjobs.smtp import Envelope
from tests.fixtures.running import Listen
from tests.fixtures.stream import EHLO, PlayedStream, talk

LINE = "x" * 998 + "\r\n"
PIECE = LINE * 263  # what is gathered for one write
OPEN = "MAIL FROM:<a@x.test> SIZE={size}\r\nRCPT TO:<b@x.test>\r\nDATA\r\n"
OPENED = "250 ok\r\n250 ok\r\n354 go\r\n"


@dataclass
class Lines:
    """`number` lines of 1000 octets; `failure` is raised behind them."""

    number: int
    failure: BaseException | None = None
    size: int = 0

    def __post_init__(self) -> None:
        self.size = self.size or self.number * len(LINE)

    def __iter__(self) -> Iterator[bytes]:
        for _ in range(self.number):
            yield LINE.encode()
        if self.failure is not None:
            raise self.failure


@dataclass(frozen=True)
class Note:
    content: Lines | bytes
    envelope: Envelope
    stop_indexes: frozenset[int] = frozenset()


def note(content: Lines | bytes) -> Note:
    size = len(content) if isinstance(content, bytes) else content.size
    return Note(content, Envelope("a@x.test", ("b@x.test",), size))


def opening(number: int) -> tuple[str, str]:
    return OPEN.format(size=number * 1000), OPENED


def states(post: Post) -> list[str]:
    return [outcome.state for outcome in post.outcomes]


def test_the_next_opening_rides_behind_the_last_piece() -> None:
    small = b"Subject: x\r\n"
    stream = PlayedStream(
        EHLO,
        opening(600),
        (PIECE, ""),
        (PIECE, ""),
        (LINE * 74 + ".\r\n" + OPEN.format(size=12), "250 taken\r\n" + OPENED),
        (small.decode() + ".\r\n" + opening(600)[0], "250 taken\r\n" + OPENED),
        (PIECE, ""),
        (PIECE, ""),
        (LINE * 74 + ".\r\n", "250 taken\r\n"),
    )
    post = Post(talk(stream))
    first, second, third = note(Lines(600)), note(small), note(Lines(600))
    for letter, following in ((first, second), (second, third), (third, None)):
        post.begin(letter, following)
        assert [outcome.state for outcome in post.settle()] == ["accepted"]
    assert stream.finished()


@pytest.mark.parametrize("failure", [FileError("it has gone"), Interrupted("Ctrl-C"), KeyboardInterrupt(), OSError(5)])
def test_content_that_fails_is_never_ended(failure: BaseException) -> None:
    stream = PlayedStream(EHLO, opening(1000), (PIECE, ""))
    post = Post(talk(stream))
    with pytest.raises(type(failure)) as caught:
        post.begin(note(Lines(300, failure, 1_000_000)), note(b"Subject: y\r\n"))
    assert caught.value is failure
    assert states(post) == ["not-attempted"]
    assert post.settle() == post.outcomes
    assert (stream.closed, stream.aborted, post.usable) == (True, True, False)
    assert stream.finished()


@pytest.mark.parametrize("size", [299_999, 300_001])
def test_another_size_than_announced_is_a_changed_file(size: int) -> None:
    stream = PlayedStream(EHLO, (OPEN.format(size=size), OPENED), (PIECE, ""))
    post = Post(talk(stream))
    with pytest.raises(FileError, match="changed while it was sent"):
        post.begin(note(Lines(300, None, size)), note(b"Subject: y\r\n"))
    assert states(post) == ["not-attempted"]
    assert (stream.aborted, post.usable) == (True, False)


@pytest.mark.parametrize(
    ("reply", "state"), [("552 too big", "rejected"), ("452 no room", "deferred"), ("421 bye", "deferred")]
)
def test_a_refusal_stops_the_writing(reply: str, state: str) -> None:
    stream = PlayedStream(EHLO, opening(1000), (PIECE, ""))
    stream.unasked = ["", f"{reply}\r\n"]
    post = Post(talk(stream))
    post.begin(note(Lines(1000)), note(b"Subject: y\r\n"))
    (outcome,) = post.settle()
    assert (outcome.state, str(outcome.reply), outcome.command) == (state, reply, "the message")
    assert (stream.aborted, post.usable) == (True, False)
    assert stream.finished()


def test_a_server_that_refuses_and_reads_no_more_is_not_waited_for() -> None:
    class Full(PlayedStream):
        """Has no room for a piece; it replies to it instead."""

        def write(self, data: bytes, receive: Callable[[bytes], None]) -> None:
            super().write(data, receive)
            if data == PIECE.encode():
                receive(b"552 too ")
                receive(b"big\r\n")
                raise AssertionError("the rest of the piece is waited for")

    stream = Full(EHLO, opening(1000), (PIECE, ""))
    post = Post(talk(stream))
    post.begin(note(Lines(1000)))
    (outcome,) = post.settle()
    assert (outcome.state, str(outcome.reply)) == ("rejected", "552 too big")
    assert stream.aborted


def test_replies_to_what_rides_behind_the_last_piece_do_not_break_it_off() -> None:
    class Early(PlayedStream):
        """The reply to the message comes while the opening behind it is still being written."""

        def write(self, data: bytes, receive: Callable[[bytes], None]) -> None:
            super().write(data, receive)
            if data.endswith(b"DATA\r\n") and data.startswith(b"x"):
                receive(b"250 taken\r\n250 ok\r\n")
                self.writes.append("to its end")

    small = b"Subject: x\r\n"
    stream = Early(
        EHLO,
        opening(1),
        (LINE + ".\r\n" + OPEN.format(size=12), "250 ok\r\n354 go\r\n"),
        (small.decode() + ".\r\n", "250 taken\r\n"),
    )
    post = Post(talk(stream))
    first, second = note(Lines(1)), note(small)
    for letter, following in ((first, second), (second, None)):
        post.begin(letter, following)
        assert [outcome.state for outcome in post.settle()] == ["accepted"]
    assert "to its end" in stream.writes


def test_a_server_that_takes_it_before_its_end_is_not_believed() -> None:
    stream = PlayedStream(EHLO, opening(1000), (PIECE, ""))
    stream.unasked = ["", "250 taken\r\n"]
    post = Post(talk(stream))
    post.begin(note(Lines(1000)))
    with pytest.raises(ProtocolError, match="before the end"):
        post.settle()
    assert states(post) == ["unknown"]
    assert not post.usable


def test_a_connection_lost_in_the_middle_has_brought_it_to_nobody() -> None:
    stream = PlayedStream(EHLO, opening(1000), (PIECE, ""))
    stream.unasked = ["", None]
    post = Post(talk(stream))
    with pytest.raises(ConnectionLost) as caught:
        post.begin(note(Lines(1000)))
    assert (caught.value.stage, caught.value.host) == ("the message", "played.example")
    assert states(post) == ["not-attempted"]
    assert not post.usable


def test_a_connection_lost_behind_the_final_dot_leaves_it_unknown() -> None:
    stream = PlayedStream(EHLO, opening(1), (LINE + ".\r\n", None))
    post = Post(talk(stream))
    post.begin(note(Lines(1)))
    with pytest.raises(ConnectionLost):
        post.settle()
    assert states(post) == ["unknown"]


def test_the_total_is_for_all_pieces_and_idle_for_each(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(clock, "monotonic", lambda: now[0])

    class Slow(Lines):
        def __iter__(self) -> Iterator[bytes]:
            for line in super().__iter__():
                now[0] += 0.1  # 26.3 s for each piece
                yield line

    stream = PlayedStream(EHLO, opening(1000), (PIECE, ""), (PIECE, ""))
    conversation = talk(stream)
    conversation.server = replace(conversation.server, timeout=Timeouts(idle=1, total=60))
    post = Post(conversation)
    with pytest.raises(TimedOut, match=r"at the message: it took longer than 60 s \(timeout.total\)"):
        post.begin(note(Slow(1000)))
    assert states(post) == ["not-attempted"]
    assert stream.finished()
    assert stream.aborted


def test_progress_is_told_by_the_percent() -> None:
    listen = Listen()
    stream = PlayedStream(EHLO, opening(600), (PIECE, ""), (PIECE, ""), (LINE * 74 + ".\r\n", "250 taken\r\n"))
    Post(talk(stream, Publish([listen]))).begin(note(Lines(600)))
    told = [
        stamped.event for stamped in listen.heard if isinstance(stamped.event, StartTransfer | Transfer | EndTransfer)
    ]
    assert told == [
        StartTransfer(),
        Transfer("client", 0, 0),
        Transfer("client", 263_000, 43),
        Transfer("client", 526_000, 87),
        Transfer("client", 600_000, 100),
        EndTransfer(),
    ]
    assert [event.line for event in listen.of(Trace)][-1] == "(600000 bytes of content)"


def test_a_large_content_tells_no_more_than_a_hundred_times() -> None:
    listen = Listen()
    progress = Progress(Publish([listen]), 1_000_000)
    for octets in range(0, 1_000_001, 777):
        progress.at(octets)
    progress.at(1_000_000)
    percents = [event.percent for event in listen.of(Transfer)]  # type: ignore[attr-defined]
    assert percents == list(range(101))


def test_a_connection_is_closed_once() -> None:
    listen = Listen()
    conversation = talk(PlayedStream(EHLO, (OPEN.format(size=1001), OPENED)), Publish([listen]))
    with pytest.raises(FileError):
        Post(conversation).begin(note(Lines(1, FileError("it has gone"), 1001)))
    conversation.close()
    conversation.quit()
    assert [event.event for event in listen.of(ConnectionStatus)] == ["disconnected"]  # type: ignore[attr-defined]
