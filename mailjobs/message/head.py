"""The header section of a message: what the job's keys make, and what it writes itself."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from typing import Any

from mailjobs.errors import Problem
from mailjobs.message.addresses import AddressField
from mailjobs.message.complaints import attempt, complaint
from mailjobs.message.headers import MAX_LINE, header_line
from mailjobs.message.mailbox import AddressSyntax, mailbox, shown
from mailjobs.message.outgoing import Identity
from mailjobs.message.people import Filled, People
from mailjobs.message.stamps import DateField, MessageIdField, thread_id
from mailjobs.message.straight import Line, Straight, Way, joined, places, text_of
from mailjobs.message.texts import TextField, checked, one_line
from mailjobs.mime import Field
from mailjobs.model import AddressEntry, Header, Message, Template, Unsubscribe
from mailjobs.templates import Rendering, Templates

Scope = Mapping[str, Any]

_NAME = re.compile(r"[\x21-\x39\x3b-\x7e]{1,76}")
_MIME_VERSION = header_line("MIME-Version", "1.0")
_ONE_CLICK = header_line("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")


class Head:
    """The header fields of a message but for those of its content. What is wrong in any case goes to `problems`."""

    def __init__(self, message: Message, people: People, templates: Templates, problems: list[Problem]) -> None:
        self._message = message
        self._people = people
        self._date = attempt(problems, partial(DateField, message.date, templates))
        self._id = attempt(problems, partial(MessageIdField, message.message_id, templates))
        subject = message.subject
        self._subject = (
            attempt(problems, partial(text_field, "subject", "Subject", subject, message, templates))
            if subject is not None
            else None
        )
        self._thread = templates.header(one_line(message.thread)) if message.thread is not None else None
        self._marks = [header_line(name, value) for name, value in message.marks]
        self._receipts = _receipts(message, templates, problems)
        source = message.unsubscribe
        self._leave = attempt(problems, partial(_Unsubscribe, source, message, templates)) if source else None
        problems += [wrong for header in message.headers if (wrong := _wrong_name(header))]
        self._own = [
            field
            for header in message.headers
            if (field := attempt(
                problems,
                partial(text_field, f"headers.{header.name}", header.name, header.value, message, templates),
            ))
        ]  # fmt: skip

    def straight(self) -> Straight | None:
        """The straight way, where To is all that a row says of people."""
        people, message = self._people, self._message
        found = places(people.fields[1]) if people.to_alone else None
        if found is None or message.replace_all or message.max_header_length < MAX_LINE:
            return None
        assert self._date is not None, "compiled without problems"
        assert self._id is not None, "compiled without problems"
        from_, to, _, _, reply_to = people.fields
        author = from_.constant or ()
        made_id, domain = self._id, author[0].domain
        subject = [self._subject.constant or self._subject.text] if self._subject is not None else []
        answered = reply_to.constant or ()
        replies = [reply_to.line(answered, {})] if reply_to.seen(answered) else []
        return Straight(
            Way(
                *found,
                notify=message.dsn.notify or (),
                line=lambda box: to.line((box,), {}).text,
                date=self._date.fill,
                message_id=lambda scope, identity: made_id.fill(scope, identity, message.name, domain),
                before=from_.line(author, {}).text,
                between=joined([*replies, *subject]),
                after=joined(self._behind(domain)),
            )
        )

    def _behind(self, domain: str) -> list[Field | Line]:
        """What stands behind Message-ID."""
        parts: list[Field | Line] = []
        if self._thread is not None:
            parts.append(text_of(lambda scope: self._threaded(scope, domain)))
        parts += [_MIME_VERSION, *self._marks]
        parts += [text_of(partial(_receipt, field)) for field in self._receipts]
        if self._leave is not None:
            parts.append(text_of(self._leave.fill))
        return [*parts, *[field.constant or field.text for field in self._own]]

    def _threaded(self, scope: Scope, domain: str) -> list[Field]:
        assert self._thread is not None, "the message has a thread"
        thread = thread_id(checked("thread", self._thread, scope), domain)
        return [_plain("In-Reply-To", thread), _plain("References", thread)]

    def fill(self, people: Filled, scope: Scope, identity: Identity) -> tuple[list[Field], str]:
        """The lines in order, and the Message-ID ("" without one). Raises DataError (JobError without a row)."""
        if self._message.replace_all:
            lines = [field.constant or field.fill(scope) for field in self._own]
            return lines, next((line.value for line in lines if line.name.lower() == "message-id"), "")
        return self._computed(people, scope, identity)

    def _computed(self, people: Filled, scope: Scope, identity: Identity) -> tuple[list[Field], str]:
        assert self._date is not None, "compiled without problems"
        assert self._id is not None, "compiled without problems"
        date = self._date.fill(scope, identity)
        domain = people.author.domain
        made_id = self._id.fill(scope, identity, self._message.name, domain)
        lines = [_plain("Date", date)] if date is not None else []
        lines += self._addressed(people, scope)
        if self._subject is not None:
            lines.append(self._subject.constant or self._subject.fill(scope))
        if made_id is not None:
            lines.append(_plain("Message-ID", made_id))
        if self._thread is not None:
            lines += self._threaded(scope, domain)
        lines.append(_MIME_VERSION)
        lines += self._marks
        lines += [line for field in self._receipts for line in _receipt(field, scope)]
        if self._leave is not None:
            lines += self._leave.fill(scope)
        lines += [field.constant or field.fill(scope) for field in self._own]
        return lines, made_id or ""

    def _addressed(self, people: Filled, scope: Scope) -> list[Field]:
        from_, to, cc, _, reply_to = self._people.fields
        fields = ((from_, people.boxes[0]), (to, people.boxes[1]), (cc, people.boxes[2]), (reply_to, people.boxes[4]))
        return [field.line(boxes, scope) for field, boxes in fields if field.seen(boxes)]


class _Unsubscribe:
    """List-Unsubscribe, and what makes it one click."""

    def __init__(self, source: Unsubscribe, message: Message, templates: Templates) -> None:
        self._source = source
        self._url = templates.header(one_line(source.url)) if source.url else None
        self._mailto = templates.header(one_line(source.mailto)) if source.mailto else None
        if all(text is None or text.constant is not None for text in (self._url, self._mailto)):
            self.fill({})

    def fill(self, scope: Scope) -> list[Field]:
        """One or two lines. Raises DataError (JobError without a row) for what is no URL, or no address."""
        ways = []
        if self._mailto is not None:
            ways.append(f"<{self._address(self._mailto, scope)}>")
        if self._url is not None:
            ways.append(f"<{self._link(self._url, scope)}>")
        lines = [header_line("List-Unsubscribe", ", ".join(ways))]
        return [*lines, _ONE_CLICK] if self._source.one_click else lines

    def _link(self, rendering: Rendering, scope: Scope) -> str:
        text = checked("unsubscribe.url", rendering, scope).strip()
        if not text.startswith(("https://", "http://")) or not text.isascii() or _breaks_out(text):
            hint = "https://…, with the filter `urlencode` for values"
            raise complaint(f"unsubscribe.url: {text[:80]!r} is no URL", rendering.template, scope, hint=hint)
        return text

    def _address(self, rendering: Rendering, scope: Scope) -> str:
        text = checked("unsubscribe.mailto", rendering, scope).strip().removeprefix("mailto:")
        address, question, rest = text.partition("?")
        try:
            plain = mailbox("", address)
        except AddressSyntax as error:
            raise complaint(f"unsubscribe.mailto: {error}", rendering.template, scope) from None
        if _breaks_out(text) or not plain.plain or not rest.isascii():
            raise complaint(f"unsubscribe.mailto: {text[:80]!r} is no mailto", rendering.template, scope)
        return f"mailto:{plain.address}{question}{rest}"


def _wrong_name(header: Header) -> Problem | None:
    if _NAME.fullmatch(header.name):
        return None
    words = f"headers: {shown(header.name)} is not a header name (visible ASCII without a colon)"
    return Problem(words, header.value.place)


def _breaks_out(text: str) -> bool:
    return any(character <= " " or character in '<>",\x7f' for character in text)


def _receipts(message: Message, templates: Templates, problems: list[Problem]) -> list[AddressField]:
    wanted: list[tuple[str, str, AddressEntry | None]] = [
        ("read_receipt_to", "Disposition-Notification-To", message.read_receipt_to),
        ("delivery_notification_to", "Return-Receipt-To", message.delivery_notification_to),
    ]
    style = (message.charset, message.max_header_length)
    made = [
        attempt(problems, partial(AddressField, name, header, [entry], templates, True, *style))
        for name, header, entry in wanted
        if entry is not None
    ]
    return [field for field in made if field is not None]


def text_field(field: str, header: str, template: Template, message: Message, templates: Templates) -> TextField:
    """An unstructured header in the charset and line length of the message."""
    return TextField(field, header, template, templates, message.charset, message.max_header_length)


def _receipt(field: AddressField, scope: Scope) -> list[Field]:
    return [field.line(field.constant or field.fill(scope), scope)]


def _plain(name: str, value: str) -> Field:
    """A computed header, which needs neither encoding nor folding."""
    return Field(name, value, f"{name}: {value}\r\n")
