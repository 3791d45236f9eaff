"""Lines that files of ours grow by: `<crc32> <record>`, made and read. Nothing torn passes for one."""

from __future__ import annotations

import re
from typing import Final
from zlib import crc32

# What would end a line or a word, for us or for whoever looks at the file.
_SPECIAL: Final = re.compile(r"[%\s\x00-\x1f\x7f-\x9f]")
_ESCAPED: Final = re.compile(r"%([0-9a-f]+);")


def line(record: str) -> bytes:
    """A whole line with its checksum."""
    data = record.encode("utf-8", "backslashreplace")
    return b"%08x %s\n" % (crc32(data), data)


def parse(raw: bytes) -> list[str] | None:
    """The words of a line without its end; None where it is no whole line."""
    data = raw[9:]
    if raw[:9] != b"%08x " % crc32(data):
        return None
    try:
        return data.decode().split(" ")
    except ValueError:
        return None


def escape(address: str) -> str:
    """An address as one word."""
    return _SPECIAL.sub(lambda found: f"%{ord(found[0]):x};", address) or "%;"


def unescape(word: str) -> str:
    """The address again."""
    if "%" not in word:
        return word
    return "" if word == "%;" else _ESCAPED.sub(lambda found: chr(int(found[1], 16)), word)
