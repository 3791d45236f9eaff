"""Names as GS2 headers and SCRAM have them (RFC 5801 section 4, RFC 5802 section 7)."""

from __future__ import annotations


def escaped(name: str) -> str:
    """A comma is =2C, an equals sign =3D."""
    return name.replace("=", "=3D").replace(",", "=2C")
