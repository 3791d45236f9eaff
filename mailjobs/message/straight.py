"""The straight way through the people and the header of a message of a batch.

Nearly every message goes to one address, and nearly every row has a name and an address that nothing has to be done
to. For those the header is a few texts between parts that are made once. A row that is not like that gives None: then
the long way (`People`, `Head`) decides, and has the words for what is wrong. Both make the same bytes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from mailjobs.errors import JobError
from mailjobs.message.addresses import AddressField
from mailjobs.message.headers import MAX_LINE
from mailjobs.message.mailbox import MAX_ADDRESS, MAX_LOCAL, AddressSyntax, Mailbox, ascii_domain
from mailjobs.message.mailbox_parser import parse_addresses
from mailjobs.message.outgoing import Identity, Recipient
from mailjobs.mime import Field
from mailjobs.templates.holes import CLOSE, OPEN
from mailjobs.templates.simple import Simple

Scope = Mapping[str, Any]
Line = Callable[[Scope], str]

SHORT = MAX_LINE - len("To:  <>")  # characters of a name and an address that need no fold
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/^_`{|}~-]+(?: [A-Za-z0-9!#$%&'*+/^_`{|}~-]+)*")
_LOCAL = re.compile(r"[A-Za-z0-9_+-]+(?:\.[A-Za-z0-9_+-]+)*")
_DOMAIN = re.compile(r"[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")
_DIGITS = re.compile(f"{OPEN}([0-9]+){CLOSE}")


class Way(NamedTuple):
    """What is made once. `name` and `address` are the places of the To entry's values, `name` None where it has none.

    `line` gives the line of To where something has to be done to it. `before`, `between` and `after` are the lines
    around To and Message-ID: as text where they are the same for every row, else as what gives them. `date` and
    `message_id` give their values.
    """

    to: Simple
    name: int | None
    address: int
    notify: tuple[str, ...]
    line: Callable[[Mailbox], str]
    date: Callable[[Scope, Identity], str | None]
    message_id: Callable[[Scope, Identity], str | None]
    before: str
    between: str | Line
    after: str | Line


class Straight:
    """Fills a header for one recipient. For any number of threads."""

    __slots__ = ("_way",)

    def __init__(self, way: Way) -> None:
        self._way = way

    def recipient(self, scope: Scope) -> Recipient | None:
        """Whom the row's message is for."""
        way = self._way
        values = way.to.plain(scope) or way.to.looked_at(scope)
        if values is None:
            return None
        address, name = values[way.address], "" if way.name is None else values[way.name]
        local, _, domain = address.rpartition("@")
        if len(address) >= MAX_ADDRESS or len(local) > MAX_LOCAL or _LOCAL.fullmatch(local) is None:
            return None
        if way.name is not None and (not name or name != name.strip()):
            return None
        if not _usual(domain):
            return None
        return Recipient(address, "to", name, way.notify)

    def fill(self, scope: Scope, identity: Identity) -> tuple[Recipient, str, str] | None:
        """The recipient, the lines of the header, and the Message-ID ("" without one)."""
        recipient = self.recipient(scope)
        if recipient is None:
            return None
        way = self._way
        try:
            to = self._to(recipient)
            date, made_id = way.date(scope, identity), way.message_id(scope, identity)
            between, after = way.between, way.after
            if not isinstance(between, str):
                between = between(scope)
            if not isinstance(after, str):
                after = after(scope)
        except JobError:
            return None
        dated = f"Date: {date}\r\n" if date is not None else ""
        named = f"Message-ID: {made_id}\r\n" if made_id is not None else ""
        return recipient, f"{dated}{way.before}{to}{between}{named}{after}", made_id or ""

    def _to(self, recipient: Recipient) -> str:
        """The line of To. Raises JobError."""
        name, address = recipient.name, recipient.address
        if len(name) + len(address) < SHORT and (not name or _ATOMS.fullmatch(name)):
            return f"To: {name} <{address}>\r\n" if name else f"To: {address}\r\n"
        local, _, domain = address.partition("@")
        return self._way.line(Mailbox(name, local, domain, True))


@lru_cache(maxsize=4096)
def _usual(domain: str) -> bool:
    """Whether nothing has to be done to a domain. Of a batch many have the same."""
    try:
        return _DOMAIN.fullmatch(domain) is not None and bool(ascii_domain(domain))
    except AddressSyntax:
        return False


def joined(parts: Sequence[Field | Line]) -> str | Line:
    """The same lines as one text, or as what gives it."""
    made: list[str | Line] = []
    for part in parts:
        if not isinstance(part, Field):
            made.append(part)
        elif made and isinstance(made[-1], str):
            made[-1] += part.text
        else:
            made.append(part.text)
    if len(made) < 2:
        return made[0] if made else ""
    return lambda scope: "".join([part if isinstance(part, str) else part(scope) for part in made])


def text_of(lines: Callable[[Scope], Sequence[Field]]) -> Line:
    """What gives these lines as text."""
    return lambda scope: "".join([line.text for line in lines(scope)])


def places(to: AddressField) -> tuple[Simple, int | None, int] | None:
    """The template of a To entry that is `{{ address }}` or `{{ name }} <{{ address }}>`, and the places of its values.

    None where it is anything else.
    """
    simple = to.simple
    if simple is None:
        return None
    text = simple.texts[0] + "".join([f"{OPEN}{at}{CLOSE}{text}" for at, text in enumerate(simple.texts[1:])])
    try:
        entries, groups = parse_addresses(text)
    except AddressSyntax:
        return None
    if groups or len(entries) != 1 or entries[0].several:
        return None
    address = _DIGITS.fullmatch(entries[0].address)
    name = _DIGITS.fullmatch(entries[0].name)
    if address is None or (entries[0].name and name is None):
        return None
    return simple, int(name[1]) if name else None, int(address[1])
