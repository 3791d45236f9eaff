"""Address fields: structure from the job's text, values in its holes.

`"{{ row.name }} <{{ row.email }}>"` is parsed with its two holes still open. Then the values go in: the first can be
nothing but (part of) a display name, the second nothing but (part of) one addr-spec. So a value cannot add a recipient;
`{{ row.team | addresses }}` is how several come from one value.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mailjobs.errors import JobError
from mailjobs.message.complaints import NO_RECIPIENT, NO_SENDER, complaint, named, unencodable
from mailjobs.message.headers import HeaderLine, LineTooLong, address_header
from mailjobs.message.mailbox import AddressSyntax, EmptyAddress, Mailbox, mailbox, shown
from mailjobs.message.mailbox_parser import Entry, parse_mailboxes
from mailjobs.message.texts import checked, one_line
from mailjobs.model import AddressEntry, Template
from mailjobs.templates import AddressList, Rendering, Templates
from mailjobs.templates.holes import PLACEHOLDER, Holes, fill

Scope = Mapping[str, Any]

_EMPTY = {"from": NO_SENDER, "to": NO_RECIPIENT}


class AddressField:
    """One of from, to, cc, bcc, reply_to. `constant` are its mailboxes where no value is needed, else None.

    `strict`: an address that renders empty is an error; elsewhere it is left out. Raises JobError when made, for what
    is wrong whatever the values are.
    """

    __slots__ = ("_constant_line", "_entries", "_header", "constant", "name")

    def __init__(
        self, name: str, header: str, entries: Sequence[AddressEntry], templates: Templates, strict: bool
    ) -> None:
        self.name = name
        self._header = header
        self._entries = [_compiled(name, entry, templates, strict) for entry in entries]
        self.constant: tuple[Mailbox, ...] | None = None
        self._constant_line: HeaderLine | None = None
        if all(entry.constant for entry in self._entries):
            self.constant = self.fill({})
            self._constant_line = self._made_line(self.constant, {})

    @property
    def template(self) -> Template | None:
        """The template of the first entry, for errors about the field as a whole."""
        return self._entries[0].template if self._entries else None

    def fill(self, scope: Scope) -> tuple[Mailbox, ...]:
        """The mailboxes, in order. Raises DataError (JobError without a row) for what makes no address."""
        return tuple([box for entry in self._entries for box in entry.fill(scope)])

    def line(self, boxes: Sequence[Mailbox], scope: Scope) -> HeaderLine:
        """The header with `boxes`, which `fill` gave. Raises as `fill` does."""
        return self._constant_line or self._made_line(boxes, scope)

    def _made_line(self, boxes: Sequence[Mailbox], scope: Scope) -> HeaderLine:
        try:
            return address_header(self._header, boxes)
        except LineTooLong as error:
            raise complaint(f"{self.name}: {error}", self._entries[0].template, scope) from None
        except UnicodeEncodeError as error:
            raise unencodable(self.name, error, self._entries[0].template) from None


def _compiled(field: str, entry: AddressEntry, templates: Templates, strict: bool) -> _TextEntry | _PartsEntry:
    if entry.text is not None:
        return _TextEntry(field, entry.text, templates, strict)
    if entry.address is None:
        raise TypeError("an address entry has a text or an address")
    return _PartsEntry(field, entry.address, entry.name, templates, strict)


class _TextEntry:
    """An entry that is one text, such as `Name <a@b>`, or several with commas."""

    __slots__ = ("_field", "_rendering", "_strict", "constant", "template")

    def __init__(self, field: str, template: Template, templates: Templates, strict: bool) -> None:
        self._field = field
        self.template = template
        self._strict = strict
        self._rendering = templates.holes(template)
        self.constant = self._rendering.constant is not None

    def fill(self, scope: Scope) -> Iterator[Mailbox]:
        """The mailboxes of this entry."""
        try:
            holes = self._rendering.holes(scope)
        except JobError as error:
            raise named(self._field, error) from error
        try:
            for entry in parse_mailboxes(holes.text):
                yield from self._boxes(entry, holes)
        except AddressSyntax as error:
            raise _refused(self._field, error, self.template, scope) from None

    def _boxes(self, entry: Entry, holes: Holes) -> Iterator[Mailbox]:
        if entry.several:
            yield from self._several(holes, entry.address)
            return
        name = _one_name(fill(entry.name, holes.values))
        address = fill(entry.address, holes.values).strip(" \t")
        if address:
            yield _box(name, address, bare=not entry.name)
        elif self._strict or entry.name:
            raise EmptyAddress()

    def _several(self, holes: Holes, placeholder: str) -> Iterator[Mailbox]:
        found = PLACEHOLDER.fullmatch(placeholder)
        value = holes.values[int(found[1])] if found else ""
        for item in value.items if isinstance(value, AddressList) else ():
            for entry in parse_mailboxes(item):
                yield mailbox(_one_name(entry.name), entry.address)


class _PartsEntry:
    """An entry whose address and name are apart, so that the name needs no quoting whatever it has."""

    __slots__ = ("_address", "_field", "_name", "_strict", "constant", "template")

    def __init__(
        self, field: str, address: Template, name: Template | None, templates: Templates, strict: bool
    ) -> None:
        self._field = field
        self._strict = strict
        self.template = address
        self._address = templates.header(one_line(address))
        self._name = templates.header(one_line(name)) if name is not None else None
        self.constant = all(part is None or part.constant is not None for part in (self._address, self._name))

    def fill(self, scope: Scope) -> Iterator[Mailbox]:
        """The mailbox of this entry, or none where it renders empty and may."""
        address = checked(self._field, self._address, scope).strip(" \t")
        name = checked(self._field, self._name, scope) if self._name is not None else ""
        if not address and not self._strict:
            return
        try:
            if not address:
                raise EmptyAddress()
            yield _box(_one_name(name), address, bare=True)
        except AddressSyntax as error:
            raise _refused(self._field, error, self.template, scope) from None


class ReturnPath:
    """The envelope sender where it is not the From address."""

    __slots__ = ("_constant", "_rendering", "_template")

    def __init__(self, template: Template, templates: Templates) -> None:
        self._template = template
        self._rendering: Rendering = templates.header(one_line(template))
        self._constant: Mailbox | None = self._filled({}) if self._rendering.constant else None

    def fill(self, scope: Scope) -> Mailbox | None:
        """The mailbox; None is the null sender, which only the job's own text can choose. Raises as AddressField."""
        if self._rendering.constant is not None:
            return self._constant
        return self._filled(scope)

    def _filled(self, scope: Scope) -> Mailbox:
        address = checked("return_path", self._rendering, scope).strip(" \t")
        try:
            if not address:
                raise EmptyAddress('the address renders empty (the null sender is written "" in the job)')
            return mailbox("", address)
        except AddressSyntax as error:
            raise _refused("return_path", error, self._template, scope) from None


def _box(name: str, address: str, bare: bool) -> Mailbox:
    try:
        return mailbox(name, address)
    except AddressSyntax as error:
        if bare and ("," in address or "<" in address):
            raise AddressSyntax(f"{error}; several, or names, come from a value by the filter `addresses`") from None
        raise


def _refused(field: str, error: AddressSyntax, template: Template, scope: Scope) -> JobError:
    code = _EMPTY.get(field) if isinstance(error, EmptyAddress) else None
    return complaint(f"{field}: {error}", template, scope, code=code)


def _one_name(name: str) -> str:
    """A display name without white space around it. Raises AddressSyntax where it is more than one line."""
    if "\n" in name or "\r" in name or "\0" in name:
        raise AddressSyntax(f"the name {shown(name)} has a line break or a NUL character")
    return name.strip()
