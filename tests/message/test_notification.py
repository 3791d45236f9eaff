"""Notifications about what was not delivered: read by Python's email package, and taken by a real server."""

from __future__ import annotations

import email
import email.policy
import re
from datetime import UTC, datetime
from email.message import EmailMessage, Message

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mailjobs.errors import ProtocolError
from mailjobs.events import Publish
from mailjobs.message.delivery_status import AboutRecipient
from mailjobs.message.notification import Original, notification
from mailjobs.message.outgoing import Outgoing, Reports
from mailjobs.model import Server, Tls
from mailjobs.prepare.letter import letter_for
from mailjobs.session import Post, open_conversation
from mailjobs.smtp import Reply, ReplyParser
from tests.fixtures.lab import Lab

QUEUED = datetime(2026, 3, 1, 8, tzinfo=UTC)
NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
HEAD = b"Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\nMessage-ID: <7@x.test>\r\nTo: a@b.test\r\n\r\n"
GONE = AboutRecipient("a@b.test", "failed", Reply(550, ("5.1.1 no such user",)), remote="mx.b.test", attempted=NOW)


def original(**changed: object) -> Original:
    return Original(**{"key": "k", "sender": "me@x.test", "head": HEAD, "arrived": QUEUED, **changed})  # type: ignore[arg-type]


def made(*people: AboutRecipient, to: str = "ops@x.test", **changed: object) -> Outgoing:
    return notification(original(**changed), people, to, "ci.x.test", NOW)


def read(outgoing: Outgoing) -> EmailMessage:
    """As Python's email package reads it, which must find nothing wrong; it knows no encoded message/global-headers."""
    found = email.message_from_bytes(outgoing.content, policy=email.policy.default)
    assert isinstance(found, EmailMessage)
    for part in found.walk():
        inner = part.get_payload() if part.get_content_type() == "message/global-headers" else []
        for one in inner:
            one.defects.clear()
        assert not part.defects, part.defects
    return found


def text_of(outgoing: Outgoing) -> str:
    """What a person reads."""
    return str(parts(outgoing)[0].get_content()).replace("\r\n", "\n")


def parts(outgoing: Outgoing) -> list[Message]:
    found = read(outgoing)
    assert found.get_content_type() == "multipart/report"
    assert found.get_param("report-type") == "delivery-status"
    return list(found.iter_parts())


def status(outgoing: Outgoing) -> list[dict[str, str]]:
    """The groups of fields of the second part."""
    groups = parts(outgoing)[1].get_payload()
    assert isinstance(groups, list)
    return [{name: re.sub(r"\r?\n", "", str(value)) for name, value in group.items()} for group in groups]


def test_programs_read_who_did_not_get_it() -> None:
    about, one = status(made(GONE, reports=Reports("headers", "job 7+1")))
    assert about == {
        "Original-Envelope-Id": "job 7+1",
        "Reporting-MTA": "dns; ci.x.test",
        "Arrival-Date": "Sun, 01 Mar 2026 08:00:00 +0000",
    }
    assert one == {
        "Final-Recipient": "rfc822; a@b.test",
        "Action": "failed",
        "Status": "5.1.1",
        "Remote-MTA": "dns; mx.b.test",
        "Diagnostic-Code": "smtp; 550 5.1.1 no such user",
        "Last-Attempt-Date": "Mon, 02 Mar 2026 09:30:00 +0000",
    }


def test_it_goes_back_to_nobody_and_says_that_it_is_automatic() -> None:
    outgoing = made(GONE)
    found = read(outgoing)
    assert outgoing.sender == ""
    assert [one.address for one in outgoing.recipients] == ["ops@x.test"]
    assert found["Auto-Submitted"] == "auto-replied"
    assert found["Subject"] == "Not delivered: Grüße"
    assert found["In-Reply-To"] == found["References"] == "<7@x.test>"
    assert str(found["From"]) == "Mail Delivery System <mailer-daemon@x.test>"
    assert outgoing.content.isascii()
    assert b"\n" not in outgoing.content.replace(b"\r\n", b"")


def test_a_person_reads_who_what_and_what_to_do() -> None:
    text = (
        parts(made(GONE, AboutRecipient("c@d.test", reason="it is too old: 5 days")))[0]
        .get_content()
        .replace("\r\n", "\n")
    )
    assert "a@b.test\n    the server mx.b.test said: 550 5.1.1 no such user" in text
    assert "c@d.test\n    it is too old: 5 days" in text
    assert "Check the address" in text
    assert "Subject: Grüße" in text


def test_the_same_failure_makes_the_same_bytes_and_another_does_not() -> None:
    assert made(GONE).content == made(GONE).content
    assert made(GONE).message_id != made(GONE, key="another").message_id


def test_too_old_is_a_failure_for_a_while() -> None:
    """RFC 3463 section 3.5: X.4.7, where no server said anything."""
    late = AboutRecipient("a@b.test", reason="it is too old: 5 days", expired=True)
    assert status(made(late))[1]["Status"] == "4.4.7"
    assert "too old" in status(made(late))[1]["Diagnostic-Code"]
    assert "see whether the server can be reached" in text_of(made(late)).lower()


