"""Messages, compiled once: what is the same for every row is made when the message is compiled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from mailjobs.errors import JobError, Problem, SetupError
from mailjobs.message.complaints import attempt, complaint
from mailjobs.message.content import Content
from mailjobs.message.head import Head
from mailjobs.message.outgoing import Identity, Outgoing, Recipient, Reports
from mailjobs.message.people import Filled, People
from mailjobs.message.raw import RawContent
from mailjobs.message.redirect import redirected
from mailjobs.message.stamps import digest_of
from mailjobs.message.texts import checked, one_line
from mailjobs.mime import EMPTY, Entity
from mailjobs.model import Message, Sign, Template
from mailjobs.templates import RowScope, Templates

if TYPE_CHECKING:
    from mailjobs.message.seal import Seal

Scope = Mapping[str, Any]


def compile_message(message: Message, templates: Templates, redirect: Recipient | None = None) -> CompiledMessage:
    """Compile `message`, which goes to `redirect` alone where there is one.

    Raises JobError with all problems that no row can mend: templates, literal addresses, header names, a sender (164)
    or recipients (165) that are missing; FileError for a literal path that is no file; SetupError where an optional
    package is missing.
    """
    problems: list[Problem] = []
    try:
        compiled = CompiledMessage(message, templates, problems, redirect)
    except SetupError as error:
        error.place = error.place or message.place
        raise
    if problems:
        raise JobError.of(problems)
    return compiled


class CompiledMessage:
    """One message of a job. For any number of threads. Made by `compile_message`, which looks at `problems`."""

    def __init__(
        self, message: Message, templates: Templates, problems: list[Problem], redirect: Recipient | None = None
    ) -> None:
        self.name = message.name
        self._redirect = redirect
        self._message = message
        self._people = People(message, templates, problems)
        self._head = Head(message, self._people, templates, problems)
        self._content = Content(message, templates, problems)
        self._raw = attempt(problems, partial(RawContent, message.raw, templates)) if message.raw else None
        self._seal = _seal(message)
        source = message.dsn.envelope_id
        self._envelope_id = templates.header(one_line(source)) if isinstance(source, Template) else None
        self._straight = None if problems or not self._usual else self._head.straight()
        if self._straight is not None:
            self._sender = self._people.sender
            self._from = self._sender.address if self._sender else ""
            self._bodies = self._content.straight()
            self._fixed_reports = Reports(message.dsn.returned or "")

    @property
    def _usual(self) -> bool:
        """Whether nothing but the people and the header could stand in the straight way."""
        same = self._message.dsn.envelope_id is None and self._redirect is None
        return same and self._raw is None and self._seal is None

    def fill(self, scope: Scope, identity: Identity) -> Outgoing:
        """The message for one scope (`row`, `vars`, `steps`, `run`).

        Raises DataError (JobError without a row) with the field, the place and the template's line; FileError for a
        file that went away.
        """
        if self._straight is not None and (filled := self._straight.fill(scope, identity)) is not None:
            recipient, lines, made_id = filled
            if self._bodies is not None and type(scope) is RowScope:
                content = self._bodies.fill(scope)
                if content is not None:
                    return self._straight_through(lines, *content, recipient, made_id)
            return self._assembled(lines, self._content.fill(scope), (recipient,), made_id)
        return self._long_way(scope, identity)

    def _long_way(self, scope: Scope, identity: Identity) -> Outgoing:
        people = self._people.fill(scope)
        if self._redirect is not None:
            people = people._replace(recipients=(self._redirect,))
        reports = self._reports(scope, identity)
        if self._raw is not None:
            return self._vouched(self._ready_made(self._raw, people, scope, reports), identity)
        lines, made_id = self._head.fill(people, scope, identity)
        if self._redirect is not None:
            lines = redirected(lines, self._redirect)
        entity = self._content.fill(scope)
        if self._seal is not None:
            entity = self._seal.content(entity, people.recipients)
        if self._message.replace_all:
            self._check_bare(entity, scope)
            entity = entity._replace(fields=(), head=EMPTY.head)
        text = "".join([line.text for line in lines])
        outgoing = self._assembled(text, entity, people.recipients, made_id, people, reports)
        return outgoing if self._seal is None else self._vouched(outgoing, identity)

    def _straight_through(self, lines: str, fields: bytes, body: bytes, recipient: Recipient, made_id: str) -> Outgoing:
        head = lines.encode() + fields
        wide, reports = not head.isascii(), self._fixed_reports
        return Outgoing(self.name, self._from, (recipient,), head, (body,), made_id, wide, wide, reports)

    def _assembled(
        self,
        lines: str,
        entity: Entity,
        recipients: tuple[Recipient, ...],
        made_id: str,
        people: Filled | None = None,
        reports: Reports | None = None,
    ) -> Outgoing:
        """`people` None: those of the straight way, of whom nobody needs SMTPUTF8."""
        head = lines.encode() + entity.head
        international = not head.isascii()
        sender = self._sender if people is None else people.sender
        return Outgoing(
            self.name,
            sender.address if sender else "",
            recipients,
            head,
            entity.body,
            made_id,
            international or (people is not None and people.smtputf8),
            international or entity.eightbit,
            self._fixed_reports if reports is None else reports,
        )

    def recipients(self, scope: Scope) -> tuple[Recipient, ...]:
        """Whom the message of one scope is for, were it not redirected. Raises DataError (JobError without a row)."""
        if self._straight is not None and (recipient := self._straight.recipient(scope)) is not None:
            return (recipient,)
        return self._people.fill(scope).recipients

    def _vouched(self, outgoing: Outgoing, identity: Identity) -> Outgoing:
        """With what DKIM puts on top."""
        text = self._seal.head(outgoing, identity) if self._seal else ""
        if not text:
            return outgoing
        return replace(outgoing, head=text.encode() + outgoing.head)

    def _ready_made(self, raw: RawContent, people: Filled, scope: Scope, reports: Reports) -> Outgoing:
        split = raw.fill(scope)
        international = not split.head.isascii()
        return Outgoing(
            message=self.name,
            sender=people.sender.address if people.sender else "",
            recipients=people.recipients,
            head=split.head,
            body=(split.body,) if split.body else (),
            message_id=next((value for name, value in split.fields if name.lower() == "message-id"), ""),
            smtputf8=international or not all(box.isascii() for box in _seen(people)),
            eightbit=international or not split.body.isascii(),
            reports=reports,
        )

    def _reports(self, scope: Scope, identity: Identity) -> Reports:
        dsn = self._message.dsn
        name = ""
        if dsn.envelope_id == "auto":
            name = digest_of(identity, self.name)
        elif self._envelope_id is not None:
            name = checked("dsn.envelope_id", self._envelope_id, scope).strip()
            if not name or len(name) > 100 or not name.isascii() or not name.isprintable():
                words = f"dsn.envelope_id: {name[:60]!r} is not 1 to 100 characters of ASCII"
                raise complaint(words, self._envelope_id.template, scope)
        return Reports(dsn.returned or "", name)

    def _check_bare(self, entity: Entity, scope: Scope) -> None:
        """`replace_all` sends no field that could describe the body, so it has to be what an undescribed body is."""
        told = [field.value for field in entity.fields]
        if told and (not told[0].startswith("text/plain") or told[-1] != "7bit"):
            words = "headers.replace_all: the body needs Content-Type and Content-Transfer-Encoding, which are left out"
            hint = "a body of plain ASCII text needs none; `raw` is for all else"
            raise JobError.of([Problem(words, self._message.place, hint=hint)])


def _seal(message: Message) -> Seal | None:
    if message.sign == Sign():
        return None
    from mailjobs.message.seal import Seal

    return Seal(message.sign)


def _seen(people: Filled) -> list[str]:
    """The addresses that a ready-made message cannot do without: all but those of bcc."""
    sender = [people.sender.address] if people.sender else []
    return [*sender, *[recipient.address for recipient in people.recipients if recipient.kind != "bcc"]]
