"""When RSET is said: `rset: always | after-failure | never`."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mailjobs.errors import ProtocolError, ReplyError
from mailjobs.session import Conversation, Post
from mailjobs.session.window import Window
from tests.fixtures.stream import EHLO, PLAIN_EHLO, PlayedStream, talk
from tests.session.test_post import BODY, OPEN, OPENED, note, states

PLAIN_MAIL = (
    ("MAIL FROM:<a@x.test>\r\n", "250 ok\r\n"),
    ("RCPT TO:<b@x.test>\r\n", "250 ok\r\n"),
    ("DATA\r\n", "354 go\r\n"),
    (BODY, "250 taken\r\n"),
)
TAKEN = (BODY, "250 taken\r\n")
REFUSED = (OPEN, "250 ok\r\n450 later\r\n503 no\r\n")


def conversation(stream: PlayedStream, rset: str) -> Conversation:
    found = talk(stream)
    found.server = replace(found.server, rset=rset)  # type: ignore[arg-type]
    return found


def send(post: Post, *letters: object, ahead: bool = False) -> list[str]:
    found = []
    for index, letter in enumerate(letters):
        following = letters[index + 1] if ahead and index + 1 < len(letters) else None
        post.begin(letter, following)  # type: ignore[arg-type]
        found += [outcome.state for outcome in post.settle()]
    return found


def test_always_rides_before_every_further_message() -> None:
    stream = PlayedStream(
        EHLO,
        (OPEN, OPENED),
        (BODY, "250 taken\r\n"),
        ("RSET\r\n" + OPEN, "250 reset\r\n" + OPENED),
        (BODY, "250 ok\r\n"),
    )
    assert send(Post(conversation(stream, "always")), note("b@x.test"), note("b@x.test")) == ["accepted"] * 2
    assert stream.finished()


def test_always_rides_in_the_write_of_the_content_before() -> None:
    both = BODY + "RSET\r\n" + OPEN
    stream = PlayedStream(EHLO, (OPEN, OPENED), (both, "250 taken\r\n250 reset\r\n" + OPENED), (BODY, "250 ok\r\n"))
    letters = note("b@x.test"), note("b@x.test")
    assert send(Post(conversation(stream, "always")), *letters, ahead=True) == ["accepted"] * 2
    assert stream.finished()


def test_always_has_a_round_trip_of_its_own_without_pipelining() -> None:
    stream = PlayedStream(PLAIN_EHLO, *PLAIN_MAIL, ("RSET\r\n", "250 reset\r\n"), *PLAIN_MAIL)
    assert send(Post(conversation(stream, "always")), note("b@x.test"), note("b@x.test")) == ["accepted"] * 2
    assert stream.finished()


def test_always_counts_over_the_steps_of_a_conversation() -> None:
    stream = PlayedStream(
        EHLO,
        (OPEN, OPENED),
        (BODY, "250 taken\r\n"),
        ("RSET\r\n" + OPEN, "250 reset\r\n" + OPENED),
        (BODY, "250 ok\r\n"),
    )
    held = conversation(stream, "always")
    assert send(Post(held), note("b@x.test")) + send(Post(held), note("b@x.test")) == ["accepted"] * 2
    assert stream.finished()


def test_a_server_that_says_goodbye_to_rset_gets_no_message() -> None:
    stream = PlayedStream(EHLO, (OPEN, OPENED), (BODY, "250 ok\r\n"), ("RSET\r\n" + OPEN, "421 leaving\r\n"))
    post = Post(conversation(stream, "always"))
    assert send(post, note("b@x.test")) == ["accepted"]
    assert send(post, note("b@x.test")) == ["deferred"]
    assert not post.usable


@pytest.mark.parametrize("pipelining", [True, False])
def test_a_server_that_refuses_rset_gets_no_message(pipelining: bool) -> None:
    if pipelining:
        stream = PlayedStream(
            EHLO,
            (OPEN, OPENED),
            (BODY, "250 ok\r\n"),
            ("RSET\r\n" + OPEN, "500 what?\r\n250 ok\r\n250 ok\r\n354 go\r\n"),
        )
    else:
        stream = PlayedStream(PLAIN_EHLO, *PLAIN_MAIL, ("RSET\r\n", "500 what?\r\n"))
    post = Post(conversation(stream, "always"))
    assert send(post, note("b@x.test")) == ["accepted"]
    with pytest.raises(ProtocolError if pipelining else ReplyError):
        post.begin(note("b@x.test"))
    assert states(post) == ["not-attempted"]


def test_after_failure_is_the_default_and_says_it_then_alone() -> None:
    stream = PlayedStream(EHLO, REFUSED, ("RSET\r\n", "250 ok\r\n"), (OPEN, OPENED), (BODY, "250 ok\r\n"))
    post = Post(conversation(stream, "after-failure"))
    assert send(post, note("b@x.test"), note("b@x.test")) == ["deferred", "accepted"]
    assert stream.finished()


def test_never_costs_a_new_connection_after_a_failure() -> None:
    stream = PlayedStream(EHLO, REFUSED, ("QUIT\r\n", "221 bye\r\n"))
    post = Post(conversation(stream, "never"))
    assert send(post, note("b@x.test")) == ["deferred"]
    assert stream.finished()
    assert stream.closed
    assert not post.usable


def test_never_costs_nothing_where_nothing_fails() -> None:
    stream = PlayedStream(EHLO, (OPEN, OPENED), (BODY, "250 ok\r\n"), (OPEN, OPENED), (BODY, "250 ok\r\n"))
    assert send(Post(conversation(stream, "never")), note("b@x.test"), note("b@x.test")) == ["accepted"] * 2
    assert stream.finished()


@pytest.mark.parametrize(("rset", "takes"), [("always", True), ("after-failure", True), ("never", False)])
def test_several_under_way_need_rset(rset: str, takes: bool) -> None:
    chunking = (EHLO[0], EHLO[1].replace("8BITMIME", "CHUNKING"))
    held = conversation(PlayedStream(chunking), rset)
    assert Window(held, 4).takes(note("b@x.test")) is takes
