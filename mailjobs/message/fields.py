"""A header section, read back as names and values."""

from __future__ import annotations


def fields_of(head: bytes) -> tuple[tuple[str, str], ...]:
    """Names and unfolded values of a header section, which may end with the empty line (RFC 5322 section 2.2)."""
    fields: list[tuple[str, str]] = []
    for line in head.decode("utf-8", "replace").split("\r\n"):
        if line[:1] in (" ", "\t") and fields:
            fields[-1] = (fields[-1][0], fields[-1][1] + line)
        elif line:
            name, _, value = line.partition(":")
            fields.append((name.rstrip(" \t"), value))
    return tuple([(name, value.strip(" \t")) for name, value in fields])