@pytest.mark.parametrize(
    ("reply", "wanted"),
    [
        (Reply(550, ("5.7.1 go away",)), "5.7.1"),
        (Reply(550, ("no",)), "5.0.0"),
        (Reply(552, ("full",)), "5.2.2"),
        (Reply(451, ("later",)), "4.3.0"),
        (Reply(499, ("odd",)), "4.0.0"),
        (None, "5.0.0"),
    ],
)
def test_a_status_is_the_servers_or_what_its_code_means(reply: Reply | None, wanted: str) -> None:
    assert status(made(AboutRecipient("a@b.test", reply=reply)))[1]["Status"] == wanted


def test_delayed_ones_are_no_failure() -> None:
    outgoing = made(AboutRecipient("a@b.test", "delayed", Reply(451, ("4.7.1 later",))))
    assert read(outgoing)["Subject"].startswith("Delayed:")
    assert status(outgoing)[1]["Action"] == "delayed"
    assert "What to do" not in text_of(outgoing)


def test_the_original_comes_back_as_far_as_it_was_asked_for() -> None:
    headers = parts(made(GONE))[2]
    assert headers.get_content_type() == "text/rfc822-headers"
    assert headers.get_content().encode() + b"\r\n" == HEAD
    full = parts(made(GONE, body=b"hello\r\n", reports=Reports("full")))[2]
    assert full.get_content_type() == "message/rfc822"
    assert full.get_content()["Message-ID"] == "<7@x.test>"
    large = parts(made(GONE, body=b"x\r\n" * 100_000, reports=Reports("full")))[2]
    assert large.get_content_type() == "text/rfc822-headers"


def test_letters_beyond_ascii_are_kept() -> None:
    head = "Subject: Grüße\r\nFrom: jürgen@x.test\r\n\r\n".encode()
    person = AboutRecipient("jürgen+x@b.test", reason="the address needs SMTPUTF8, which the server does not offer")
    outgoing = made(person, head=head)
    _, one = status(outgoing)
    assert one["Final-Recipient"] == r"utf-8; j\x{FC}rgen\x{2B}x@b.test"
    assert one["Status"] == "5.6.7"
    assert parts(outgoing)[2].get_content_type() == "message/global-headers"
    assert "jürgen+x@b.test" in text_of(outgoing)
    assert outgoing.content.isascii()
    assert made(GONE, to="jürgen@x.test").smtputf8


@pytest.mark.parametrize(
    "head", [b"Auto-Submitted: auto-replied\r\n\r\n", b"AUTO-SUBMITTED: Auto-Replied; x=y\r\n\r\n"]
)
def test_nobody_is_told_of_what_tells_itself(head: bytes) -> None:
    assert not original(head=head).may_be_notified
    assert not original(sender="").may_be_notified
    assert original().may_be_notified
    assert original(head=b"Auto-Submitted: auto-generated\r\n\r\n").may_be_notified


LINES = st.text(st.characters(codec="utf-8"), max_size=60) | st.integers(900, 1100).map(lambda size: size * "é")


@given(lines=st.lists(LINES, min_size=1, max_size=3), subject=LINES, reason=LINES)
@example(lines=["x"], subject="a\nBcc: evil@x.test\r", reason="\r\n\r\n--=_")
def test_no_word_of_others_adds_a_line_or_a_header(lines: list[str], subject: str, reason: str) -> None:
    raw = "".join([f"550-{line}\r\n" for line in lines]).encode() + b"550 end\r\n"
    try:
        (reply,) = ReplyParser(max_line=10_000).feed(raw)
    except ProtocolError:  # no reply at all
        reply = Reply(550, tuple(lines))
    people = [AboutRecipient("a@b.test", reply=reply, remote=reason), AboutRecipient("c@d.test", reason=reason)]
    head = f"Subject: {subject}\r\nMessage-ID: {reason}\r\n\r\n".encode("utf-8", "surrogatepass")
    outgoing = made(*people, head=head)
    names = [name for name, _ in outgoing.headers]
    assert [name for name in names if name not in ("In-Reply-To", "References")] == [
        "Date", "From", "To", "Subject", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type",
    ]  # fmt: skip
    assert all(len(line) <= 998 for line in outgoing.content.split(b"\r\n"))
    assert b"\n" not in outgoing.content.replace(b"\r\n", b"")
    about, first, second = status(outgoing)
    assert set(about) == {"Reporting-MTA", "Arrival-Date"}
    assert set(first) <= {"Final-Recipient", "Action", "Status", "Remote-MTA", "Diagnostic-Code"}
    assert set(second) <= {"Final-Recipient", "Action", "Status", "Diagnostic-Code"}


def test_a_real_server_takes_it(lab: Lab, box_name: str) -> None:
    box = lab.mailbox(box_name)
    outgoing = made(GONE, to=box.address)
    conversation = open_conversation(Server("127.0.0.1", lab.port("P_SMTP"), tls=Tls("none")), Publish())
    post = Post(conversation)
    post.begin(letter_for(outgoing, ()))
    (outcome,) = post.settle()
    conversation.quit()
    assert outcome.state == "accepted", outcome
    (mail,) = box.wait()
    assert mail.raw.startswith(b"Return-Path: <>\n")
    assert mail.as_sent() == outgoing.content
