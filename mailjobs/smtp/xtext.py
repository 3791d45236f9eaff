"""xtext (RFC 3461 section 4): how ENVID, ORCPT and AUTH= carry any text in one parameter."""

from __future__ import annotations

PLAIN = frozenset(range(0x21, 0x7F)) - frozenset(b"+=")


def xtext(text: str) -> str:
    """`text` in printable ASCII: other octets of its UTF-8, blanks, `+` and `=` become `+` and two hex digits."""
    return "".join([chr(octet) if octet in PLAIN else f"+{octet:02X}" for octet in text.encode()])
