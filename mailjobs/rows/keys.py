"""Which keys were seen already, found on disk: a million of them take no memory to speak of."""

from __future__ import annotations

import sqlite3
import tempfile
from hashlib import blake2b
from types import TracebackType

CACHE = 2 * 1024  # KiB of pages; the system keeps the rest at hand


class Keys:
    """Keys with the numbers of the rows that had them first."""

    def __init__(self) -> None:
        self._file = tempfile.NamedTemporaryFile(prefix="mailjobs-keys-")  # noqa: SIM115 closed by __exit__
        self._base = sqlite3.connect(self._file.name, isolation_level=None)
        self._base.execute(f"pragma cache_size = -{CACHE}")
        self._base.execute("pragma journal_mode = off")
        self._base.execute("pragma synchronous = off")
        self._base.execute("create table keys (hash blob primary key, number integer) without rowid")
        self._base.execute("begin")
        self._run = self._base.cursor().execute

    def add(self, key: str, number: int) -> int | None:
        """Add a key; the number of the row that had it before, or None."""
        digest = blake2b(key.encode("utf-8", "surrogatepass"), digest_size=12).digest()
        if self._run("insert or ignore into keys values (?, ?)", (digest, number)).rowcount:
            return None
        first: int = self._run("select number from keys where hash = ?", (digest,)).fetchone()[0]
        return first

    def __enter__(self) -> Keys:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._base.close()
        self._file.close()
