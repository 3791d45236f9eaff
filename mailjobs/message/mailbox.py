"""One address: checked, and in the form in which it travels (RFC 5321 section 4.1.2, RFC 6531, RFC 5890)."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from mailjobs.templates.holes import PLACEHOLDER

MAX_ADDRESS = 254

# All but ASCII's specials; a negated class compiles far faster than a wide range.
_ATEXT = r"[^\x00-\x20\"(),.:;<>@\[\\\]\x7f]"
_DOT_ATOM = re.compile(rf"{_ATEXT}+(?:\.{_ATEXT}+)*")
_QUOTED = r'"(?:[^"\\\x00-\x1f\x7f]|\\[\x20-\x7e])*"'
_ADDR_SPEC = re.compile(rf'({_DOT_ATOM.pattern}|{_QUOTED})@(\[[^\[\]\\\s]*\]|[^\s@<>,;:()"\[\]\\]+)')
_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_ESCAPED = re.compile(r"\\(.)")


class AddressSyntax(ValueError):
    """What was found is not an address, or not one; the message says why."""


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


def mailbox(name: str, addr_spec: str) -> Mailbox:
    """A mailbox of a name and exactly one addr-spec, without white space or comments. Raises AddressSyntax."""
    found = _ADDR_SPEC.fullmatch(addr_spec)
    if found is None:
        raise AddressSyntax(_reason(addr_spec))
    local, domain = found.groups()
    if local[0] == '"':
        local = _requoted(local)
    plain = local.isascii()
    if not plain and not local.isprintable():
        raise AddressSyntax(f"{shown(addr_spec)} is no address: it has a character that cannot be seen")
    domain = ascii_domain(domain)
    if len(local.encode()) + len(domain) >= MAX_ADDRESS:
        raise AddressSyntax(f"{shown(addr_spec)} is longer than {MAX_ADDRESS} octets")
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


def _reason(text: str) -> str:
    ends = text.rpartition("@")
    if not text:
        words = "it is empty"
    elif any(character.isspace() for character in text):
        words = "it has white space"
    elif "@" not in text:
        words = "it has no @"
    elif not ends[0] or not ends[2]:
        words = "nothing stands before or behind the @"
    elif text.count("@") > 1 and '"' not in text:
        words = "it has more than one @"
    elif any(character in text for character in ",;<>"):
        words = "it has a separator"
    else:
        words = "its form is wrong"
    return f"{shown(text)} is not one address: {words}"


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

    try:
        return idna.encode(domain, uts46=True).decode("ascii")
    except (idna.IDNAError, UnicodeError) as error:
        raise AddressSyntax(f"{shown(domain)} is not a domain name: {error}") from None


def _literal(domain: str) -> str:
    """An address literal (RFC 5321 section 4.1.3)."""
    import ipaddress

    text = domain[1:-1]
    try:
        if text[:5].lower() == "ipv6:":
            ipaddress.IPv6Address(text[5:])
        else:
            ipaddress.IPv4Address(text)
    except ValueError:
        raise AddressSyntax(f"{shown(domain)} is not an address literal ([192.0.2.1] or [IPv6:2001:db8::1])") from None
    return domain
