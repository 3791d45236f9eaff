"""Message content on the wire: dots doubled, ended by a line with a dot alone (RFC 5321 section 4.5.2)."""

from __future__ import annotations

import re

BARE = re.compile(rb"\r(?!\n)|(?<!\r)\n")


def bare_line_end(content: bytes) -> int | None:
    """The offset of the first CR or LF that stands alone, or None. Servers disagree on such bytes (smuggling)."""
    if content.count(b"\r\n") == content.count(b"\r") == content.count(b"\n"):
        return None
    found = BARE.search(content)
    return found.start() if found else None


def dot_stuff(content: bytes) -> bytes:
    """`content` as it goes out after DATA. Raises ValueError for a bare CR or LF."""
    offset = bare_line_end(content)
    if offset is not None:
        raise ValueError(f"the content has a bare CR or LF at byte {offset}")
    if content.startswith(b"."):
        content = b"." + content
    if b"\r\n." in content:
        content = content.replace(b"\r\n.", b"\r\n..")
    if content and not content.endswith(b"\r\n"):
        content += b"\r\n"
    return content + b".\r\n"
