"""What became of recipients, as a program reads it: message/delivery-status (RFC 3464), in ASCII whatever was said."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final, Literal, NamedTuple

from mailjobs.message.headers import header_line
from mailjobs.message.stamps import date_time
from mailjobs.mime import Entity, Field
from mailjobs.mime.entity import entity, head_of
from mailjobs.mime.parameters import field
from mailjobs.mime.transfer import canonical, encode_text
from mailjobs.smtp import Reply, needs_smtputf8

LONGEST_WORD: Final = 900  # characters without a blank that a line of a mail bears
SMTPUTF8: Final = "5.6.7"  # RFC 6531 section 3.7.4.1
EXPIRED: Final = "4.4.7"
NOT_ASCII = re.compile(r"[^\x20-\x7e]")
IN_ADDRESS = re.compile(r"[^\x21-\x7e]|[+=\\]")  # what an address of ASCII letters has to write otherwise (RFC 6533)
# RFC 3463, by what RFC 5321 says that a code means, where the server said no more.
STATUS: Final = {
    421: "4.3.2", 450: "4.2.0", 451: "4.3.0", 452: "4.3.1", 454: "4.7.0", 455: "4.5.4",
    500: "5.5.2", 501: "5.5.4", 502: "5.5.1", 503: "5.5.1", 504: "5.5.4", 530: "5.7.0", 535: "5.7.8",
    551: "5.1.6", 552: "5.2.2", 553: "5.1.3", 555: "5.5.4", 556: "5.1.10",
}  # fmt: skip


class AboutMessage(NamedTuple):
    """Of the message as a whole: the name of this machine, when it came to it, and its envelope id in words."""

    reporting: str
    arrived: datetime
    envelope_id: str = ""


class AboutRecipient(NamedTuple):
    """Of one recipient. `original` is the address that ORCPT named, in words.

    `reply` is the last one of the server `remote`; `reason` says why it failed where that is not the reason, and
    `expired` that it was too old.
    """

    address: str
    action: Literal["failed", "delayed"] = "failed"
    reply: Reply | None = None
    reason: str = ""
    remote: str = ""
    attempted: datetime | None = None
    original: str = ""
    expired: bool = False

    @property
    def status(self) -> str:
        """The status code (RFC 3463): what the server said, or what its code means."""
        if self.reply is None:
            utf8 = needs_smtputf8(self.address) and "SMTPUTF8" in self.reason
            return EXPIRED if self.expired else SMTPUTF8 if utf8 else f"{'5' if self.action == 'failed' else '4'}.0.0"
        return self.reply.enhanced or STATUS.get(self.reply.code, f"{min(max(self.reply.code // 100, 4), 5)}.0.0")


def delivery_status(message: AboutMessage, recipients: Sequence[AboutRecipient]) -> Entity:
    """The part for programs: a group of fields for the message, and one for each recipient. No value adds a line."""
    groups = [_of_message(message), *map(_of_recipient, recipients)]
    body = b"\r\n".join([b"".join([one.text.encode("ascii") for one in group]) for group in groups])
    fields = (field("Content-Type", "message/delivery-status"), field("Content-Transfer-Encoding", "7bit"))
    return entity(fields, (body,))


def one_line(text: str) -> str:
    """`text` of a server or a file as one line, without anything that steers, and with breaks in endless words."""
    words = "".join([one if one.isprintable() else " " for one in text]).split()
    return " ".join([word[at : at + LONGEST_WORD] for word in words for at in range(0, len(word), LONGEST_WORD)])


def _of_message(message: AboutMessage) -> Iterator[Field]:
    if message.envelope_id:
        yield _line("Original-Envelope-Id", message.envelope_id)
    yield _line("Reporting-MTA", f"dns; {message.reporting}")
    yield _line("Arrival-Date", date_time(message.arrived))


def _of_recipient(one: AboutRecipient) -> Iterator[Field]:
    if one.original:
        yield _line("Original-Recipient", _typed(one.original))
    yield _line("Final-Recipient", _typed(one.address))
    yield _line("Action", one.action)
    yield _line("Status", one.status)
    if one.remote and one.reply is not None:
        yield _line("Remote-MTA", f"dns; {one.remote}")
    if one.reply is not None:
        yield _line("Diagnostic-Code", f"smtp; {one.reply}")
    elif one.reason:
        yield _line("Diagnostic-Code", f"x-mailjobs; {one.reason}")
    if one.attempted is not None:
        yield _line("Last-Attempt-Date", date_time(one.attempted))


def _typed(address: str) -> str:
    """`rfc822; a@b`, or `utf-8; …` with its letters written in ASCII (RFC 6533 section 3)."""
    if address.isascii():
        return f"rfc822; {address}"
    return f"utf-8; {IN_ADDRESS.sub(_hexadecimal, address)}"


def _line(name: str, value: str) -> Field:
    return header_line(name, one_line(NOT_ASCII.sub(_hexadecimal, one_line(value))))


def _hexadecimal(found: re.Match[str]) -> str:
    r"""`\x{E9}`, by which RFC 6533 writes a character in ASCII."""
    return f"\\x{{{ord(found[0]):02X}}}"


def head_only(head: bytes) -> Entity:
    """The header section of the message it is about: text/rfc822-headers, or message/global-headers (RFC 6533)."""
    coding, data = encode_text(canonical(head.rstrip(b"\r\n") + b"\r\n"))
    media = "text/rfc822-headers" if head.isascii() else "message/global-headers"
    fields = (field("Content-Type", media), field("Content-Transfer-Encoding", coding))
    return Entity(fields, head_of(fields), (data,))
