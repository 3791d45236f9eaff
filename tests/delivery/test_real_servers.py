"""Letters to the laboratory's servers: streamed ones, delivery status notifications, addresses that are not ASCII."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from mailjobs.delivery import Courier
from mailjobs.errors import FileError, ReplyError
from mailjobs.events import Publish
from mailjobs.model import CaSource, Retry, Server, Tls
from mailjobs.session import Conversation, Settled, open_conversation
from mailjobs.smtp import Envelope, xtext
from tests.fixtures.lab import Lab

LINES = b".\r\n..two\r\n" + b"From here\r\n" + b"x" * 900 + b"\r\n.x\r\n"


class Content:
    """`head`, then so many times LINES, in chunks that are cut anywhere; then `failure`."""

    def __init__(self, head: bytes, times: int, failure: FileError | None = None) -> None:
        self._all = head + LINES * times
        self._failure = failure
        self.size = len(self._all) + (1 if failure else 0)

    def __bytes__(self) -> bytes:
        return self._all

    def __iter__(self) -> Iterator[bytes]:
        for start in range(0, len(self._all), 4099):
            yield self._all[start : start + 4099]
        if self._failure is not None:
            raise self._failure


@dataclass(frozen=True)
class Note:
    content: bytes | Content
    envelope: Envelope
    stop_indexes: frozenset[int] = frozenset()


def head(subject: str) -> bytes:
    date = b"Date: Sun, 1 Mar 2026 08:00:00 +0000\r\nMessage-ID: <%b@lab.test>\r\n" % subject.encode()
    return b"From: bob@lab.test\r\nTo: box@lab.test\r\nSubject: " + subject.encode() + b"\r\n" + date + b"\r\n"


def note(content: bytes | Content, *recipients: str, **more: object) -> Note:
    size = len(content) if isinstance(content, bytes) else content.size
    return Note(content, Envelope("bob@lab.test", recipients, size, **more))  # type: ignore[arg-type]


def deliver(lab: Lab, port: str, *notes: Note, mode: str = "none") -> list[Settled[Note]]:
    tls = Tls(mode=mode, ca=(CaSource(file=Path(lab.ca_file)),))  # type: ignore[arg-type]
    server = Server("localhost", lab.port(port), tls=tls)
    opened: list[Conversation] = []

    def connection() -> Conversation:
        if not opened or not opened[-1].usable:
            opened.append(open_conversation(server, Publish()))
        return opened[-1]

    try:
        return list(Courier[Note](connection, Retry()).deliver(notes))
    finally:
        for conversation in opened:
            conversation.quit()


def states(settled: list[Settled[Note]]) -> list[list[str]]:
    return [[outcome.state for outcome in one.outcomes] for one in settled]


@pytest.mark.parametrize(
    ("port", "mode", "server"),
    [
        ("P_SMTP", "none", "postfix"),
        ("P_SMTP", "starttls", "postfix"),
        ("P_SMTPS", "implicit", "postfix"),
        ("P_BARE", "none", "postfix"),
        ("P_EXIM", "starttls", "exim"),
        ("P_SENDMAIL", "none", "sendmail"),
    ],
)
def test_what_is_streamed_arrives_as_it_is(lab: Lab, box_name: str, port: str, mode: str, server: str) -> None:
    box = lab.mailbox(box_name, server)
    contents = [Content(head("large"), 700), head("small") + b"hi\r\n", Content(head("larger"), 1200)]
    settled = deliver(lab, port, *(note(content, box.address) for content in contents), mode=mode)
    assert states(settled) == [["accepted"]] * 3
    arrived = [mail.as_sent() for mail in box.wait(3)]
    assert sorted(arrived, key=len) == sorted(map(bytes, contents), key=len)


def test_a_file_that_changes_brings_nothing_to_anybody(lab: Lab, box_name: str) -> None:
    box = lab.mailbox(box_name)
    gone = FileError("it has gone")
    settled = deliver(
        lab,
        "P_SMTP",
        note(head("one") + b"hi\r\n", box.address),
        note(Content(head("two"), 1000, gone), box.address),
        note(head("three") + b"hi\r\n", box.address),
    )
    assert states(settled) == [["accepted"], ["not-attempted"], ["accepted"]]
    assert settled[1].error is gone
    subjects = [mail.raw.split(b"Subject: ")[1].split(b"\n")[0] for mail in box.wait(2)]
    assert sorted(subjects) == [b"one", b"three"]


def test_postfix_notifies_as_it_was_told(lab: Lab, box_name: str) -> None:
    box = lab.mailbox(box_name)
    original = f"{box_name}+first@lab.test"
    envelope = Envelope(
        box.address,
        (f"{box_name}+first@lab.test", f"{box_name}+second@lab.test"),
        100,
        mail_parameters=("RET=HDRS", f"ENVID={xtext('run 7+row=8')}"),
        recipient_parameters=(
            ("NOTIFY=SUCCESS,FAILURE,DELAY", f"ORCPT=rfc822;{xtext(original)}"),
            ("NOTIFY=NEVER",),
        ),
    )
    assert states(deliver(lab, "P_SMTP", Note(head("dsn") + b"hi\r\n", envelope))) == [["accepted", "accepted"]]
    (report,) = [mail.raw for mail in box.wait(3) if b"multipart/report" in mail.raw]
    assert b"Original-Envelope-Id: run 7+row=8\n" in report
    assert b"Original-Recipient: rfc822;" + original.encode() + b"\n" in report
    assert b"Action: delivered\n" in report or b"Action: relayed\n" in report
    assert report.count(b"Final-Recipient:") == 1, "the other was not to be told of"
    assert b"\nhi\n" not in report, "RET=HDRS"


def test_a_server_without_dsn_is_not_asked_for_it(lab: Lab, box_name: str) -> None:
    box = lab.mailbox(box_name)
    settled = deliver(
        lab,
        "P_BARE",
        note(head("dsn") + b"hi\r\n", box.address, recipient_parameters=(("NOTIFY=FAILURE",),)),
        note(head("plain") + b"hi\r\n", box.address),
    )
    assert states(settled) == [["rejected"], ["accepted"]]
    error = settled[0].error
    assert isinstance(error, ReplyError)
    assert error.message == "NOTIFY needs DSN, which the server does not offer"
    assert len(box.wait(1)) == 1


def test_exim_takes_an_address_that_is_not_ascii(lab: Lab, box_name: str) -> None:
    box = lab.mailbox(box_name, "exim")
    settled = deliver(
        lab,
        "P_EXIM",
        note(head("bcc") + b"hi\r\n", f"{box_name}+to@lab.test", f"{box_name}+jürgen@lab.test"),
        note(head("next") + b"hi\r\n", f"{box_name}+δοκιμή@lab.test"),
    )
    assert states(settled) == [["accepted", "accepted"], ["accepted"]]
    assert len(box.wait(3)) == 3


def test_sendmail_gets_what_it_can_take(lab: Lab, box_name: str) -> None:
    box = lab.mailbox(box_name, "sendmail")
    settled = deliver(
        lab,
        "P_SENDMAIL",
        note(head("bcc") + b"hi\r\n", f"jürgen-{box_name}@lab.test", box.address),
        note(head("nobody") + b"hi\r\n", f"jürgen-{box_name}@lab.test"),
        note(head("next") + b"hi\r\n", box.address),
    )
    assert states(settled) == [["rejected", "accepted"], ["rejected"], ["accepted"]]
    assert "SMTPUTF8" in settled[0].outcomes[0].reason
    subjects = [mail.raw.split(b"Subject: ")[1].split(b"\n")[0] for mail in box.wait(2)]
    assert sorted(subjects) == [b"bcc", b"next"]
