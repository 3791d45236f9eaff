"""The people of a message: who it is from, and whom it goes to."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from mailjobs.errors import JobError, Problem
from mailjobs.message.addresses import AddressField, ReturnPath
from mailjobs.message.complaints import NO_RECIPIENT, NO_SENDER, attempt, complaint
from mailjobs.message.mailbox import Grouped, Mailbox
from mailjobs.message.outgoing import Kind, Recipient
from mailjobs.message.texts import checked, one_line
from mailjobs.model import AddressEntry, Message, Template
from mailjobs.templates import Rendering, Templates

Scope = Mapping[str, Any]

# Field, header (none for bcc, which is never in the bytes), and whether an address that renders empty is an error.
_FIELDS = (
    ("from", "From", True),
    ("to", "To", True),
    ("cc", "Cc", False),
    ("bcc", "", False),
    ("reply_to", "Reply-To", False),
)
_KINDS: tuple[Kind, ...] = ("to", "cc", "bcc")
_OPTION = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*(?:=[\x21-\x3c\x3e-\x7e]+)?")


class Filled(NamedTuple):
    """The people of one row. `sender` None is the null sender; `boxes` has an entry for each field."""

    boxes: tuple[tuple[Mailbox, ...], ...]
    sender: Mailbox | None
    recipients: tuple[Recipient, ...]

    @property
    def author(self) -> Mailbox:
        """The mailbox of From."""
        return self.boxes[0][0]

    @property
    def smtputf8(self) -> bool:
        """Whether an address that all can see, or the sender, has a local part that is not ASCII."""
        seen = [box for boxes in (*self.boxes[:3], self.boxes[4]) for box in boxes]
        return not all(box.plain for box in seen) or bool(self.sender and not self.sender.plain)


class People:
    """The address fields of a message, compiled. What is wrong whatever the values are goes to `problems`."""

    def __init__(self, message: Message, templates: Templates, problems: list[Problem]) -> None:
        self._message = message
        self.fields = _address_fields(message, templates, problems)
        source = message.return_path
        self._return_path = attempt(problems, partial(ReturnPath, source, templates)) if source else None
        entries = (message.to, message.cc, message.bcc)
        self._wishes = attempt(problems, lambda: [[Wishes(entry, templates) for entry in some] for some in entries])
        self._plain = not any(wish.any for some in self._wishes or () for wish in some)
        if len(self.fields) == len(_FIELDS):
            for field in self.fields:
                if field.constant is not None:
                    attempt(problems, partial(self._check_count, field, field.constant, {}))
            if not problems and all(field.constant is not None for field in self.fields[1:4]):
                attempt(problems, partial(self._check_somebody, [field.constant for field in self.fields], {}))

    @property
    def sender(self) -> Mailbox | None:
        """The sender where it is the same for every row; only to be asked where From is constant."""
        from_ = self.fields[0].constant
        assert from_ is not None, "From is constant"
        return from_[0] if self._return_path is None else self._return_path.constant

    @property
    def to_alone(self) -> bool:
        """Whether all but To is the same for every row, and nobody else gets the message."""
        from_, _, cc, bcc, reply_to = self.fields
        same = from_.constant is not None and cc.constant == () and bcc.constant == () and reply_to.constant is not None
        fixed = self._return_path is None or self._return_path.constant is not None
        return self._plain and same and fixed and not isinstance(cc.constant, Grouped)

    def fill(self, scope: Scope) -> Filled:
        """The people of one scope. Raises DataError (JobError without a row)."""
        boxes = []
        for field in self.fields:
            filled = field.constant
            if filled is None:
                filled = field.fill(scope)
                self._check_count(field, filled, scope)
            boxes.append(filled)
        self._check_somebody(boxes, scope)
        sender = boxes[0][0] if self._return_path is None else self._return_path.fill(scope)
        return Filled(tuple(boxes), sender, self._recipients(boxes, scope))

    def _check_count(self, field: AddressField, boxes: Sequence[Mailbox], scope: Scope) -> None:
        """Exactly one sender, and a To where there has to be one."""
        count = len(boxes)
        if field.name == "from" and count > 1:
            self._refuse(field, f"from: one address is expected, not {count}", None, scope)
        elif field.name == "from" and not count:
            self._refuse(field, f"message '{self._message.name}' has no sender (from)", NO_SENDER, scope)
        elif field.name == "to" and not field.seen(boxes) and not self._message.allow_empty_to:
            self._refuse(field, self._nobody, NO_RECIPIENT, scope)

    def _check_somebody(self, boxes: Sequence[Sequence[Mailbox] | None], scope: Scope) -> None:
        if not any(boxes[1:4]):
            self._refuse(self.fields[1], self._nobody, NO_RECIPIENT, scope)

    @property
    def _nobody(self) -> str:
        return f"message '{self._message.name}' has no recipient (to)"

    def _refuse(self, field: AddressField, words: str, code: int | None, scope: Scope) -> None:
        if field.template is not None:
            raise complaint(words, field.template, scope, code=code)
        raise JobError.of([Problem(words, self._message.place, code=code)])

    def _recipients(self, boxes: Sequence[Sequence[Mailbox]], scope: Scope) -> tuple[Recipient, ...]:
        """Each address once, of the first kind that names it. Domains are the same in any letter case."""
        found: dict[tuple[str, str], Recipient] = {}
        notify = self._message.dsn.notify or ()
        for kind, field, some in zip(_KINDS, self.fields[1:4], boxes[1:4], strict=True):
            wished = None if self._plain else self._wished(kind, field, scope)
            for index, box in enumerate(some):
                known = (box.local, box.domain.lower())
                if known not in found:
                    made = Recipient(f"{box.local}@{box.domain}", kind, box.name, notify)
                    found[known] = made if wished is None else wished[index].put(made, scope)
        return tuple(found.values())

    def _wished(self, kind: Kind, field: AddressField, scope: Scope) -> list[Wishes]:
        """For each mailbox of a field what its entry says of it."""
        assert self._wishes is not None
        counts = field.counts(scope)
        wishes = self._wishes[_KINDS.index(kind)]
        return [wish for wish, count in zip(wishes, counts, strict=True) for _ in range(count)]


class Wishes:
    """What RCPT says of one entry's address besides it."""

    def __init__(self, entry: AddressEntry, templates: Templates) -> None:
        self._notify = entry.notify
        self._orcpt = _header(entry.orcpt, templates)
        self._options = _header(entry.options, templates)
        self.any = bool(entry.notify or entry.orcpt or entry.options)
        if self._options is not None and self._options.constant is not None:
            self._listed(self._options, {})

    def put(self, recipient: Recipient, scope: Scope) -> Recipient:
        """The recipient with them. Raises DataError (JobError without a row)."""
        if not self.any:
            return recipient
        orcpt = self._original(self._orcpt, scope) if self._orcpt else ""
        options = self._listed(self._options, scope) if self._options else ()
        return recipient._replace(notify=self._notify or recipient.notify, orcpt=orcpt, options=options)

    def _original(self, rendering: Rendering, scope: Scope) -> str:
        address = checked("dsn.orcpt", rendering, scope).strip()
        if not address or not address.isascii() or not address.isprintable():
            words = f"dsn.orcpt: {address[:60]!r} is not an address in ASCII"
            raise complaint(words, rendering.template, scope)
        return address

    def _listed(self, rendering: Rendering, scope: Scope) -> tuple[str, ...]:
        options = tuple(checked("options", rendering, scope).split())
        words = {option.partition("=")[0].upper() for option in options}
        if len(words) < len(options):
            raise complaint("options: a parameter stands there twice", rendering.template, scope)
        for option in options:
            if not _OPTION.fullmatch(option) or option.upper() in ("NOTIFY", "ORCPT"):
                hint = "write NOTIFY=SUCCESS, with = and without blanks"
                raise complaint(
                    f"options: {option[:60]!r} is no parameter of RCPT", rendering.template, scope, hint=hint
                )
        for key, taken in (("NOTIFY", self._notify), ("ORCPT", self._orcpt)):
            if key in words and taken:
                raise complaint(f"options: {key} is given by `dsn.{key.lower()}` already", rendering.template, scope)
        return options


def _header(template: Template | None, templates: Templates) -> Rendering | None:
    return templates.header(one_line(template)) if template is not None else None


def _address_fields(message: Message, templates: Templates, problems: list[Problem]) -> tuple[AddressField, ...]:
    """The five fields in order; fewer where something is wrong with one, which `problems` tells then."""
    entries = {
        "from": (message.from_,) if message.from_ is not None else (),
        "to": message.to,
        "cc": message.cc,
        "bcc": message.bcc,
        "reply_to": message.reply_to,
    }
    style = (message.charset, message.max_header_length)
    made = [
        attempt(problems, partial(AddressField, name, header, entries[name], templates, strict, *style))
        for name, header, strict in _FIELDS
    ]
    return tuple([field for field in made if field is not None])
