"""Which files went into messages, for who wants to know later whether they are still the same."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path
from zlib import crc32

CHUNK = 1 << 20
TOLD = 10_000  # files that are told by name
WHOLE = (
    1 << 30
)  # octets of files that are sent in pieces: so many are read to their end, of others the beginning counts


class Noted:
    """Files in the order in which they were read: name, size and content. When they were written does not count."""

    def __init__(self) -> None:
        self._hash = blake2b(digest_size=16)
        self._large: dict[Path, None] = {}
        self._left = WHOLE
        self._told: dict[tuple[str, int, int], None] = {}
        self._more = False

    def add(self, path: Path, size: int, data: bytes) -> None:
        """A file of so many octets; `data` is all of it, or its beginning."""
        known = path.name, size, crc32(data)
        self._hash.update("\0".join(map(str, known)).encode("utf-8", "surrogateescape") + b"\n")
        self._told[known] = None
        if len(self._told) > 2 * TOLD:
            self._told = dict.fromkeys(sorted(self._told)[:TOLD])
            self._more = True
        if len(data) < size <= self._left and path not in self._large:
            self._large[path] = None
            self._left -= size

    @property
    def told(self) -> tuple[list[tuple[str, str]], bool]:
        """Names and what tells their contents apart, for people, in order; and whether these are all, not the first."""
        found = sorted(self._told)[:TOLD]
        return [(name, f"{size}:{content:08x}") for name, size, content in found], not self._more and len(found) == len(
            self._told
        )

    @property
    def digest(self) -> str:
        """32 hexadecimal digits that tell these files from any others."""
        made = self._hash.copy()
        for path in self._large:
            made.update(_content(path))
        return made.hexdigest()


class _Present(threading.local):
    noted: Noted | None = None


_present = _Present()


@contextmanager
def noting() -> Iterator[Noted]:
    """Note what this thread reads meanwhile; what is noted within is not told to who notes around it."""
    before, _present.noted = _present.noted, Noted()
    try:
        yield _present.noted
    finally:
        _present.noted = before


def note(path: Path, size: int, data: bytes) -> None:
    """A file was read: see `Noted.add`."""
    if _present.noted is not None:
        _present.noted.add(path, size, data)


def _content(path: Path) -> bytes:
    made = blake2b(digest_size=16)
    try:
        with path.open("rb") as file:
            while chunk := file.read(CHUNK):
                made.update(chunk)
    except OSError:
        return b"unreadable"  # which sending tells as the error that it is
    return made.digest()
