"""What goes out in which write: one round trip a message, and never more than may be grouped."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from mailjobs.errors import ConnectionLost, ReplyError
from mailjobs.session import Post
from mailjobs.smtp import Envelope
from tests.fixtures.stream import EHLO, PLAIN_EHLO, PlayedStream, talk


@dataclass(frozen=True)
class Note:
    envelope: Envelope
    content: bytes = b"Subject: x\r\n\r\nhello\r\n"
    stop_indexes: frozenset[int] = frozenset()


def note(*recipients: str, stop: tuple[int, ...] = (), content: bytes = b"Subject: x\r\n\r\nhello\r\n") -> Note:
    return Note(Envelope("a@x.test", recipients, len(content), False, False), content, frozenset(stop))


BODY = "Subject: x\r\n\r\nhello\r\n.\r\n"
MAIL = "MAIL FROM:<a@x.test> SIZE=21\r\n"
OPEN = MAIL + "RCPT TO:<b@x.test>\r\nDATA\r\n"
OPENED = "250 ok\r\n250 ok\r\n354 go\r\n"


def states(post: Post) -> list[str]:
    return [outcome.state for outcome in post.outcomes]


def test_the_next_opening_rides_behind_the_content() -> None:
    stream = PlayedStream(EHLO, (OPEN, OPENED), (BODY + OPEN, "250 taken\r\n" + OPENED), (BODY, "250 taken\r\n"))
    post = Post(talk(stream))
    first, second = note("b@x.test"), note("b@x.test")
    post.begin(first, second)
    assert [outcome.state for outcome in post.settle()] == ["accepted"]
    post.begin(second)
    assert [outcome.state for outcome in post.settle()] == ["accepted"]
    assert stream.finished()


def test_without_pipelining_each_command_waits_for_its_reply() -> None:
    stream = PlayedStream(
        PLAIN_EHLO,
        ("MAIL FROM:<a@x.test>\r\n", "250 ok\r\n"),
        ("RCPT TO:<b@x.test>\r\n", "250 ok\r\n"),
        ("DATA\r\n", "354 go\r\n"),
        (BODY, "250 taken\r\n"),
    )
    post = Post(talk(stream))
    post.begin(note("b@x.test"), note("c@x.test"))
    assert [outcome.state for outcome in post.settle()] == ["accepted"]
    assert stream.finished()


def test_data_waits_where_a_refusal_stops_the_message() -> None:
    two = MAIL + "RCPT TO:<b@x.test>\r\nRCPT TO:<c@x.test>\r\n"
    stream = PlayedStream(EHLO, (two, "250 ok\r\n550 no\r\n250 ok\r\n"), ("RSET\r\n", "250 ok\r\n"))
    post = Post(talk(stream))
    post.begin(note("b@x.test", "c@x.test", stop=(0,)))
    assert [outcome.state for outcome in post.settle()] == ["rejected", "not-attempted"]
    assert stream.finished()


def test_354_after_every_recipient_was_refused_is_ended_by_a_lone_dot() -> None:
    stream = PlayedStream(EHLO, (OPEN, "250 ok\r\n550 no\r\n354 go\r\n"), (".\r\n", "554 no recipients\r\n"))
    post = Post(talk(stream))
    post.begin(note("b@x.test"))
    assert [outcome.state for outcome in post.settle()] == ["rejected"]
    assert stream.finished()


def test_all_refused_and_data_refused_is_reset() -> None:
    stream = PlayedStream(EHLO, (OPEN, "250 ok\r\n450 later\r\n503 no\r\n"), ("RSET\r\n", "250 ok\r\n"))
    post = Post(talk(stream))
    post.begin(note("b@x.test"))
    assert [outcome.state for outcome in post.settle()] == ["deferred"]
    assert stream.finished()


def test_lost_after_the_final_dot_is_unknown() -> None:
    stream = PlayedStream(EHLO, (OPEN, OPENED), (BODY, None))
    post = Post(talk(stream))
    post.begin(note("b@x.test"))
    with pytest.raises(ConnectionLost) as caught:
        post.settle()
    assert states(post) == ["unknown"]
    assert caught.value.host == "played.example"
    assert not post.usable


def test_lost_before_the_content_was_not_attempted() -> None:
    stream = PlayedStream(EHLO, (OPEN, None))
    post = Post(talk(stream))
    with pytest.raises(ConnectionLost):
        post.begin(note("b@x.test"))
    assert states(post) == ["not-attempted"]


def test_a_message_over_the_servers_size_is_refused_before_anything_is_said() -> None:
    stream = PlayedStream(EHLO)
    post = Post(talk(stream))
    with pytest.raises(ReplyError, match="1000000"):
        post.begin(note("b@x.test", content=b"x" * 1_000_001))
    assert states(post) == ["rejected"]


def test_a_following_letter_that_cannot_be_opened_does_not_touch_this_one() -> None:
    stream = PlayedStream(EHLO, (OPEN, OPENED), (BODY, "250 taken\r\n"))
    post = Post(talk(stream))
    post.begin(note("b@x.test"), note("c@x.test", content=b"x" * 1_000_001))
    assert [outcome.state for outcome in post.settle()] == ["accepted"]
    assert stream.finished()
