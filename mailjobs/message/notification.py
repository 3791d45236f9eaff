"""A delivery status notification: who did not get a message, and why (RFC 3464, 6522), for a person and a program."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from typing import Final

from mailjobs.frozen import frozen
from mailjobs.message.delivery_status import AboutMessage, AboutRecipient, delivery_status, head_only, one_line
from mailjobs.message.fields import fields_of
from mailjobs.message.headers import LineTooLong, address_header, header_line, text_header
from mailjobs.message.mailbox import Mailbox, mailbox
from mailjobs.message.outgoing import NO_REPORTS, Outgoing, Recipient, Reports, decoded
from mailjobs.message.stamps import date_time
from mailjobs.mime import Entity, Field, message_entity, multipart, text_entity
from mailjobs.mime.attached import Disposition
from mailjobs.mime.entity import head_of

RETURNED: Final = 256 * 1024  # octets of a message above which its headers alone are returned
SUBJECT: Final = 200  # characters of the original's that are repeated
# What to do about it, by the subject of the status code (RFC 3463 section 3), or all of it.
ADVICE: Final = {
    "1": "Check the address: the server does not know it, or cannot take mail for it.",
    "2": "The mailbox is there and cannot take the message now. Ask its owner another way.",
    "2.3": "The message is too large for this mailbox. Send a smaller one, or a link.",
    "3.4": "The message is too large for the server. Send a smaller one, or a link.",
    "4.7": "No server took it in the time that it had. See whether the server can be reached, and send it again.",
    "6.7": "The server cannot take addresses with letters outside ASCII. Ask for another address.",
    "7": "The server does not allow it. Its words say why; the one who looks after it can help.",
}
NO_ADVICE: Final = "The words of the server say why. Where they do not help, ask the one who looks after it."


@frozen
class Original:
    """The message that a notification is about. `body` is None where no more than its headers are to be returned.

    `key` names it for good: the same failure makes the same notification, byte for byte.
    """

    key: str
    sender: str
    head: bytes
    arrived: datetime
    body: bytes | None = None
    reports: Reports = NO_REPORTS

    @property
    def may_be_notified(self) -> bool:
        """Whether anybody may be told: nobody is of what itself tells of a failure, or answers (RFC 3834 section 2)."""
        return bool(self.sender) and self.field("Auto-Submitted").split(";")[0].strip().lower() != "auto-replied"

    def field(self, name: str) -> str:
        """The value of a header field, "" without it."""
        return next((value for known, value in fields_of(self.head) if known.lower() == name.lower()), "")


def notification(
    original: Original, people: Sequence[AboutRecipient], to: str, reporting: str, moment: datetime
) -> Outgoing:
    """Tell `to` what became of `people`. `reporting` is the name of this machine, `moment` has a time zone.

    Its sender is the null sender, so that nothing ever answers it. Raises AddressSyntax where `to` is no address.
    """
    box = mailbox("", to)
    domain = original.sender.rpartition("@")[2] or reporting
    about = AboutMessage(reporting, original.arrived, original.reports.envelope_id)
    parts = [text_entity(_words(original, people, reporting), "plain"), delivery_status(about, people)]
    content = multipart("report", [*parts, _returned(original)], {"report-type": "delivery-status"})
    message_id = f"<{sha256(original.key.encode('utf-8', 'surrogatepass')).hexdigest()[:32]}.dsn@{domain}>"
    head = b"".join([line.text.encode() for line in _head(original, people, box, domain, message_id, moment)])
    head += head_of(content.fields)
    recipient = Recipient(box.address, "to")
    return Outgoing("notification", "", (recipient,), head, content.body, message_id, not head.isascii(),
                    content.eightbit)  # fmt: skip


def _head(
    original: Original, people: Sequence[AboutRecipient], to: Mailbox, domain: str, message_id: str, moment: datetime
) -> list[Field]:
    author = Mailbox("Mail Delivery System", "mailer-daemon", domain, plain=True)
    subject = one_line(decoded(original.field("Subject")))[:SUBJECT]
    what = "Not delivered" if any(one.action == "failed" for one in people) else "Delayed"
    answered = one_line(original.field("Message-ID"))
    lines = [
        header_line("Date", date_time(moment)),
        address_header("From", [author]),
        address_header("To", [to]),
        text_header("Subject", f"{what}: {subject}" if subject else f"{what}: your message"),
        header_line("Message-ID", message_id),
        header_line("Auto-Submitted", "auto-replied"),
        header_line("MIME-Version", "1.0"),
    ]
    if answered and answered.isascii():
        lines[5:5] = _answering(answered)
    return lines


def _answering(message_id: str) -> list[Field]:
    try:
        return [header_line(name, message_id) for name in ("In-Reply-To", "References")]
    except LineTooLong:
        return []


def _returned(original: Original) -> Entity:
    """The message, where its sender asked for it (RET=FULL) and it is small; else its headers."""
    body = original.body
    if body is None or original.reports.returned != "full" or len(original.head) + len(body) > RETURNED:
        return head_only(original.head)
    try:
        return message_entity(original.head + body, Disposition("inline"))
    except ValueError:
        return head_only(original.head)


# --- for a person


def _words(original: Original, people: Sequence[AboutRecipient], reporting: str) -> str:
    failed = [one for one in people if one.action == "failed"]
    late = [one for one in people if one.action == "delayed"]
    subject = one_line(decoded(original.field("Subject")))
    lines = ["A message could not be delivered to everybody it was for."]
    if not failed:
        lines = ["A message is not delivered yet. It is tried further, and nothing need be done."]
    lines += ["", f"  Subject: {subject}" if subject else "  (without a subject)"]
    lines += [f"  From:    {one_line(original.sender)}", f"  Queued:  {date_time(original.arrived)} on {reporting}", ""]
    if failed:
        lines += ["Who did not get it, and will not:" if late else "Who did not get it:", ""]
        lines += [line for one in failed for line in (*_person(one), "")]
    if late:
        lines += ["Who has not got it yet; it is tried further:", ""]
        lines += [line for one in late for line in (*_person(one), "")]
    if failed:
        lines += ["What to do:", "", *[f"- {text}" for text in dict.fromkeys(map(_advice, failed))], ""]
    lines += ["Programs find the same in the next part; behind it is what was sent."]
    return "\n".join(lines) + "\n"


def _person(one: AboutRecipient) -> list[str]:
    lines = [f"  {one_line(one.address)}"]
    if one.reply is not None:
        who = f"the server {one_line(one.remote)}" if one.remote else "the server"
        lines.append(f"    {who} said: {one_line(str(one.reply))}")
    if one.reason:
        lines.append(f"    {one_line(one.reason)}")
    return lines


def _advice(one: AboutRecipient) -> str:
    _, _, rest = one.status.partition(".")
    return ADVICE.get(rest) or ADVICE.get(rest.partition(".")[0]) or NO_ADVICE
