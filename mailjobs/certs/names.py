"""Distinguished names as text, and text as it is compared with them. What a certificate says moves no cursor."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography import x509

# RFC 4514 section 3, and what else names are made of; others are told by their number.
SHORT = {
    "2.5.4.3": "CN", "2.5.4.7": "L", "2.5.4.8": "ST", "2.5.4.10": "O", "2.5.4.11": "OU", "2.5.4.6": "C",
    "2.5.4.9": "STREET", "0.9.2342.19200300.100.1.25": "DC", "0.9.2342.19200300.100.1.1": "UID",
    "1.2.840.113549.1.9.1": "E", "2.5.4.5": "SERIALNUMBER", "2.5.4.12": "T", "2.5.4.4": "SN", "2.5.4.42": "G",
    "2.5.4.17": "POSTALCODE", "2.5.4.97": "ORGANIZATIONIDENTIFIER", "2.5.4.15": "BUSINESSCATEGORY",
}  # fmt: skip
SAME = {"S": "ST", "EMAILADDRESS": "E", "EMAIL": "E", "SERIAL NUMBER": "SERIALNUMBER", "GN": "G", "TITLE": "T"}
QUOTED = re.compile(r'[,+"\\<>;=]|^[ #]| $')
PAIR = re.compile(
    r'\s*([A-Za-z][A-Za-z0-9 ]{0,40}?|[0-9]+(?:\.[0-9]+)+)\s*=\s*("(?:[^"\\]|\\.|"")*"|(?:[^,;+\\"]|\\.)*)\s*'
)
ESCAPE = re.compile(r"\\([0-9A-Fa-f]{2}|.)")
Parts = list[tuple[str, str]]


def printable(text: str) -> str:
    """`text` with its control characters (and whatever else has no picture) shown as `?`."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def name_parts(name: x509.Name) -> Parts:
    """Kinds and values, what is most special first, as RFC 4514 has them."""
    return [(_kind(one), printable(_value(one))) for rdn in reversed(name.rdns) for one in rdn]


def subject_text(name: x509.Name) -> str:
    """`CN=www.example.com, O="Example, Inc."`: what is most special first, values with a comma in quotes."""
    sets = (" + ".join(_pair(_kind(one), printable(_value(one))) for one in rdn) for rdn in reversed(name.rdns))
    return ", ".join(sets) or "(no name)"


def _kind(attribute: x509.NameAttribute[str | bytes]) -> str:
    oid = attribute.oid.dotted_string
    return SHORT.get(oid, oid)


def _value(attribute: x509.NameAttribute[str | bytes]) -> str:
    value = attribute.value
    return value if isinstance(value, str) else f"#{value.hex()}"


def _pair(kind: str, value: str) -> str:
    if QUOTED.search(value):
        value = '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return f"{kind}={value}"


def parsed(text: str) -> Parts | None:
    """The pairs of a name that a person wrote, in any order and with any blanks; None where it is no such name."""
    found: Parts = []
    at = 0
    while True:
        match = PAIR.match(text, at)
        if match is None:
            return None
        kind = match[1].strip().upper()
        found.append((SAME.get(kind, kind), _unquoted(match[2])))
        at = match.end()
        if at == len(text):
            return found
        if text[at] not in ",;+/":
            return None
        at += 1


def _unquoted(value: str) -> str:
    value = value.strip() if not value.startswith('"') else value[1:-1].replace('""', '"')
    return ESCAPE.sub(lambda found: chr(int(found[1], 16)) if len(found[1]) == 2 else found[1], value)


def folded(parts: Parts) -> list[tuple[str, str]]:
    """Pairs as they are compared: in no order, in small letters, with single blanks."""
    return sorted((kind, " ".join(value.casefold().split())) for kind, value in parts)
