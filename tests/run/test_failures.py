"""Servers that fail at each stage: a clear error, the right exit status, nobody mailed twice."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mailjobs.events import Error, MessageSettled
from tests.fixtures.running import run_text
from tests.fixtures.scripted import ScriptedServer

Scripted = Callable[..., ScriptedServer]

JOB = """
    server: {{host: localhost, port: {port}, tls: none, hello: me, timeout: {{idle: {idle}, final: {idle}}}}}
    messages:
      m: {{from: a@x.test, to: [b@x.test, c@x.test], bcc: d@x.test, subject: hi, text: hello}}
    steps:
      - send: m
        retry: {retry}
"""

HELLO = """
    S: 220 ready
    C: EHLO me
    S: 250-here
    S: 250 PIPELINING
"""
ENVELOPE = """
    C: MAIL FROM:<a@x.test>
    C: RCPT TO:<b@x.test>
    C: RCPT TO:<c@x.test>
    C: RCPT TO:<d@x.test>
    C: DATA
"""
ACCEPTED = """
    S: 250 ok
    S: 250 ok
    S: 250 ok
    S: 250 ok
    S: 354 go
    C= content
"""
QUIT = """
    C: QUIT
    S: 221 bye
"""


def job(server: ScriptedServer, idle: float = 10, retry: str = "{attempts: 1}") -> str:
    return JOB.format(port=server.port, idle=idle, retry=retry)


@pytest.mark.parametrize(
    ("script", "error", "status", "words"),
    [
        ("S: 554 no service here\nS! close", "ReplyError", 69, "554 no service here"),
        ("S: 421 too busy\nS! close", "ReplyError", 75, "421 too busy"),
        ("S! close", "ConnectionLost", 75, "closed the connection before its reply to greeting"),
        ("S! reset", "ConnectionLost", 75, "reset the connection"),
        ("S: HTTP/1.1 200 OK\nS! close", "ProtocolError", 76, "no SMTP reply"),
        ("S! bytes '\\x15\\x03\\x01'\nS! bytes '\\n'\nS! close", "ProtocolError", 76, "no SMTP reply"),
        ("S: 250 hm\nS! close", "ProtocolError", 76, "not 220"),
        ("S: 220 hi\nC: EHLO me\nS! close", "ConnectionLost", 75, "EHLO"),
        ("S: 220 hi\nC: EHLO me\nS! bytes '250 a\\r\\n250 b\\r\\n'", "ProtocolError", 76, "without having been asked"),
        ("S: 220 hi\nC: EHLO me\nS: 502 no\nC: HELO me\nS: 550 go away\nS! close", "ReplyError", 69, "550 go away"),
        ("S: 220 hi\nC: EHLO me\nS: 421 leaving\nS! close", "ReplyError", 75, "421 leaving"),
    ],
)
def test_a_server_that_fails_before_any_mail(
    scripted: Scripted, script: str, error: str, status: int, words: str
) -> None:
    record, _ = run_text(job(scripted(script)))
    (step,) = record.steps
    assert step.error is not None
    assert (step.error.name, record.exit_status) == (error, status)
    assert words in str(step.error)
    assert step.error.host == "localhost"


def test_a_server_that_never_answers(scripted: Scripted) -> None:
    record, _ = run_text(job(scripted("S! silence"), idle=0.2))
    error = record.steps[0].error
    assert error is not None
    assert (error.name, error.stage, record.exit_status) == ("TimedOut", "greeting", 75)
    assert "tls: implicit" in str(error.hint)


def test_a_server_that_drips_its_greeting_outlives_idle_and_not_the_step(scripted: Scripted) -> None:
    text = job(scripted("S! drip '220 " + "x" * 400 + "'"), idle=5) + "        timeout: 0.4\n"
    record, _ = run_text(text)
    error = record.steps[0].error
    assert error is not None
    assert (error.name, record.exit_status) == ("TimedOut", 75)


def states(record_listen: tuple[object, object]) -> list[str]:
    return [event.state for event in record_listen[1].of(MessageSettled)]  # type: ignore[attr-defined]


def test_a_refused_recipient_does_not_keep_the_message_from_the_others(scripted: Scripted) -> None:
    server = scripted(
        HELLO
        + ENVELOPE
        + "S: 250 ok\nS: 550 5.1.1 unknown\nS: 250 ok\nS: 250 ok\nS: 354 go\nC= content\nS: 250 ok"
        + QUIT
    )
    record, listen = run_text(job(server))
    assert states((record, listen)) == ["rejected", "accepted", "accepted"]
    assert record.exit_status == 69
    assert "b@x.test was rejected: 550 5.1.1 unknown" in str(record.steps[0].error)


def test_a_refused_bcc_is_a_warning(scripted: Scripted) -> None:
    server = scripted(
        HELLO + ENVELOPE + "S: 250 ok\nS: 250 ok\nS: 250 ok\nS: 550 no\nS: 354 go\nC= content\nS: 250 ok" + QUIT
    )
    record, listen = run_text(job(server))
    assert states((record, listen)) == ["accepted", "accepted", "rejected"]
    assert record.exit_status == 0


def test_all_deferred_is_temporary(scripted: Scripted) -> None:
    server = scripted(HELLO + ENVELOPE + ACCEPTED + "S: 451 later" + QUIT)
    record, listen = run_text(job(server))
    assert states((record, listen)) == ["deferred"] * 3
    assert record.exit_status == 75


def test_lost_after_the_final_dot_is_unknown_and_never_tried_again(scripted: Scripted) -> None:
    server = scripted(HELLO + ENVELOPE + ACCEPTED + "S! close")
    record, listen = run_text(job(server, retry="{attempts: 5, delay: 0.01}"))
    assert states((record, listen)) == ["unknown"] * 3
    assert record.exit_status == 69
    assert "unknown whether b@x.test got it" in str(record.steps[0].error)


def test_only_the_deferred_are_tried_again(scripted: Scripted) -> None:
    again = "C: MAIL FROM:<a@x.test>\nC: RCPT TO:<c@x.test>\nC: DATA\nS: 250 ok\nS: 250 ok\nS: 354 go\n"
    again += "C= content\nS: 250 ok"
    first = "S: 250 ok\nS: 250 ok\nS: 450 later\nS: 250 ok\nS: 354 go\nC= content\nS: 250 ok\n"
    server = scripted(HELLO + ENVELOPE + first + again + QUIT)
    record, listen = run_text(job(server, retry="{attempts: 2, delay: 0.01}"))
    assert states((record, listen)) == ["accepted"] * 3
    assert record.exit_status == 0


def test_a_connection_that_cannot_be_opened_is_tried_again(scripted: Scripted) -> None:
    good = HELLO + ENVELOPE + ACCEPTED + "S: 250 ok" + QUIT
    server = scripted("S: 421 busy\nS! close", good)
    record, _ = run_text(job(server, retry="{attempts: 2, delay: 0.01}"))
    assert record.exit_status == 0


def test_a_kept_connection_that_died_is_replaced_before_any_mail(scripted: Scripted) -> None:
    dying = HELLO + "C: NOOP\nS: 250 ok\nS! close"
    server = scripted(dying, HELLO + ENVELOPE + ACCEPTED + "S: 250 ok" + QUIT)
    text = job(server).replace("- send: m", "- command: NOOP\n      - send: m")
    record, listen = run_text(text)
    assert record.exit_status == 0
    assert states((record, listen)) == ["accepted"] * 3


def test_a_421_on_a_kept_connection_is_a_closed_connection(scripted: Scripted) -> None:
    dying = HELLO + "C: NOOP\nS: 250 ok\nC: MAIL FROM:<a@x.test>\nS: 421 idle too long\nS! close"
    server = scripted(dying, HELLO + ENVELOPE + ACCEPTED + "S: 250 ok" + QUIT)
    record, listen = run_text(job(server).replace("- send: m", "- command: NOOP\n      - send: m"))
    assert record.exit_status == 0
    assert states((record, listen)) == ["accepted"] * 3


def test_steps_after_a_failure_are_skipped_but_for_those_that_ask(scripted: Scripted) -> None:
    server = scripted("S: 554 no\nS! close")
    text = job(server) + "      - command: NOOP\n      - {if: not run.failed, command: NOOP}\n"
    record, _ = run_text(text)
    assert [step.status for step in record.steps] == ["failed", "skipped", "skipped"]


def test_continue_on_error_goes_on_and_does_not_count(scripted: Scripted) -> None:
    server = scripted(HELLO + "C: HELP\nS: 502 no\nC: NOOP\nS: 250 ok" + QUIT)
    text = f"""
        server: {{host: localhost, port: {server.port}, tls: none, hello: me}}
        steps:
          - {{command: HELP, continue_on_error: true, id: help}}
          - {{command: NOOP, if: "steps.help.status == 'failed'"}}
    """
    record, _ = run_text(text)
    assert [step.status for step in record.steps] == ["failed", "ok"]
    assert record.exit_status == 0


def test_a_bcc_that_the_server_cannot_be_told_of_is_a_warning(scripted: Scripted) -> None:
    server = scripted(HELLO + ENVELOPE.replace("    C: RCPT TO:<d@x.test>\n", "") + """
        S: 250 ok
        S: 250 ok
        S: 250 ok
        S: 354 go
        C= content
        S: 250 taken
    """ + QUIT)  # fmt: skip
    record, listen = run_text(job(server).replace("bcc: d@x.test", "bcc: jürgen@x.test"))
    assert record.exit_status == 0, record.as_dict()
    assert {state.recipient: state.state for state in listen.of(MessageSettled)} == {  # type: ignore[attr-defined]
        "b@x.test": "accepted", "c@x.test": "accepted", "jürgen@x.test": "rejected"
    }  # fmt: skip
    (warning,) = listen.of(Error)
    assert warning == Error(
        161,
        "a Bcc recipient was refused: the address needs SMTPUTF8, which the server does not offer",
        "jürgen@x.test",
    )
