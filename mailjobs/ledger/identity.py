"""When two addresses are one recipient."""

from __future__ import annotations


def identity(address: str) -> str:
    """The address as it is compared: the case of letters counts before the @, not behind it (RFC 5321 section 2.4)."""
    local, at, domain = address.rpartition("@")
    return f"{local}{at}{domain.lower()}"
