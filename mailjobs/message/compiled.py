"""Messages, compiled once: what is the same for every row is made when the message is compiled."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple, TypeVar

from mailjobs.errors import JobError, Problem
from mailjobs.message.addresses import AddressField, ReturnPath
from mailjobs.message.complaints import NO_RECIPIENT, NO_SENDER, attempt, complaint
from mailjobs.message.content import Content
from mailjobs.message.headers import HeaderLine, header_line
from mailjobs.message.mailbox import Mailbox, shown
from mailjobs.message.outgoing import Identity, Kind, Outgoing, Recipient
from mailjobs.message.stamps import date_time, message_id
from mailjobs.message.texts import TextField
from mailjobs.model import Header, Message, Template
from mailjobs.templates import Templates

Scope = Mapping[str, Any]
T = TypeVar("T")

_HEADER_NAME = re.compile(r"[\x21-\x39\x3b-\x7e]{1,76}")
_COMPUTED = frozenset({
    "bcc", "cc", "content-transfer-encoding", "content-type", "date", "from", "message-id", "mime-version",
    "reply-to", "resent-bcc", "return-path", "subject", "to",
})  # fmt: skip
_MIME_VERSION = header_line("MIME-Version", "1.0")


# Field, header (none for bcc, which is never in the bytes), and whether an address that renders empty is an error.
_FIELDS = (
    ("from", "From", True),
    ("to", "To", True),
    ("cc", "Cc", False),
    ("bcc", "", False),
    ("reply_to", "Reply-To", False),
)


class _People(NamedTuple):
    """The mailboxes of one message, by field."""

    from_: tuple[Mailbox, ...]
    to: tuple[Mailbox, ...]
    cc: tuple[Mailbox, ...]
    bcc: tuple[Mailbox, ...]
    reply_to: tuple[Mailbox, ...]


def compile_message(message: Message, templates: Templates) -> CompiledMessage:
    """Compile `message`. Raises JobError with all problems that no row can mend: templates, literal addresses,
    header names, a sender (164) or recipients (165) that are missing."""
    problems: list[Problem] = []
    compiled = CompiledMessage(message, templates, problems)
    if problems:
        raise JobError.of(problems)
    return compiled


class CompiledMessage:
    """One message of a job. For any number of threads. Made by `compile_message`, which looks at `problems`."""

    def __init__(self, message: Message, templates: Templates, problems: list[Problem]) -> None:
        self.name = message.name
        self._place = message.place
        self._fields = _address_fields(message, templates, problems)
        self._return_path = _made(problems, ReturnPath, message.return_path, templates)
        self._subject = _made(problems, _subject, message.subject, templates)
        self._extra = _extra_headers(message.headers, templates, problems)
        self._content = Content(message, templates, problems)
        for field in self._fields:
            if field.constant is not None:
                attempt(problems, partial(self._check_count, field, len(field.constant), {}))

    def fill(self, scope: Scope, identity: Identity) -> Outgoing:
        """The message for one scope (`row`, `vars`, `steps`, `run`).

        Raises DataError (JobError without a row) with the field, the place and the template's line.
        """
        people = self._people(scope)
        sender = self._sender(people, scope)
        made_id = message_id(identity, self.name, people.from_[0].domain)
        body = self._content.fill(scope)
        lines = [*self._head(people, scope, date_time(identity.started), made_id), *body.headers]
        head = ("".join([line.text for line in lines]) + "\r\n").encode()
        eightbit = not head.isascii()
        return Outgoing(
            message=self.name,
            sender=sender.address if sender else "",
            recipients=_recipients(people),
            headers=tuple([(line.name, line.value) for line in lines]),
            head=head,
            body=body.data,
            message_id=made_id,
            smtputf8=eightbit or not all(box.plain for box in people.bcc) or bool(sender and not sender.plain),
            eightbit=eightbit,
        )

    def _people(self, scope: Scope) -> _People:
        boxes = []
        for field in self._fields:
            filled = field.constant
            if filled is None:
                filled = field.fill(scope)
                self._check_count(field, len(filled), scope)
            boxes.append(filled)
        return _People(*boxes)

    def _check_count(self, field: AddressField, count: int, scope: Scope) -> None:
        """Exactly one sender, and somebody in To."""
        if field.name == "from" and count > 1:
            self._refuse(field, f"from: one address is expected, not {count}", None, scope)
        elif field.name == "from" and not count:
            self._refuse(field, f"message '{self.name}' has no sender (from)", NO_SENDER, scope)
        elif field.name == "to" and not count:
            self._refuse(field, f"message '{self.name}' has no recipient (to)", NO_RECIPIENT, scope)

    def _refuse(self, field: AddressField, words: str, code: int | None, scope: Scope) -> None:
        if field.template is not None:
            raise complaint(words, field.template, scope, code=code)
        raise JobError.of([Problem(words, self._place, code=code)])

    def _sender(self, people: _People, scope: Scope) -> Mailbox | None:
        """The envelope sender; None is the null sender."""
        return people.from_[0] if self._return_path is None else self._return_path.fill(scope)

    def _head(self, people: _People, scope: Scope, date: str, made_id: str) -> list[HeaderLine]:
        """The header lines up to those that describe the content."""
        from_, to, cc, _, reply_to = self._fields
        lines = [_plain("Date", date), from_.line(people.from_, scope), to.line(people.to, scope)]
        if people.cc:
            lines.append(cc.line(people.cc, scope))
        if people.reply_to:
            lines.append(reply_to.line(people.reply_to, scope))
        if self._subject is not None:
            lines.append(self._subject.constant or self._subject.fill(scope))
        lines += (_plain("Message-ID", made_id), _MIME_VERSION)
        lines += [field.constant or field.fill(scope) for field in self._extra]
        return lines


def _plain(name: str, value: str) -> HeaderLine:
    """A computed header, which needs neither encoding nor folding."""
    return HeaderLine(name, value, f"{name}: {value}\r\n")


def _made(
    problems: list[Problem], kind: Callable[[Template, Templates], T], source: Template | None, templates: Templates
) -> T | None:
    return None if source is None else attempt(problems, partial(kind, source, templates))


def _subject(template: Template, templates: Templates) -> TextField:
    return TextField("subject", "Subject", template, templates)


def _address_fields(message: Message, templates: Templates, problems: list[Problem]) -> tuple[AddressField, ...]:
    """The five fields in order; fewer where something is wrong with one, which `problems` tells then."""
    entries = {
        "from": (message.from_,) if message.from_ is not None else (),
        "to": message.to,
        "cc": message.cc,
        "bcc": message.bcc,
        "reply_to": message.reply_to,
    }
    made = [
        attempt(problems, partial(AddressField, name, header, entries[name], templates, strict))
        for name, header, strict in _FIELDS
    ]
    return tuple([field for field in made if field is not None])


def _extra_headers(headers: Sequence[Header], templates: Templates, problems: list[Problem]) -> tuple[TextField, ...]:
    made = []
    for header in headers:
        words = _wrong_name(header.name)
        if words is not None:
            problems.append(Problem(words, header.value.place))
            continue
        field = f"headers.{header.name}"
        made.append(attempt(problems, partial(TextField, field, header.name, header.value, templates)))
    return tuple([field for field in made if field is not None])


def _wrong_name(name: str) -> str | None:
    if not _HEADER_NAME.fullmatch(name):
        return f"headers: {shown(name)} is not a header name (visible ASCII without a colon)"
    if name.lower() in _COMPUTED:
        return f"headers: {name} is made by mailjobs from the message's own keys, and cannot be set here"
    return None


def _recipients(people: _People) -> tuple[Recipient, ...]:
    """Each address once, of the first kind that names it. Domains are the same in any letter case."""
    found: dict[tuple[str, str], Recipient] = {}
    kinds: tuple[tuple[Kind, tuple[Mailbox, ...]], ...]
    kinds = (("to", people.to), ("cc", people.cc), ("bcc", people.bcc))
    for kind, boxes in kinds:
        for box in boxes:
            known = (box.local, box.domain.lower())
            if known not in found:
                found[known] = Recipient(f"{box.local}@{box.domain}", kind, box.name)
    return tuple(found.values())
