"""Any server, any replies: groups stay lawful, and each recipient ends in one state."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailjobs.errors import ProtocolError, ReplyError
from mailjobs.smtp import (
    Command,
    Content,
    Data,
    Ehlo,
    Engine,
    Envelope,
    Extensions,
    Mail,
    Rcpt,
    Reply,
    Rset,
    Transaction,
)

OPEN = b"250-name\r\n250 PIPELINING\r\n"
PLAIN = b"250 name\r\n"


def ready(pipelining: bool) -> Engine:
    engine = Engine()
    engine.receive(b"220 hi\r\n")
    engine.send(Ehlo("me"))
    engine.receive(OPEN if pipelining else PLAIN)
    return engine


def play(transaction: Transaction, engine: Engine, code_for: dict[str, list[int]]) -> list[list[str]]:
    """Drive a transaction against replies by command name; the groups that were written."""
    groups: list[list[str]] = []
    waiting: list[Command] = []

    def write(commands: list[Command]) -> None:
        groups.append([command.name for command in commands])
        for command in commands:
            engine.send(command)
        waiting.extend(commands)

    def read() -> None:
        code = code_for[waiting[0].name].pop(0)
        waiting.pop(0)
        for answer in engine.receive(f"{code} x\r\n".encode()):
            transaction.answer(answer.command, answer.reply)

    write(list(transaction.opening(engine.extensions, engine.pipelining)))
    while not (transaction.ready_for_content or transaction.opening_answered):
        command = transaction.next()
        if command is not None:
            write([command])
        read()
    if transaction.ready_for_content:
        transaction.content_sent()
        write([Content(b"x\r\n")])
        read()
    elif transaction.cleanup in ("rset", "dot"):
        write([Rset() if transaction.cleanup == "rset" else Content.empty()])
        engine.receive(b"250 x\r\n")
    return groups


def envelope(count: int) -> Envelope:
    return Envelope("a@x.test", tuple(f"r{i}@x.test" for i in range(count)), 3)


codes = st.sampled_from([250, 250, 250, 450, 550, 552])


@settings(max_examples=200)
@given(st.data(), st.booleans(), st.integers(1, 4))
def test_each_recipient_ends_in_the_state_that_its_reply_says(
    data: st.DataObject, pipelining: bool, count: int
) -> None:
    stops = frozenset(data.draw(st.sets(st.integers(0, count - 1))))
    mail = data.draw(codes)
    rcpt = data.draw(st.lists(codes, min_size=count, max_size=count))
    go = data.draw(st.sampled_from([354, 354, 451, 554])) if mail == 250 else data.draw(st.sampled_from([354, 503]))
    final = data.draw(st.sampled_from([250, 250, 452, 554]))
    replies = {
        "MAIL": [mail],
        "RCPT": list(rcpt if mail == 250 else [503] * count),
        "DATA": [go],
        "the message": [final],
    }
    transaction = Transaction(envelope(count), stops)
    groups = play(transaction, ready(pipelining), replies)
    states = [outcome.state for outcome in transaction.outcomes]
    for index, code in enumerate(rcpt):
        if mail != 250:
            assert states[index] == ("deferred" if mail == 450 else "rejected")
        elif code == 450 or code == 552:
            assert states[index] == "deferred" or "RCPT" not in groups[0]
        elif code == 550:
            assert states[index] in ("rejected", "not-attempted")
    stopped = mail == 250 and any(code != 250 and index in stops for index, code in enumerate(rcpt))
    if stopped:
        assert "accepted" not in states
        assert ["the message"] not in groups or count == 1  # the lone dot after 354
    elif mail == 250 and go == 354 and 250 in rcpt:
        assert states.count({250: "accepted", 452: "deferred", 554: "rejected"}[final]) >= rcpt.count(250)


def test_data_is_grouped_unless_a_refusal_may_stop_the_message() -> None:
    everything = Extensions.parse(Reply(250, ("n", "PIPELINING")))
    assert isinstance(Transaction(envelope(3)).opening(everything, True)[-1], Data)
    assert isinstance(Transaction(envelope(1), frozenset({0})).opening(everything, True)[-1], Data)
    assert isinstance(Transaction(envelope(3), frozenset({0})).opening(everything, True)[-1], Rcpt)


def test_size_is_said_where_it_is_asked_for() -> None:
    (mail, *_) = Transaction(envelope(1)).opening(Extensions.parse(Reply(250, ("n", "SIZE 10"))), True)
    assert mail == Mail("a@x.test", 3)


@pytest.mark.parametrize(
    ("needs", "offered", "reason"),
    [
        (Envelope("a@x.test", ("jürgen@x.test",), 3, smtputf8=True), (), "SMTPUTF8"),
        (Envelope("a@x.test", ("b@x.test",), 3, eightbit=True), (), "8BITMIME"),
        (Envelope("a@x.test", ("b@x.test",), 11), ("SIZE 10",), "takes 10"),
    ],
)
def test_what_the_server_cannot_take_is_refused_before_mail(
    needs: Envelope, offered: tuple[str, ...], reason: str
) -> None:
    transaction = Transaction(needs)
    with pytest.raises(ReplyError, match=reason) as caught:
        transaction.require(Extensions.parse(Reply(250, ("n", *offered))))
    assert not caught.value.temporary
    assert [outcome.state for outcome in transaction.outcomes] == ["rejected"]


def test_no_limit_is_a_size_of_zero() -> None:
    Transaction(envelope(1)).require(Extensions.parse(Reply(250, ("n", "SIZE 0"))))
    assert Extensions.parse(Reply(250, ("n", "SIZE 0"))).size is None


@pytest.mark.parametrize(("command", "code"), [("MAIL", 354), ("RCPT", 354), ("DATA", 250)])
def test_a_code_that_a_command_cannot_have_breaks_the_protocol(command: str, code: int) -> None:
    replies = {"MAIL": [250], "RCPT": [250], "DATA": [354], "the message": [250], command: [code]}
    with pytest.raises(ProtocolError):
        play(Transaction(envelope(1)), ready(True), replies)


@given(st.lists(st.sampled_from(["a@x.test", "\u00fc@x.test", "b@y.test"]), min_size=1, max_size=4))
def test_answers_to_a_whole_group_may_be_taken_in_at_once(recipients: list[str]) -> None:
    extensions = Extensions.parse(Reply(250, ("name", "PIPELINING", "CHUNKING")))
    one_by_one, at_once = [Transaction(Envelope("s@x.test", tuple(recipients), 1)) for _ in range(2)]
    for transaction in (one_by_one, at_once):
        try:
            transaction.require(extensions)
        except ReplyError:
            assert not any(recipient.isascii() for recipient in recipients)
            return
        commands = transaction.group(extensions, b"x")
        transaction.content_sent()
        assert transaction.unanswered == len(commands)
    replies = [Reply(250, (str(at),)) for at in range(len(commands))]
    for command, reply in zip(commands, replies, strict=True):
        one_by_one.answer(command, reply)
        assert one_by_one.unanswered == 0
    at_once.answer_all(replies[-1])
    slots = [name for name in Transaction.__slots__ if name != "_waiting"]
    assert [getattr(at_once, name) for name in slots] == [getattr(one_by_one, name) for name in slots]
