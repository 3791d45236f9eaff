"""Which keys were seen already, found on disk: a million of them take no memory to speak of."""

from __future__ import annotations

import sqlite3
from hashlib import blake2b
from types import TracebackType

from mailjobs.rows.temporary import cannot_write, temporary

CACHE = 2 * 1024  # KiB of pages; the system keeps the rest at hand


class Keys:
    """Keys with the numbers of the rows that had them first. Raises OutputError where they cannot be kept."""

    def __init__(self) -> None:
        # A file without a name, in the folder for temporary files: a run that is killed leaves nothing there.
        self._base = sqlite3.connect("", isolation_level=None)
        with temporary():
            self._begin()

    def _begin(self) -> None:
        self._base.execute(f"pragma cache_size = -{CACHE}")
        self._base.execute("pragma journal_mode = off")
        self._base.execute("pragma synchronous = off")
        self._base.execute("create table keys (hash blob primary key, number integer) without rowid")
        self._base.execute("begin")
        self._run = self._base.cursor().execute

    def add(self, key: str, number: int) -> int | None:
        """Add a key; the number of the row that had it before, or None."""
        digest = blake2b(key.encode("utf-8", "surrogatepass"), digest_size=12).digest()
        try:
            if self._run("insert or ignore into keys values (?, ?)", (digest, number)).rowcount:
                return None
            first: int = self._run("select number from keys where hash = ?", (digest,)).fetchone()[0]
        except sqlite3.Error as failure:
            raise cannot_write(failure) from None
        return first

    def __enter__(self) -> Keys:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._base.close()
