"""What was delivered under `once_per`, over all runs of a job: found on disk, by a hash of 16 octets."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from hashlib import blake2b
from pathlib import Path
from types import TracebackType

from mailjobs.errors import OutputError
from mailjobs.ledger.accounts import accounts
from mailjobs.ledger.folder import StateFolder, StepFiles
from mailjobs.ledger.run import StepState, source

SIZE = 16
NAME = "once.sqlite"
TABLES = """
CREATE TABLE IF NOT EXISTS units (unit BLOB PRIMARY KEY, letter TEXT, source TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS harvested (source TEXT PRIMARY KEY, journals TEXT) WITHOUT ROWID;
"""
# What was accepted stays so; what was unknown may become known.
UPSERT = """INSERT INTO units VALUES (?, ?, ?)
ON CONFLICT DO UPDATE SET letter = excluded.letter, source = excluded.source WHERE letter = 'u'"""


def once_key(text: str, row_key: str | None = None) -> bytes:
    """What a row is known by: the rendered `once_per`, and its key where that counts too."""
    parts = [text] if row_key is None else [text, row_key]
    told = b"".join([b"%d:%s" % (len(raw), raw) for raw in (part.encode("utf-8", "surrogatepass") for part in parts)])
    return blake2b(told, digest_size=SIZE).digest()


def unit(key: bytes, address: str) -> bytes:
    """One recipient under a key; the case of letters does not count, before the @ neither."""
    return blake2b(key + address.lower().encode("utf-8", "surrogatepass"), digest_size=SIZE).digest()


class OnceKeysWriter:
    """Writes the keys of all rows of a step, in their order, before the first is sent to. Raises OutputError."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._hash = blake2b(digest_size=SIZE)

    def __enter__(self) -> OnceKeysWriter:
        with _told(self._path):
            self._file = self._path.open("wb")
        return self

    def append(self, key: bytes) -> None:
        """The key of the next row."""
        try:
            self._file.write(key)
        except OSError as error:
            raise _unwritten(self._path, error) from None
        self._hash.update(key)

    @property
    def digest(self) -> str:
        """32 hexadecimal digits that stand for all keys in their order."""
        return self._hash.hexdigest()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with _told(self._path), self._file:
            self._file.flush()
            os.fsync(self._file.fileno())


class OnceIndex:
    """The units of a job: accepted (a) or unknown (u). The run holds the lock of the state folder.

    Who holds none has a copy of the index, at `path`, made where there is none yet.
    """

    def __init__(self, folder: StateFolder, path: Path | None = None) -> None:
        self._folder = folder
        self._path = path or folder.path / NAME
        with _told(self._path):
            if path is not None and not path.exists():
                _copy(folder.path / NAME, path)
            self._base = sqlite3.connect(self._path, isolation_level=None)
            try:
                self._base.executescript(TABLES)
            except BaseException:
                self._base.close()
                raise

    def harvest(self) -> None:
        """Take in what all journals say that were not read, or have grown since. Raises OutputError."""
        for run in self._folder.runs():
            for step, state in run.steps.items():
                files = self._folder.files(run.id, step)
                if files.once.exists():
                    self._harvest(source(run.id, step), files, state)

    @property
    def empty(self) -> bool:
        """Whether nobody has got anything."""
        return self._base.execute("SELECT 1 FROM units LIMIT 1").fetchone() is None

    def state(self, key: bytes, address: str) -> str | None:
        """Whether a recipient has got it: accepted (a), unknown (u), or None."""
        # "" stands for all recipients of a row that is lost altogether
        query = "SELECT letter FROM units WHERE unit IN (?, ?) ORDER BY letter"
        found = self._base.execute(query, (unit(key, address), unit(key, ""))).fetchone()
        return found[0] if found else None

    def forget(self, run: str) -> None:
        """What this run delivered may be sent again."""
        with _told(self._path):
            self._base.execute("DELETE FROM units WHERE source GLOB ? || '/*'", (run,))
            self._base.execute("DELETE FROM harvested WHERE source GLOB ? || '/*'", (run,))

    def close(self) -> None:
        """Let go of the file."""
        self._base.close()

    def _harvest(self, source: str, files: StepFiles, state: StepState) -> None:
        seen = " ".join([state.keys, *[f"{path.name}:{path.stat().st_size}" for path in files.journals()]])
        before = self._base.execute("SELECT journals FROM harvested WHERE source = ?", (source,)).fetchone()
        if before == (seen,):
            return
        with _told(self._path):
            self._base.execute("BEGIN IMMEDIATE")
            try:
                self._base.execute("DELETE FROM units WHERE source = ? AND letter = 'u'", (source,))
                self._base.executemany(UPSERT, _units(files, state, source))
                self._base.execute("INSERT OR REPLACE INTO harvested VALUES (?, ?)", (source, seen))
                self._base.execute("COMMIT")
            except BaseException:
                self._base.execute("ROLLBACK")
                raise


def _units(files: StepFiles, state: StepState, source: str) -> Iterable[tuple[bytes, str, str]]:
    letters = "aub" if state.kept else "au"  # what was taken over by row key is known under no other key
    with files.once.open("rb") as keys:
        for account in accounts(files, state.rows, letters):
            keys.seek(SIZE * account.position)
            key = keys.read(SIZE)
            if len(key) == SIZE:
                yield unit(key, account.address), "u" if account.letter == "u" else "a", source


def _copy(index: Path, copy: Path) -> None:
    """Where the index cannot be read just now, there is no copy: all that it says stands in the journals, too."""
    with closing(sqlite3.connect(copy)) as made:
        try:
            with closing(sqlite3.connect(f"{index.as_uri()}?mode=ro", uri=True)) as base:
                base.backup(made)
        except sqlite3.OperationalError:  # there is none, or one whose last change was broken off
            return


def _unwritten(path: Path, error: OSError) -> OutputError:
    return OutputError(f"cannot write {path}: {error.strerror}")


@contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise _unwritten(path, error) from None
    except sqlite3.Error as error:
        raise OutputError(f"cannot write {path}: {error}") from None
