"""Address fields: structure from the job's text, values in its holes.

`"{{ row.name }} <{{ row.email }}>"` is parsed with its two holes still open. Then the values go in: the first can be
nothing but (part of) a display name, the second nothing but (part of) one addr-spec. So a value cannot add a recipient;
`{{ row.team | addresses }}` is how several come from one value. Groups are structure as well: the job's text makes
them, a value may be (part of) the name of one, and what `addresses` reads goes without the groups that it has.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mailjobs.errors import JobError
from mailjobs.message.address_spot import Spot, spot
from mailjobs.message.complaints import NO_RECIPIENT, NO_SENDER, complaint, named, unencodable
from mailjobs.message.headers import MAX_LINE, LineTooLong, address_header
from mailjobs.message.mailbox import AddressSyntax, EmptyAddress, Group, Grouped, Mailbox, mailbox, quoted, shown
from mailjobs.message.mailbox_parser import Entry, parse_addresses
from mailjobs.message.texts import checked, one_line
from mailjobs.mime import Field
from mailjobs.model import AddressEntry, Template
from mailjobs.templates import AddressList, Rendering, Templates
from mailjobs.templates.holes import CLOSE, PLACEHOLDER, Holes, fill
from mailjobs.templates.simple import Simple

Scope = Mapping[str, Any]

_EMPTY = {"from": NO_SENDER, "to": NO_RECIPIENT}
_WITH_GROUPS = frozenset({"to", "cc", "bcc", "reply_to"})


class AddressField:
    """One of from, to, cc, bcc, reply_to. `constant` are its mailboxes where no value is needed, else None.

    `strict`: an address that renders empty is an error; elsewhere it is left out. Raises JobError when made, for what
    is wrong whatever the values are.
    """

    __slots__ = ("_charset", "_constant_line", "_entries", "_header", "_limit", "constant", "name")

    def __init__(
        self,
        name: str,
        header: str,
        entries: Sequence[AddressEntry],
        templates: Templates,
        strict: bool,
        charset: str = "utf-8",
        limit: int = MAX_LINE,
    ) -> None:
        self._charset = charset
        self._limit = limit
        self.name = name
        self._header = header
        self._entries = [_compiled(name, entry, templates, strict) for entry in entries]
        self.constant: tuple[Mailbox, ...] | None = None
        self._constant_line: Field | None = None
        if all(entry.constant for entry in self._entries):
            self.constant = self.fill({})
            self._constant_line = self._made_line(self.constant, {})

    @property
    def template(self) -> Template | None:
        """The template of the first entry, for errors about the field as a whole."""
        return self._entries[0].template if self._entries else None

    @property
    def simple(self) -> Simple | None:
        """The template of the only entry, where it only puts values between its text."""
        entry = self._entries[0] if len(self._entries) == 1 else None
        return entry.simple if isinstance(entry, _TextEntry) else None

    def fill(self, scope: Scope) -> tuple[Mailbox, ...]:
        """The mailboxes, in order, members of groups included: Grouped where there are groups.

        Raises DataError (JobError without a row) for what makes no address.
        """
        parts = [entry.fill(scope) for entry in self._entries]
        boxes = parts[0] if len(parts) == 1 else _joined(parts)
        if isinstance(boxes, Grouped) and self.name not in _WITH_GROUPS:
            raise complaint(f"{self.name}: a group is not possible here", self._entries[0].template, scope)
        return boxes

    @staticmethod
    def seen(boxes: Sequence[Mailbox]) -> bool:
        """Whether a header says anything of `boxes`, which `fill` gave: a group without members stands there too."""
        return bool(boxes) or isinstance(boxes, Grouped)

    def counts(self, scope: Scope) -> list[int]:
        """How many mailboxes each entry gives. Raises as `fill` does."""
        return [sum(1 for _ in entry.fill(scope)) for entry in self._entries]

    def line(self, boxes: Sequence[Mailbox], scope: Scope) -> Field:
        """The header with `boxes`, which `fill` gave. Raises as `fill` does."""
        return self._constant_line or self._made_line(boxes, scope)

    def _made_line(self, boxes: Sequence[Mailbox], scope: Scope) -> Field:
        try:
            return address_header(self._header, boxes, self._charset, self._limit)
        except LineTooLong as error:
            raise complaint(f"{self.name}: {error}", self._entries[0].template, scope) from None
        except UnicodeEncodeError as error:
            raise unencodable(self.name, error, self._entries[0].template) from None


def _joined(parts: Sequence[tuple[Mailbox, ...]]) -> tuple[Mailbox, ...]:
    boxes: list[Mailbox] = []
    groups: list[Group] = []
    grouped = False
    for part in parts:
        if isinstance(part, Grouped):
            grouped = True
            groups += [Group(name, start + len(boxes), stop + len(boxes)) for name, start, stop in part.groups]
        boxes += part
    return Grouped.of(boxes, groups) if grouped else tuple(boxes)


def _compiled(field: str, entry: AddressEntry, templates: Templates, strict: bool) -> _TextEntry | _PartsEntry:
    if entry.text is not None:
        return _TextEntry(field, entry.text, templates, strict)
    if entry.address is None:
        raise TypeError("an address entry has a text or an address")
    return _PartsEntry(field, entry.address, entry.name, templates, strict)


class _TextEntry:
    """An entry that is one text, such as `Name <a@b>`, or several with commas."""

    __slots__ = ("_field", "_rendering", "_strict", "constant", "simple", "template")

    def __init__(self, field: str, template: Template, templates: Templates, strict: bool) -> None:
        self._field = field
        self.template = template
        self._strict = strict
        self._rendering = templates.holes(template)
        self.simple = self._rendering.simple
        self.constant = self._rendering.constant is not None

    def fill(self, scope: Scope) -> tuple[Mailbox, ...]:
        """The mailboxes of this entry: Grouped where it has groups."""
        try:
            holes = self._rendering.holes(scope)
        except JobError as error:
            raise named(self._field, error) from error
        try:
            return self._filled(holes)
        except AddressSyntax as error:
            raise _refused(self._field, error, scope, spot(self.template, holes.text, error.at)) from None

    def _filled(self, holes: Holes) -> tuple[Mailbox, ...]:
        entries, groups = parse_addresses(holes.text)
        if not groups:
            return tuple([box for entry in entries for box in self._boxes(entry, holes)])
        boxes: list[Mailbox] = []
        begins = []
        for entry in entries:
            begins.append(len(boxes))
            boxes += self._boxes(entry, holes)
        begins.append(len(boxes))
        names = [_group_name(fill(group.name, holes.values)) for group in groups]
        slices = [(begins[group.start], begins[group.stop]) for group in groups]
        return Grouped.of(boxes, [Group(name, *ends) for name, ends in zip(names, slices, strict=True)])

    def _boxes(self, entry: Entry, holes: Holes) -> Iterator[Mailbox]:
        try:
            if entry.several:
                yield from _several(holes, entry.address)
                return
            name = _one_name(fill(entry.name, holes.values))
            address = _filled_address(entry.address, holes.values)
            if address:
                yield _box(name, address, bare=not entry.name)
            elif self._strict or entry.name:
                raise EmptyAddress()
        except AddressSyntax as error:
            error.at = entry.at  # what the values made has no place in the text but this
            raise


def _filled_address(address: str, values: Sequence[Any]) -> str:
    """An addr-spec with its holes filled. Between quotes that the job's text has, a value is quoted."""
    if CLOSE not in address:
        return address
    if address[0] != '"':
        return fill(address, values).strip(" \t")
    local, quote, domain = address.rpartition('"')
    return fill(local, [quoted(str(value))[1:-1] for value in values]) + quote + fill(domain, values).rstrip(" \t")


