"""One address: checked, and in the form in which it travels (RFC 5321 section 4.1.2, RFC 6531, RFC 5890)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from mailjobs.templates.holes import PLACEHOLDER

MAX_LOCAL = 64
MAX_ADDRESS = 254

# All but ASCII's specials; a negated class compiles far faster than a wide range.
_ATEXT = r"[^\x00-\x20\"(),.:;<>@\[\\\]\x7f]"
_DOT_ATOM = re.compile(rf"{_ATEXT}+(?:\.{_ATEXT}+)*")
_QUOTED = r'"(?:[^"\\\x00-\x1f\x7f]|\\[\x20-\x7e])*"'
_ADDR_SPEC = re.compile(rf'({_DOT_ATOM.pattern}|{_QUOTED})@(\[[^\[\]\\\s]*\]|[^\s@<>,;:()"\[\]\\]+)')
_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_ESCAPED = re.compile(r"\\(.)")
# The first that is found is told, with its last character as the place.
_REASONS = (
    (re.compile(r"[\x00-\x08\x0a-\x1f\x7f]"), "it has a control character"),
    (re.compile(r"[<>]"), "it has '<' or '>', as only a list of addresses may have"),
    (re.compile(r"[()]"), "it has a comment, or a parenthesis"),
    (re.compile(r"[,;]"), "it has a separator, as only a list or a group may have"),
    (re.compile(r"\A[^\[:]*:"), "it has a colon, as only a group may have"),
    (re.compile(r"\s"), "it has white space"),
    (re.compile(r"\A\.|\.(?=[.@])"), "a dot has no letter before or behind it"),
)


class AddressSyntax(ValueError):
    """What was found is not an address, or not one; the message says why.

    `at` is where in the text that was read, in characters from 0; None where no place in it is to blame.
    """

    def __init__(self, words: str, at: int | None = None) -> None:
        super().__init__(words)
        self.at = at


class EmptyAddress(AddressSyntax):
    """Where an address should be, there is nothing."""

    def __init__(self, words: str = "the address renders empty") -> None:
        super().__init__(words)


class Mailbox(NamedTuple):
    """A display name and an address whose domain is ASCII. `plain` is false where the local part is not ASCII."""

    name: str
    local: str
    domain: str
    plain: bool

    @property
    def address(self) -> str:
        """The addr-spec, as it stands in RCPT and in headers."""
        return f"{self.local}@{self.domain}"


class Group(NamedTuple):
    """A group (RFC 5322 section 3.4): its name, and its members as a slice of a list of addresses."""

    name: str
    start: int
    stop: int


class Grouped(tuple[Mailbox, ...]):
    """Mailboxes in order, some of them members of groups. A group without members is one of `groups` all the same."""

    groups: tuple[Group, ...]

    @classmethod
    def of(cls, boxes: Iterable[Mailbox], groups: Iterable[Group]) -> Grouped:
        """`boxes` with `groups`, whose slices stand in order and do not overlap."""
        made = cls(boxes)
        made.groups = tuple(groups)
        return made


def mailbox(name: str, addr_spec: str) -> Mailbox:
    """A mailbox of a name and exactly one addr-spec, without white space or comments. Raises AddressSyntax.

    The local part is kept as written, but for needless quotes: only its own host may read anything into it
    (RFC 5321 section 2.3.11), so that not even its Unicode form is changed.
    """
    found = _ADDR_SPEC.fullmatch(addr_spec)
    if found is None:
        raise _refused(addr_spec)
    local, domain = found.groups()
    if local[0] == '"':
        local = _requoted(local)
    plain = local.isascii()
    if not plain and not local.isprintable():
        words = f"{shown(addr_spec)} is no address: it has a character that cannot be seen"
        raise AddressSyntax(words, next(at for at, letter in enumerate(addr_spec) if not letter.isprintable()))
    size = len(local) if plain else len(local.encode())
    if size > MAX_LOCAL:
        raise AddressSyntax(f"{shown(addr_spec)} has more than {MAX_LOCAL} octets before the @", 0)
    try:
        domain = ascii_domain(domain)
    except AddressSyntax as error:
        raise AddressSyntax(str(error), found.start(2)) from None
    if size + len(domain) >= MAX_ADDRESS:
        raise AddressSyntax(f"{shown(addr_spec)} is longer than {MAX_ADDRESS} octets", 0)
    return Mailbox(name, local, domain, plain)


def shown(value: str) -> str:
    """A value for an error: quoted, and cut where it is long. Placeholders become holes again."""
    value = PLACEHOLDER.sub("{{ … }}", value)
    return repr(value) if len(value) <= 60 else repr(value[:60]) + "…"


def quoted(text: str) -> str:
    """A quoted-string (RFC 5322 section 3.2.4)."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _requoted(local: str) -> str:
    """A quoted local part with no more quoting than it needs."""
    inner = _ESCAPED.sub(r"\1", local[1:-1])
    return inner if _DOT_ATOM.fullmatch(inner) else quoted(inner)


def _refused(text: str) -> AddressSyntax:
    words, at = _reason(text)
    return AddressSyntax(f"{shown(text)} is not one address: {words}", at)


def _reason(text: str) -> tuple[str, int]:
    """Why `text` is no addr-spec, and at which character."""
    if not text:
        return "it is empty", 0
    if '"' in text:
        return "its quotes are wrong: they stand around all that is before the @, or nowhere", text.index('"')
    for pattern, words in _REASONS:
        found = pattern.search(text)
        if found is not None:
            return words, found.end() - 1
    if "@" not in text:
        return "it has no @", 0
    if text[0] == "@" or text[-1] == "@":
        return "nothing stands before or behind the @", text.index("@")
    if text.count("@") > 1:
        return "it has more than one @", text.index("@", text.index("@") + 1)
    return "its form is wrong", 0


@lru_cache(maxsize=4096)
def ascii_domain(domain: str) -> str:
    """A domain as it travels: A-labels for what is not ASCII, address literals as they are. Raises AddressSyntax."""
    if domain[0] == "[":
        return _literal(domain)
    encoded = domain if domain.isascii() else _a_labels(domain)
    if len(encoded) > 253 or not _DOMAIN.fullmatch(encoded):
        raise AddressSyntax(f"{shown(domain)} is not a domain name")
    return encoded


def _a_labels(domain: str) -> str:
    import idna

    if len(domain) > MAX_ADDRESS:  # before work that grows faster than its text
        raise AddressSyntax(f"{shown(domain)} is not a domain name: it is longer than {MAX_ADDRESS - 1} octets")
    try:
        return idna.encode(domain, uts46=True).decode("ascii")
    except (idna.IDNAError, UnicodeError) as error:
        raise AddressSyntax(f"{shown(domain)} is not a domain name: {error}") from None


def _literal(domain: str) -> str:
    """An address literal (RFC 5321 section 4.1.3), which has no zone."""
    import ipaddress

    text = domain[1:-1]
    try:
        if "%" in text:
            raise ValueError(text)
        if text[:5].lower() == "ipv6:":
            ipaddress.IPv6Address(text[5:])
        else:
            ipaddress.IPv4Address(text)
    except ValueError:
        raise AddressSyntax(f"{shown(domain)} is not an address literal ([192.0.2.1] or [IPv6:2001:db8::1])") from None
    return domain
