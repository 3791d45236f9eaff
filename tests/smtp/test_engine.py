"""What may be said when, and which reply answers what."""

from __future__ import annotations

import pytest

from mailjobs.errors import ProtocolError, StateError
from mailjobs.smtp import (
    Auth,
    AuthResponse,
    Command,
    Content,
    Data,
    Ehlo,
    Engine,
    Expn,
    Helo,
    Mail,
    Noop,
    Quit,
    Raw,
    Rcpt,
    Rset,
    StartTls,
    Vrfy,
)

EHLO = b"250-name\r\n250-PIPELINING\r\n250-SIZE 1000\r\n250-AUTH PLAIN LOGIN\r\n250-AUTH=LOGIN\r\n250 STARTTLS\r\n"
MAIL, RCPT = Mail("a@x.test"), Rcpt("b@x.test")


def engine(ehlo: bytes = EHLO) -> Engine:
    ready = Engine()
    ready.receive(b"220 hello\r\n")
    ready.send(Ehlo("me"))
    ready.receive(ehlo)
    return ready


def test_replies_answer_commands_in_order() -> None:
    conversation = engine()
    group: list[Command] = [MAIL, RCPT, Data()]
    wire = b"".join(conversation.send(command) for command in group)
    assert wire == b"MAIL FROM:<a@x.test>\r\nRCPT TO:<b@x.test>\r\nDATA\r\n"
    answers = conversation.receive(b"250 a\r\n250 b\r\n354 c\r\n")
    assert [(answer.command, answer.reply.code) for answer in answers] == [(MAIL, 250), (RCPT, 250), (Data(), 354)]


def test_extensions_are_read_and_can_be_ignored() -> None:
    conversation = engine()
    assert conversation.extensions.size == 1000
    assert conversation.extensions.auth == ("PLAIN", "LOGIN")
    assert conversation.extensions.as_dict() == {
        "pipelining": True, "size": "1000", "auth": "PLAIN LOGIN LOGIN", "starttls": True,
    }  # fmt: skip
    conversation.disable(["pipelining"])
    conversation.send(Ehlo("me"))
    conversation.receive(EHLO)
    assert not conversation.pipelining


def test_helo_gives_no_extensions() -> None:
    conversation = Engine()
    conversation.receive(b"220 hello\r\n")
    conversation.send(Helo("me"))
    conversation.receive(EHLO)
    assert not conversation.extensions.keywords


def test_without_pipelining_a_second_command_waits() -> None:
    conversation = engine(b"250 name\r\n")
    conversation.send(MAIL)
    with pytest.raises(StateError, match="PIPELINING"):
        conversation.send(RCPT)


@pytest.mark.parametrize("last", [Noop(), Vrfy("b"), Expn("l"), Raw("HELP"), Ehlo("me"), StartTls(), Quit()])
def test_nothing_follows_a_command_that_ends_a_group(last: Command) -> None:
    conversation = engine()
    conversation.send(last)
    with pytest.raises(StateError):
        conversation.send(Rset())


def test_content_waits_for_354() -> None:
    conversation = engine()
    for command in (MAIL, RCPT, Data()):
        conversation.send(command)
    with pytest.raises(StateError):
        conversation.send(Content(b"x"))
    conversation.receive(b"250 a\r\n250 b\r\n354 c\r\n")
    assert conversation.send(Content(b"x")) == b"x\r\n.\r\n"


@pytest.mark.parametrize("early", [RCPT, Data(), Content(b""), AuthResponse(b"")])
def test_a_transaction_begins_with_mail(early: Command) -> None:
    with pytest.raises(StateError):
        engine().send(early)


def test_starttls_forgets_what_was_learnt_in_clear() -> None:
    conversation = engine()
    conversation.send(StartTls())
    conversation.receive(b"220 go\r\n")
    conversation.start_tls()
    assert not conversation.extensions.keywords
    with pytest.raises(StateError):
        conversation.send(MAIL)
    conversation.send(Ehlo("me"))
    conversation.receive(EHLO)
    with pytest.raises(StateError, match="inside TLS"):
        conversation.send(StartTls())


@pytest.mark.parametrize("injected", [b"250 evil\r\n", b"25", b"220 x\r\n"])
def test_what_came_in_clear_behind_the_starttls_reply_is_refused(injected: bytes) -> None:
    conversation = engine()
    conversation.send(StartTls())
    with pytest.raises(ProtocolError):
        conversation.receive(b"220 go\r\n" + injected)
        conversation.start_tls()


def test_auth_happens_once_and_outside_transactions() -> None:
    conversation = engine()
    conversation.send(MAIL)
    conversation.receive(b"250 ok\r\n")
    with pytest.raises(StateError):
        conversation.send(Auth("PLAIN", b""))
    conversation.send(Rset())
    conversation.receive(b"250 ok\r\n")
    assert conversation.send(Auth("LOGIN")) == b"AUTH LOGIN\r\n"
    conversation.receive(b"334 VXNlcg==\r\n")
    with pytest.raises(StateError):
        conversation.send(MAIL)
    conversation.send(AuthResponse(b"me"))
    conversation.receive(b"235 ok\r\n")
    assert conversation.authenticated
    with pytest.raises(StateError):
        conversation.send(Auth("LOGIN"))


def test_an_unasked_421_closes_and_anything_else_is_out_of_order() -> None:
    conversation = engine()
    (answer,) = conversation.receive(b"421 going down\r\n")
    assert (answer.command, answer.reply.code) == (None, 421)
    assert conversation.closed
    with pytest.raises(ProtocolError, match="without having been asked"):
        engine().receive(b"250 what?\r\n")


def test_a_421_to_a_command_closes() -> None:
    conversation = engine()
    conversation.send(MAIL)
    conversation.receive(b"421 busy\r\n")
    with pytest.raises(StateError):
        conversation.send(Quit())


def test_a_greeting_other_than_220_closes() -> None:
    conversation = Engine()
    (answer,) = conversation.receive(b"554 no service\r\n")
    assert answer.reply.code == 554
    assert conversation.closed


def test_what_a_server_says_between_auth_and_a_login_is_kept_from_everybody() -> None:
    """It may echo what it was told, also where that is no reply, or one that nobody asked for."""
    for said in (b"hunter2 is wrong\r\n", b"250-hunter2\r\n251 hunter2\r\n", b"535 no\r\n250 hunter2\r\n"):
        engine = ready_for_auth()
        engine.send(Auth("PLAIN", b"\0me\0hunter2"))
        with pytest.raises(ProtocolError) as caught:
            engine.receive(said)
            engine.receive(b"")
        assert "hunter2" not in repr(caught.value.describe())
    engine = ready_for_auth()
    engine.send(Auth("PLAIN", b"\0me\0hunter2"))
    refused, closing = engine.receive(b"535 5.7.8 hunter2\r\n421 4.7.0 hunter2\r\n")
    assert refused.reply.text == "hunter2", "a mechanism may want to read it"
    assert str(closing.reply) == "421 4.7.0"


def test_what_a_server_says_after_a_login_is_shown_again() -> None:
    engine = ready_for_auth()
    engine.send(Auth("PLAIN", b"\0me\0hunter2"))
    engine.receive(b"235 2.7.0 welcome\r\n")
    engine.send(Noop())
    (answer,) = engine.receive(b"250 2.0.0 words\r\n")
    assert answer.reply.text == "words"


def ready_for_auth() -> Engine:
    engine = Engine()
    engine.receive(b"220 ready\r\n")
    engine.send(Ehlo("me"))
    engine.receive(b"250-mail\r\n250 AUTH PLAIN\r\n")
    return engine
