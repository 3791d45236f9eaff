"""Why a send fails: the server's words, our own error under its own name, or what was found before asking."""

from __future__ import annotations

from mailjobs.errors import ConnectionLost, FileError, MailjobsError, ReplyError
from mailjobs.message import Outgoing
from mailjobs.message.outgoing import Recipient
from mailjobs.prepare import Letter
from mailjobs.prepare.letter import letter_for
from mailjobs.session import Settled
from mailjobs.smtp import Outcome, Reply
from mailjobs.steps.tally import Tally

GONE = FileError("report.pdf changed while it was sent")
LOST = ConnectionLost("it reset the connection", host="mx.example", stage="the message")


def letter(*kinds: str, sender: str = "a@x.test", head: bytes = b"\r\n", smtputf8: bool = False) -> Letter:
    recipients = tuple(Recipient(f"r{index}@x.test", kind) for index, kind in enumerate(kinds))  # type: ignore[arg-type]
    return letter_for(Outgoing("m", sender, recipients, head, (), "<i@x.test>", smtputf8), ())


def tally(*settled: tuple[MailjobsError | None, list[Outcome]]) -> Tally:
    made = Tally()
    for error, outcomes in settled:
        made.add(Settled(letter(*["to"] * len(outcomes)), tuple(outcomes), error))
    return made


def not_attempted() -> Outcome:
    return Outcome("r0@x.test", "not-attempted", None, "the message")


ACCEPTED = Outcome("r0@x.test", "accepted", Reply(250), "the message")
DEFERRED = Outcome("r0@x.test", "deferred", Reply(450), "RCPT")
REJECTED = Outcome("r0@x.test", "rejected", Reply(550), "RCPT")


def test_a_changed_file_is_the_error_of_the_step() -> None:
    assert tally((None, [ACCEPTED]), (GONE, [not_attempted()]), (None, [ACCEPTED])).error(()) is GONE


def test_it_lasts_longer_than_what_was_deferred() -> None:
    assert tally((None, [DEFERRED]), (LOST, [not_attempted()]), (GONE, [not_attempted()])).error(()) is GONE


def test_each_failure_has_its_own_cause() -> None:
    error = tally((GONE, [REJECTED]), (LOST, [not_attempted()])).error(())
    assert isinstance(error, ReplyError)
    assert "r0@x.test was rejected: 550" in error.message
    error = tally((LOST, [not_attempted()]), (GONE, [DEFERRED])).error(())
    assert isinstance(error, ReplyError)
    assert (error.temporary, error.host, error.message) == (
        True, "mx.example", "r0@x.test was not sent to: it reset the connection"
    )  # fmt: skip


def test_the_reason_is_told_where_the_server_was_not_asked() -> None:
    error = tally((None, [Outcome("r0@x.test", "rejected", reason="the address needs SMTPUTF8")])).error(())
    assert isinstance(error, ReplyError)
    assert not error.temporary
    assert error.message == "r0@x.test was rejected: the address needs SMTPUTF8"
    left_out = Outcome("r0@x.test", "rejected", reason="the address needs SMTPUTF8")
    assert "SMTPUTF8" in str(tally((GONE, [left_out])).error(()))
