"""What a server says of a connection or of our manners costs no message its try."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from pathlib import Path

import pytest

from mailjobs.delivery import NoLimits, Terms
from mailjobs.delivery.dispatch import Dispatch
from mailjobs.delivery.errand import judge
from mailjobs.delivery.heard import in_step, of_the_message
from mailjobs.delivery.lane import Lane
from mailjobs.delivery.manners import Manners
from mailjobs.errors import ConnectionLost, MailjobsError
from mailjobs.model import Retry
from mailjobs.session import Settled
from mailjobs.smtp import Outcome, Reply
from tests.book.books import Ledger, Mail, mail
from tests.fixtures.stream import PlayedStream, talk

EHLO = ("EHLO client\r\n", "250-played\r\n250 PIPELINING\r\n")
CONTENT = "Subject: x\r\n\r\nx\r\n.\r\n"
ALONE = Terms(connections=1)
OPENED = "250 ok\r\n250 ok\r\n354 go\r\n"


def opening(number: int) -> str:
    return f"MAIL FROM:<from@example.com>\r\nRCPT TO:<u{number}@x.test>\r\nDATA\r\n"


def run(tmp_path: Path, streams: list[PlayedStream], letters: list[Mail], terms: Terms = ALONE):
    """All that is told of letters that go over these connections, one after the other."""
    told: list[Settled[Mail]] = []
    dispatch: Dispatch[Mail] = Dispatch(Ledger(tmp_path).make(letters), terms, NoLimits(), told.append)
    left = list(streams)
    lane = Lane(dispatch, terms, Manners(), lambda: talk(left.pop(0)), lambda error: 0.0)
    lane.run()
    assert all(stream.finished() for stream in streams)
    return [(one.outcomes[0].recipient, one.outcomes[0].state) for one in told], lane


def people(count: int) -> list[Mail]:
    return [mail(f"u{number}@x.test") for number in range(count)]


def test_a_goodbye_after_some_messages_sends_the_next_over_another_connection(tmp_path: Path) -> None:
    first = PlayedStream(
        EHLO,
        (opening(0), OPENED),
        (CONTENT + opening(1), "250 taken\r\n421 enough for today\r\n"),
    )
    second = PlayedStream(EHLO, (opening(1), OPENED), (CONTENT, "250 taken\r\n"), ("QUIT\r\n", "221 bye\r\n"))
    told, _ = run(tmp_path, [first, second], people(2))
    assert told == [("u0@x.test", "accepted"), ("u1@x.test", "accepted")]


def test_a_server_that_calls_it_bad_sequence_is_talked_to_more_gently(tmp_path: Path) -> None:
    dialogue = PlayedStream(
        EHLO,
        (opening(0), OPENED),
        (CONTENT + opening(1), "250 taken\r\n" + "503 bad sequence of commands\r\n" * 3),
        ("RSET\r\n", "250 ok\r\n"),
        (opening(1), OPENED),
        (CONTENT, "250 taken\r\n"),
        (opening(2), OPENED),
        (CONTENT, "250 taken\r\n"),
        ("QUIT\r\n", "221 bye\r\n"),
    )
    told, _ = run(tmp_path, [dialogue], people(3))
    assert sorted(told) == [("u0@x.test", "accepted"), ("u1@x.test", "accepted"), ("u2@x.test", "accepted")]


@pytest.mark.parametrize("gone", [None, "421 idle for too long\r\n"])
def test_a_connection_that_died_while_nothing_was_said_costs_nothing(tmp_path: Path, gone: str | None) -> None:
    """The second try of a letter comes after a wait, in which the server hangs up."""
    first = PlayedStream(EHLO, (opening(0), "250 ok\r\n450 later\r\n554 nobody\r\n"), ("RSET\r\n", "250 ok\r\n"))
    first.unasked = [gone]
    second = PlayedStream(EHLO, (opening(0), OPENED), (CONTENT, "250 taken\r\n"), ("QUIT\r\n", "221 bye\r\n"))
    told, _ = run(tmp_path, [first, second], people(1), Terms(connections=1, retry=Retry(attempts=2, delay=0.01)))
    assert told == [("u0@x.test", "accepted")]


def outcome(state: str, code: int = 0, command: str = "RCPT", who: str = "a@x.test") -> Outcome:
    return Outcome(who, state, Reply(code, ("said",)) if code else None, command if code else None)  # type: ignore[arg-type]


def test_goodbye_before_content_is_a_loss_and_at_the_dot_an_answer() -> None:
    outcomes, error = of_the_message((outcome("deferred", 421), outcome("rejected", 550)), None)
    assert [one.state for one in outcomes] == ["not-attempted", "rejected"]
    assert isinstance(error, ConnectionLost)
    at_the_dot = (outcome("deferred", 421, "the message"),)
    assert of_the_message(at_the_dot, None) == (at_the_dot, None)


@pytest.mark.parametrize(
    ("code", "text", "means"),
    [(503, "bad", True), (554, "improper pipelining", True), (554, "no", False), (550, "x", False)],
)
def test_answers_about_how_we_talk(code: int, text: str, means: bool) -> None:
    heard = in_step((Outcome("a@x.test", "rejected", Reply(code, (text,)), "MAIL"),), None)
    assert (heard is not None) == means
    assert heard is None or (heard[0][0].state == "not-attempted" and isinstance(heard[1], MailjobsError))


def test_who_stops_the_message_for_all_is_waited_for_by_all() -> None:
    waiting = (outcome("deferred", 450), outcome("not-attempted"))
    assert judge(waiting, True, frozenset({0})) == ((), (), (0, 1))
    assert judge(waiting, False, frozenset({0})) == ((0, 1), (), ())
    refused = (outcome("rejected", 550), outcome("not-attempted"))
    assert judge(refused, True, frozenset({0})) == ((0, 1), (), ())


def test_a_split_uses_up_no_try(tmp_path: Path) -> None:
    terms = Terms(retry=Retry(attempts=2, delay=0.0))
    told: list[Settled[Mail]] = []
    dispatch: Dispatch[Mail] = Dispatch(
        Ledger(tmp_path).make([mail("a@x.test", "b@x.test")]), terms, NoLimits(), told.append
    )
    answers: list[Callable[[], tuple[Outcome, ...]]] = [
        lambda: (outcome("accepted", 250, "the message"), outcome("deferred", 452, who="b@x.test")),
        lambda: (outcome("deferred", 450, who="b@x.test"),),
        lambda: (outcome("accepted", 250, "the message", "b@x.test"),),
    ]
    for answer in answers:
        errand = dispatch.next(True, deque())
        assert errand is not None
        dispatch.dot([errand.letter], [])
        dispatch.settle(errand, answer(), None)
    assert {one.outcomes[0].recipient: one.outcomes[0].state for one in told} == {
        "a@x.test": "accepted", "b@x.test": "accepted",
    }  # fmt: skip


def test_those_whom_a_broken_message_has_not_reached_are_tried_again(tmp_path: Path) -> None:
    told: list[Settled[Mail]] = []
    dispatch: Dispatch[Mail] = Dispatch(
        Ledger(tmp_path).make([mail("a@x.test", "b@x.test")]), Terms(), NoLimits(), told.append
    )
    errand = dispatch.next(True, deque())
    assert errand is not None
    broken = (outcome("rejected", 550), outcome("not-attempted", who="b@x.test"))
    dispatch.settle(errand, broken, ConnectionLost("reset"))
    again = dispatch.next(True, deque())
    assert again is not None
    assert again.recipients == ("b@x.test",)
    assert [one.outcomes[0].recipient for one in told] == ["a@x.test"]
