"""The keys of very many rows, on disk."""

from __future__ import annotations

import sqlite3
from typing import Final
from zlib import crc32

from mailjobs.rows.temporary import cannot_write, temporary

CACHE = 2 * 1024  # KiB of pages; the system keeps the rest at hand
NUMBER: Final = 1 << 32


class KeyTable:
    """On disk: the hash of each key, and a check of it with its number."""

    def __init__(self) -> None:
        # A file without a name, in the folder for temporary files: a run that is killed leaves nothing there.
        self._base = sqlite3.connect("", isolation_level=None)
        with temporary():
            self._begin()

    def _begin(self) -> None:
        self._base.execute(f"pragma cache_size = -{CACHE}")
        self._base.execute("pragma journal_mode = off")
        self._base.execute("pragma synchronous = off")
        self._base.execute("create table keys (hash integer primary key, told integer)")
        self._base.execute("begin")

    def add(self, numbers: dict[str, int]) -> bool:
        """Keys that are not in it; in their order they touch each page once. Whether there was room for all."""
        told = sorted([(hash(key), _check(key) * NUMBER + number) for key, number in numbers.items()])
        try:
            return self._base.executemany("insert or ignore into keys values (?, ?)", told).rowcount == len(told)
        except sqlite3.Error as failure:
            raise cannot_write(failure) from None

    def number(self, key: str) -> int | None:
        """That of a key."""
        try:
            found = self._base.execute("select told from keys where hash = ?", (hash(key),)).fetchone()
        except sqlite3.Error as failure:
            raise cannot_write(failure) from None
        if found is None:
            return None
        check, number = divmod(int(found[0]), NUMBER)
        return number if check == _check(key) else None

    def close(self) -> None:
        """Let go of the file."""
        self._base.close()


def _check(key: str) -> int:
    """31 bits that have nothing to do with the hash."""
    return crc32(key.encode("utf-8", "surrogatepass")) >> 1
