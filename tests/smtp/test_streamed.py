"""Pieces of a streamed content: those of the whole, and a last one only where all of it came."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailjobs.errors import FileError, StateError
from mailjobs.smtp import Command, Data, Ehlo, Engine, Mail, Noop, Piece, Quit, Rcpt, StreamedContent, dot_stuff
from mailjobs.smtp.streamed import PIECE


@dataclass
class Chunks:
    chunks: tuple[bytes, ...]
    announced: int | None = None

    @property
    def size(self) -> int:
        return sum(map(len, self.chunks)) if self.announced is None else self.announced

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.chunks)


lines = st.lists(st.sampled_from([b"\r\n", b".\r\n", b"..x\r\n", b"hello\r\n", b"x"]), max_size=10)


@given(lines.map(tuple))
def test_the_pieces_are_the_wire_form(chunks: tuple[bytes, ...]) -> None:
    content = StreamedContent(Chunks(chunks))
    pieces = list(content.pieces())
    assert b"".join(piece.wire for piece in pieces) == dot_stuff(b"".join(chunks))
    assert [piece.last for piece in pieces] == [False] * (len(pieces) - 1) + [True]
    assert pieces[-1].octets == content.content.size
    assert list(content.pieces()) == pieces, "each iteration begins anew"


def test_small_chunks_are_gathered_and_no_more_is_held_than_a_write_takes() -> None:
    line = b"x" * 998 + b"\r\n"
    pieces = list(StreamedContent(Chunks((line,) * 2000)).pieces())
    assert [len(piece.wire) for piece in pieces[:-1]] == [263_000] * 7
    assert PIECE <= 263_000 < PIECE + len(line)
    assert [piece.octets for piece in pieces] == [263_000 * n for n in range(1, 8)] + [2_000_000]


@pytest.mark.parametrize(("announced", "words"), [(9, "there are more"), (11, "there are 10"), (0, "there are more")])
def test_another_size_than_announced_has_no_last_piece(announced: int, words: str) -> None:
    pieces: list[Piece] = []
    with pytest.raises(FileError, match=f"{announced} octets were announced, and {words}") as caught:
        pieces.extend(StreamedContent(Chunks((b"12345", b"678\r\n"), announced)).pieces())
    assert not any(piece.last for piece in pieces)
    assert caught.value.hint


def test_content_that_grows_without_end_is_given_up() -> None:
    class Endless:
        size = 10

        def __iter__(self) -> Iterator[bytes]:
            while True:
                yield b"xxxx\r\n"

    with pytest.raises(FileError):
        list(StreamedContent(Endless()).pieces())


def test_a_trace_shows_its_size_alone() -> None:
    content = StreamedContent(Chunks((b"secret",)))
    assert content.trace() == "(6 bytes of content)"
    assert "secret" not in repr(content)


def engine() -> Engine:
    engine = Engine()
    engine.receive(b"220 hi\r\n")
    engine.send(Ehlo("me"))
    engine.receive(b"250-n\r\n250 PIPELINING\r\n")
    for command in (Mail("a@x.test"), Rcpt("b@x.test"), Data()):
        engine.send(command)
    engine.receive(b"250 ok\r\n250 ok\r\n354 go\r\n")
    assert engine.send(StreamedContent(Chunks((b"x",)))) == b""
    return engine


@pytest.mark.parametrize("command", [Mail("a@x.test"), Quit(), Noop(), Data(), StreamedContent(Chunks(()))])
def test_nothing_may_be_said_before_the_final_dot(command: Command) -> None:
    waiting = engine()
    assert waiting.in_transaction
    with pytest.raises(StateError):
        waiting.send(command)
    waiting.end_content()
    assert not waiting.in_transaction
    waiting.send(Mail("a@x.test"))
    (answer, _) = waiting.receive(b"250 taken\r\n250 ok\r\n")
    assert isinstance(answer.command, StreamedContent)


def test_content_ends_once() -> None:
    waiting = engine()
    waiting.end_content()
    with pytest.raises(StateError):
        waiting.end_content()


@pytest.mark.parametrize("reply", [b"552 too big\r\n", b"451 no room\r\n", b"250 thanks\r\n", b"421 bye\r\n"])
def test_a_reply_before_the_final_dot_ends_the_conversation(reply: bytes) -> None:
    waiting = engine()
    (answer,) = waiting.receive(reply)
    assert isinstance(answer.command, StreamedContent)
    assert waiting.closed
    with pytest.raises(StateError):
        waiting.end_content()