def _several(holes: Holes, placeholder: str) -> Iterator[Mailbox]:
    """What the filter `addresses` gives."""
    found = PLACEHOLDER.fullmatch(placeholder)
    value = holes.values[int(found[1])] if found else ""
    for item in value.items if isinstance(value, AddressList) else ():
        try:
            for entry in parse_addresses(item).entries:
                yield mailbox(_one_name(entry.name), entry.address)
        except AddressSyntax as error:
            where = f" (character {error.at + 1} of {shown(item)})" if error.at else ""
            raise AddressSyntax(f"{error}{where}") from None


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

    def fill(self, scope: Scope) -> tuple[Mailbox, ...]:
        """The mailbox of this entry, or none where it renders empty and may."""
        text = checked(self._field, self._address, scope)
        name = checked(self._field, self._name, scope) if self._name is not None else ""
        address = text.strip(" \t")
        if not address and not self._strict:
            return ()
        try:
            if not address:
                raise EmptyAddress()
            return (_box(_one_name(name), address, bare=True),)
        except AddressSyntax as error:
            raise _refused(self._field, error, scope, _spot_in(self._address, text, error.at)) from None


class ReturnPath:
    """The envelope sender where it is not the From address. `constant` is it where it needs no values, else None."""

    __slots__ = ("_rendering", "_template", "constant")

    def __init__(self, template: Template, templates: Templates) -> None:
        self._template = template
        self._rendering: Rendering = templates.header(one_line(template))
        self.constant: Mailbox | None = self._filled({}) if self._rendering.constant else None

    def fill(self, scope: Scope) -> Mailbox | None:
        """The mailbox; None is the null sender, which only the job's own text can choose. Raises as AddressField."""
        if self._rendering.constant is not None:
            return self.constant
        return self._filled(scope)

    def _filled(self, scope: Scope) -> Mailbox:
        text = checked("return_path", self._rendering, scope)
        address = text.strip(" \t")
        try:
            if not address:
                raise EmptyAddress('the address renders empty (the null sender is written "" in the job)')
            return mailbox("", address)
        except AddressSyntax as error:
            raise _refused("return_path", error, scope, _spot_in(self._rendering, text, error.at)) from None


def _box(name: str, address: str, bare: bool) -> Mailbox:
    try:
        return mailbox(name, address)
    except AddressSyntax as error:
        if bare and ("," in address or "<" in address):
            words = f"{error}; several, or names, come from a value by the filter `addresses`"
            raise AddressSyntax(words, error.at) from None
        raise


def _spot_in(rendering: Rendering, text: str, at: int | None) -> Spot:
    """Where character `at` of an address stands, which `text` is but for blanks around it."""
    if at is None or rendering.constant is None:
        return spot(rendering.template, text, None)
    return spot(rendering.template, text, at + len(text) - len(text.lstrip(" \t")))


def _refused(field: str, error: AddressSyntax, scope: Scope, where: Spot) -> JobError:
    code = _EMPTY.get(field) if isinstance(error, EmptyAddress) else None
    words = f"{field}: {error}" + (f" (at character {where.character})" if where.character else "")
    made = complaint(words, where.template, scope, line=where.line, code=code)
    return type(made).of([where.put(problem) for problem in made.problems])


def _group_name(name: str) -> str:
    name = _one_name(name)
    if not name:
        raise AddressSyntax("the name of a group renders empty")
    return name


def _one_name(name: str) -> str:
    """A display name without white space around it. Raises AddressSyntax where it is more than one line."""
    if "\n" in name or "\r" in name or "\0" in name:
        raise AddressSyntax(f"the name {shown(name)} has a line break or a NUL character")
    return name.strip()
