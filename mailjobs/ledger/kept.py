"""What earlier runs have delivered to rows of this one: found by position on disk, so that a million rows cost 8 MB."""

from __future__ import annotations

import os
from array import array
from collections.abc import Sequence
from pathlib import Path

from mailjobs.errors import OutputError
from mailjobs.ledger import lines

NOWHERE = 0


class KeptWriter:
    """Writes the file, before the first row of a run is sent to. As a context manager: the file counts once it is left.

    Raises OutputError where it cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._draft = path.with_name(path.name + ".new")
        self.count = 0

    def __enter__(self) -> KeptWriter:
        try:
            self._file = self._draft.open("wb")
            self._file.write(b"\n")
        except OSError as error:
            raise self._error(error) from None
        return self

    def add(self, position: int, letters: str, addresses: Sequence[str]) -> None:
        """The row at a position: each address was delivered to (a), or nobody knows whether it was (u), or it has
        another row under the same key of once_per (s), or was rejected (r)."""
        try:
            self._file.write(lines.kept(position, letters, addresses))
        except OSError as error:
            raise self._error(error) from None
        self.count += len(addresses)

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        try:
            with self._file:
                self._file.flush()
                os.fsync(self._file.fileno())
            if kind is None:
                self._draft.replace(self._path)
            else:
                self._draft.unlink()
        except OSError as error:
            raise self._error(error) from None

    def _error(self, error: OSError) -> OutputError:
        return OutputError(f"cannot write {self._path}: {error.strerror}")


class Kept:
    """Reads the file; it is for any number of threads and forked processes. Raises OutputError."""

    def __init__(self, path: Path, rows: int) -> None:
        self._path = path
        self._at = array("q", bytes(8 * rows))
        self.totals = dict.fromkeys("aurs", 0)
        try:
            self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            with path.open("rb", buffering=1 << 18) as file:
                offset = 0
                for raw in file:
                    self._note(raw, offset, rows)
                    offset += len(raw)
        except OSError as error:
            raise OutputError(f"cannot read {path}: {error.strerror}") from None

    def _note(self, raw: bytes, offset: int, rows: int) -> None:
        if raw == b"\n":
            return
        words = lines.parse(raw[:-1]) or [""]
        if words[0] != "kept" or not 0 <= int(words[1]) < rows:
            raise self._damaged()
        self._at[int(words[1])] = offset
        for letter in self.totals:
            self.totals[letter] += words[2].count(letter)

    def has(self, position: int) -> bool:
        """Whether anything was delivered to a row."""
        return self._at[position] != NOWHERE

    def addresses(self, position: int) -> dict[str, str]:
        """The letter of each address that has one: b (accepted before), u, r or s."""
        offset = self._at[position]
        if offset == NOWHERE:
            return {}
        raw, size = b"", 512
        while b"\n" not in raw:
            raw = os.pread(self._descriptor, size, offset)
            if len(raw) < size and b"\n" not in raw:
                raise self._damaged()
            size *= 4
        words = lines.parse(raw[: raw.index(b"\n")])
        if words is None:
            raise self._damaged()
        letters = words[2].replace("a", "b")
        return dict(zip(map(lines.unescape, words[3:]), letters, strict=True))

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._descriptor)

    def _damaged(self) -> OutputError:
        return OutputError(f"{self._path} is damaged, so nobody knows what was delivered before")
