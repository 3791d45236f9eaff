"""What a message needs of a server, for everybody or for one recipient alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailjobs.errors import ProtocolError, ReplyError
from mailjobs.smtp import Data, Envelope, Extensions, Mail, Outcome, Rcpt, Reply, StreamedContent, Transaction

REASON = "the address needs SMTPUTF8, which the server does not offer"


def offering(*keywords: str) -> Extensions:
    return Extensions.parse(Reply(250, ("n", *keywords)))


DSN = Envelope("a@x.test", ("b@x.test", "c@x.test"), 3, mail_parameters=("RET=HDRS", "ENVID=1+2B"),
               recipient_parameters=(("NOTIFY=FAILURE,DELAY", "ORCPT=rfc822;b@x.test"), ()))  # fmt: skip
BCC = Envelope("a@x.test", ("b@x.test", "jürgen@x.test", "c@x.test"), 3)


def test_parameters_go_out_with_their_command() -> None:
    transaction = Transaction(DSN)
    transaction.require(offering("DSN"))
    commands = transaction.opening(offering("DSN"), True)
    assert [command.wire() for command in commands] == [
        b"MAIL FROM:<a@x.test> RET=HDRS ENVID=1+2B\r\n",
        b"RCPT TO:<b@x.test> NOTIFY=FAILURE,DELAY ORCPT=rfc822;b@x.test\r\n",
        b"RCPT TO:<c@x.test>\r\n",
        b"DATA\r\n",
    ]


@pytest.mark.parametrize("keyword", ["RET=FULL", "ENVID=x", "ret=hdrs"])
def test_dsn_of_the_message_needs_a_server_that_offers_it(keyword: str) -> None:
    _refused(Envelope("a@x.test", ("b@x.test",), 3, mail_parameters=(keyword,)), keyword[:3].upper() + ".* needs DSN")


@pytest.mark.parametrize("keyword", ["NOTIFY=NEVER", "ORCPT=rfc822;b@x.test"])
def test_dsn_of_a_recipient_needs_a_server_that_offers_it(keyword: str) -> None:
    envelope = Envelope("a@x.test", ("b@x.test", "c@x.test"), 3, recipient_parameters=((), (keyword,)))
    _refused(envelope, f"{keyword.partition('=')[0]} needs DSN, which the server does not offer")


def test_other_parameters_are_passed_on() -> None:
    envelope = Envelope("a@x.test", ("b@x.test",), 3, mail_parameters=("MT-PRIORITY=3",))
    transaction = Transaction(envelope)
    transaction.require(offering())
    assert transaction.opening(offering(), True)[0].wire() == b"MAIL FROM:<a@x.test> MT-PRIORITY=3\r\n"


@pytest.mark.parametrize("parameter", ["ENVID=" + "x" * 2000, "ENVID=a b", "ENVID=a=b", "ENVID=a\r\nDATA", ""])
def test_what_is_no_parameter_is_refused_before_anything_is_said(parameter: str) -> None:
    _refused(Envelope("a@x.test", ("b@x.test",), 3, mail_parameters=(parameter,)), "no parameter|longer", "DSN")
    _refused(Envelope("a@x.test", ("b@x.test",), 3, recipient_parameters=((parameter,),)), "no parameter|longer", "DSN")


def test_parameters_are_those_of_all_recipients_or_of_none() -> None:
    with pytest.raises(ValueError, match="each recipient"):
        Envelope("a@x.test", ("b@x.test", "c@x.test"), 3, recipient_parameters=(("NOTIFY=NEVER",),))


def _refused(envelope: Envelope, words: str, *offered: str) -> None:
    transaction = Transaction(envelope)
    with pytest.raises(ReplyError, match=words) as caught:
        transaction.require(offering(*offered))
    assert not caught.value.temporary
    assert {outcome.state for outcome in transaction.outcomes} == {"rejected"}
    assert {outcome.reason for outcome in transaction.outcomes} == {caught.value.message}
    assert transaction.cleanup is None


def test_a_recipient_that_cannot_be_said_is_left_out_alone() -> None:
    transaction = Transaction(BCC)
    transaction.require(offering())
    commands = transaction.opening(offering(), True)
    assert commands == [Mail("a@x.test"), Rcpt("b@x.test"), Rcpt("c@x.test"), Data()]
    for command, code in zip(commands, (250, 550, 250, 354), strict=True):
        transaction.answer(command, Reply(code))
    assert transaction.ready_for_content
    assert transaction.outcomes == (
        Outcome("b@x.test", "rejected", Reply(550), "RCPT"),
        Outcome("jürgen@x.test", "rejected", None, None, REASON),
        Outcome("c@x.test", "not-attempted"),
    )


def test_where_the_server_offers_it_mail_says_so_and_all_are_asked_for() -> None:
    transaction = Transaction(BCC)
    transaction.require(offering("SMTPUTF8"))
    commands = transaction.opening(offering("SMTPUTF8"), True)
    assert commands[0] == Mail("a@x.test", smtputf8=True)
    assert [command.address for command in commands if isinstance(command, Rcpt)] == list(BCC.recipients)


def test_parameters_stay_with_their_recipients() -> None:
    envelope = Envelope("a@x.test", BCC.recipients, 3, recipient_parameters=(("A=1",), ("B=2",), ("C=3",)))
    transaction = Transaction(envelope)
    transaction.require(offering())
    assert transaction.opening(offering(), True)[1:3] == [Rcpt("b@x.test", ("A=1",)), Rcpt("c@x.test", ("C=3",))]


def test_nobody_left_is_an_error() -> None:
    transaction = Transaction(Envelope("a@x.test", ("jürgen@x.test", "δοκιμή@x.test"), 3))
    with pytest.raises(ReplyError, match=f"jürgen@x.test: {REASON}"):
        transaction.require(offering())
    assert [outcome.state for outcome in transaction.outcomes] == ["rejected", "rejected"]
    assert transaction.cleanup is None


def test_one_that_stops_the_message_keeps_it_from_all() -> None:
    transaction = Transaction(BCC, frozenset({1, 2}))
    with pytest.raises(ReplyError, match="jürgen"):
        transaction.require(offering())
    assert [outcome.state for outcome in transaction.outcomes] == ["not-attempted", "rejected", "not-attempted"]


def test_a_header_that_cannot_be_said_keeps_it_from_all() -> None:
    transaction = Transaction(Envelope("a@x.test", BCC.recipients, 3, smtputf8=True))
    with pytest.raises(ReplyError, match="SMTPUTF8"):
        transaction.require(offering())
    assert [outcome.state for outcome in transaction.outcomes] == ["rejected"] * 3


def test_a_refused_mail_does_not_touch_who_was_left_out() -> None:
    transaction = Transaction(BCC)
    transaction.require(offering())
    transaction.opening(offering(), False)
    transaction.answer(Mail("a@x.test"), Reply(451))
    assert [outcome.state for outcome in transaction.outcomes] == ["deferred", "rejected", "deferred"]


codes = st.sampled_from([250, 250, 450, 550])


@given(st.data(), st.booleans(), st.booleans())
def test_each_reply_belongs_to_the_recipient_that_was_asked_for(
    data: st.DataObject, pipelining: bool, offered: bool
) -> None:
    names = data.draw(st.lists(st.sampled_from(["r", "ü"]), min_size=1, max_size=5))
    people = tuple(f"{name}{index}@x.test" for index, name in enumerate(names))
    extensions = offering("SMTPUTF8") if offered else offering()
    transaction = Transaction(Envelope("a@x.test", people, 3))
    asked = [person for person in people if offered or person.isascii()]
    if not asked:
        with pytest.raises(ReplyError):
            transaction.require(extensions)
        return
    transaction.require(extensions)
    said = {person: data.draw(codes) for person in asked}
    queue = list(transaction.opening(extensions, pipelining))
    assert isinstance(queue[0], Mail)
    assert queue[0].smtputf8 is not all(person.isascii() for person in asked)
    while not (transaction.ready_for_content or transaction.opening_answered):
        command = queue.pop(0) if queue else transaction.next()
        assert command is not None
        code = said[command.address] if isinstance(command, Rcpt) else 354 if isinstance(command, Data) else 250
        transaction.answer(command, Reply(code))
    for outcome in transaction.outcomes:
        wanted = {250: "not-attempted", 450: "deferred", 550: "rejected", None: "rejected"}
        assert outcome.state == wanted[said.get(outcome.recipient)]
        assert bool(outcome.reason) is (outcome.recipient not in asked)


class Chunks:
    size = 3

    def __iter__(self):
        yield b"x\r\n"


CONTENT = StreamedContent(Chunks())


def opened() -> Transaction:
    transaction = Transaction(Envelope("a@x.test", ("b@x.test", "c@x.test"), 3))
    commands = transaction.opening(offering("PIPELINING"), True)
    for command, code in zip(commands, (250, 550, 250, 354), strict=True):
        transaction.answer(command, Reply(code))
    transaction.content_begun()
    assert transaction.awaits_final
    assert transaction.stage == "the message"
    assert not transaction.ready_for_content
    return transaction


def test_a_connection_lost_before_the_final_dot_has_brought_it_to_nobody() -> None:
    transaction = opened()
    transaction.lost()
    assert transaction.outcomes[0].state == "rejected"
    assert transaction.outcomes[1] == Outcome("c@x.test", "not-attempted", None, "the message")
    assert transaction.cleanup is None


def test_after_the_final_dot_it_is_unknown() -> None:
    transaction = opened()
    transaction.content_sent()
    transaction.lost()
    assert [outcome.state for outcome in transaction.outcomes] == ["rejected", "unknown"]


@pytest.mark.parametrize(("code", "state"), [(552, "rejected"), (452, "deferred"), (421, "deferred")])
def test_a_refusal_before_the_final_dot_decides(code: int, state: str) -> None:
    transaction = opened()
    transaction.answer(CONTENT, Reply(code))
    assert transaction.outcomes[1] == Outcome("c@x.test", state, Reply(code), "the message")
    assert transaction.finished


def test_a_server_that_takes_what_was_not_sent_is_not_believed() -> None:
    transaction = opened()
    with pytest.raises(ProtocolError, match="before the end of the message"):
        transaction.answer(CONTENT, Reply(250))
    transaction.lost()
    assert transaction.outcomes[1].state == "unknown"
