"""The wire form of a mailbox in MAIL and RCPT (RFC 5321 section 4.1.2), and what it must not hold."""

from __future__ import annotations

import re
from functools import lru_cache

LONGEST_DOMAIN, LONGEST_PATH = 255, 256  # octets, RFC 5321 section 4.5.3.1; long local parts are the server's to refuse

# What is not ASCII may stand wherever a letter may (RFC 6531). Negated classes compile far faster than wide ranges.
ATEXT = r"[^\x00-\x20\"(),.:;<>@\[\\\]\x7f]"
DOT_STRING = re.compile(rf"{ATEXT}+(?:\.{ATEXT}+)*")
QUOTED = re.compile(r'"(?:[^\x00-\x1f"\\\x7f]|\\[ -~])*"')
EDGE, INNER = r"[^\x00-/:-@\[-^`{-\x7f]", r"[^\x00-,./:-@\[-^`{-\x7f]"
LABEL = rf"{EDGE}(?:{INNER}*{EDGE})?"
DOMAIN = re.compile(rf"{LABEL}(?:\.{LABEL})*")
LITERAL = re.compile(r"\[[^\x00-\x20<>\[\\\]\x7f]+\]")
_USUAL_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
# What nearly every address is like, and needs no further look.
USUAL_LOCAL = re.compile(r"[A-Za-z0-9_+-]+(?:\.[A-Za-z0-9_+-]+)*")
USUAL_DOMAIN = re.compile(rf"{_USUAL_LABEL}(?:\.{_USUAL_LABEL})*")
CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def split_mailbox(address: str) -> tuple[str, str]:
    """Local part and domain. Raises ValueError that says what is wrong with `address`."""
    if not address:
        raise ValueError("the address is empty")
    if CONTROLS.search(address):
        raise ValueError("the address has a control character, such as a line end")
    local, at, domain = address.rpartition("@")
    if not at:
        raise ValueError("the address has no @")
    if not local or not domain:
        raise ValueError(f"the address has nothing {'before' if not local else 'after'} the @")
    _check_local(local)
    _check_domain(domain)
    if len(address.encode()) > LONGEST_PATH - 2:
        raise ValueError(f"the address is longer than {LONGEST_PATH - 2} octets")
    return local, domain


def _check_local(local: str) -> None:
    if not (DOT_STRING.fullmatch(local) or QUOTED.fullmatch(local)):
        raise ValueError("the part before the @ has characters, dots or blanks that must stand in quotes")


def _check_domain(domain: str) -> None:
    if not (DOMAIN.fullmatch(domain) or LITERAL.fullmatch(domain)):
        raise ValueError("what follows the @ is no domain name")
    if len(domain.encode()) > LONGEST_DOMAIN:
        raise ValueError(f"the domain is longer than {LONGEST_DOMAIN} octets")


def mailbox_wire(address: str) -> bytes:
    """`<address>` for the wire. Raises ValueError for what is no mailbox."""
    local, _, domain = address.rpartition("@")
    if len(address) > LONGEST_PATH - 2 or USUAL_LOCAL.fullmatch(local) is None or not _usual_domain(domain):
        split_mailbox(address)
    return b"<%b>" % address.encode()


@lru_cache(maxsize=1024)
def _usual_domain(domain: str) -> bool:
    """Of a batch many have the same."""
    return USUAL_DOMAIN.fullmatch(domain) is not None


def needs_smtputf8(address: str) -> bool:
    """Whether the local part cannot be said without SMTPUTF8 (RFC 6531); a domain can, as A-labels."""
    return not address.isascii() and not address.rpartition("@")[0].isascii()
