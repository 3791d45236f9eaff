"""Replies, whole, byte by byte, and with what does not belong to them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailjobs.errors import ProtocolError
from mailjobs.smtp import Reply, ReplyParser

KNOWN = [
    (b"220 ready\r\n", Reply(220, ("ready",))),
    (b"250\r\n", Reply(250, ("",))),
    (b"250-one\r\n250-two\r\n250 three\r\n", Reply(250, ("one", "two", "three"))),
    (b"250-\r\n250 \r\n", Reply(250, ("", ""))),
    (b"550 5.1.1 no such user\n", Reply(550, ("5.1.1 no such user",))),
]


@pytest.mark.parametrize(("data", "reply"), KNOWN)
def test_a_reply_is_the_same_whole_and_byte_by_byte(data: bytes, reply: Reply) -> None:
    assert ReplyParser().feed(data) == [reply]
    parser = ReplyParser()
    assert [found for byte in data for found in parser.feed(bytes([byte]))] == [reply]
    assert not parser.pending


@pytest.mark.parametrize(("data", "reply"), KNOWN)
def test_what_follows_a_reply_stays_for_the_next(data: bytes, reply: Reply) -> None:
    parser = ReplyParser()
    assert parser.feed(data + b"354 g") == [reply]
    assert parser.pending
    assert parser.feed(b"o\r\n") == [Reply(354, ("go",))]


texts = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp")), max_size=60)
replies = st.builds(Reply, st.integers(200, 599), st.lists(texts, min_size=1, max_size=5).map(tuple))


def wire(reply: Reply) -> bytes:
    last = len(reply.lines) - 1
    lines = [f"{reply.code}{'-' if i < last else ' '}{line}\r\n" for i, line in enumerate(reply.lines)]
    return "".join(lines).encode()


@given(st.lists(replies, max_size=5), st.data())
def test_any_replies_in_any_pieces(expected: list[Reply], data: st.DataObject) -> None:
    stream = b"".join(wire(reply) for reply in expected)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    parser, found = ReplyParser(), []
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        found += parser.feed(stream[start:end])
    assert found == expected
    assert not parser.pending


@given(st.binary(max_size=200))
def test_rubbish_gives_replies_or_a_protocol_error(data: bytes) -> None:
    parser = ReplyParser(max_line=100)
    try:
        found = parser.feed(data)
    except ProtocolError:
        return
    assert all(200 <= reply.code < 600 for reply in found)


@pytest.mark.parametrize(
    "data",
    [b"HTTP/1.1 400 Bad Request\r\n", b"25 ok\r\n", b"250_ok\r\n", b"150 ok\r\n", b"\r\n", b"250-a\r\n251 b\r\n"],
)
def test_what_is_no_reply_is_refused(data: bytes) -> None:
    with pytest.raises(ProtocolError):
        ReplyParser().feed(data)


def test_a_line_without_end_is_bounded() -> None:
    parser = ReplyParser(max_line=512)
    parser.feed(b"250 " + b"x" * 508)
    with pytest.raises(ProtocolError, match="512 octets"):
        parser.feed(b"x")


def test_a_challenge_may_be_longer_than_other_lines() -> None:
    line = b"334 " + b"x" * 12000
    assert ReplyParser(max_line=512).feed(line + b"\r\n")[0].code == 334
    with pytest.raises(ProtocolError):
        ReplyParser(max_line=512).feed(b"334 " + b"x" * 12400)


def test_lines_and_bytes_of_one_reply_are_bounded() -> None:
    with pytest.raises(ProtocolError, match="10 lines"):
        ReplyParser(max_lines=10).feed(b"250-x\r\n" * 11)
    with pytest.raises(ProtocolError, match="100 octets"):
        ReplyParser(max_bytes=100).feed(b"250-" + b"x" * 60 + b"\r\n250-" + b"x" * 60 + b"\r\n")


def test_bounds_are_for_one_reply_and_not_for_all() -> None:
    parser = ReplyParser(max_lines=2, max_bytes=20)
    assert len(parser.feed(b"250-a\r\n250 b\r\n" * 50)) == 50


def test_a_reply_cannot_move_the_cursor_of_a_terminal() -> None:
    (reply,) = ReplyParser().feed(b"250 \x1b[2Jhi\x00\xff\r\n")
    assert reply.lines == ("\\x1b[2Jhi\\x00\\xff",)


@pytest.mark.parametrize(
    ("reply", "enhanced", "text"),
    [
        (Reply(550, ("5.1.1 no",)), "5.1.1", "no"),
        (Reply(250, ("2.0.0 a", "2.0.0 b")), "2.0.0", "a\nb"),
        (Reply(550, ("4.1.1 wrong class",)), None, "4.1.1 wrong class"),
        (Reply(250, ("2.1 x",)), None, "2.1 x"),
    ],
)
def test_the_enhanced_code_is_of_the_replys_class(reply: Reply, enhanced: str | None, text: str) -> None:
    assert reply.enhanced == enhanced
    assert reply.text == text
