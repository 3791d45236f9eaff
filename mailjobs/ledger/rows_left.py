"""The rows of a past run, as far as they can be read."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

from mailjobs.errors import OutputError
from mailjobs.rows import Row
from mailjobs.rows.snapshot import Snapshot


class RowsLeft:
    """Rows by position. One that cannot be read has the number 0; `unread` are the positions of those.

    `failure` says why some cannot be found at all.
    """

    def __init__(self, path: Path) -> None:
        self.snapshot: Snapshot | None = None
        self.failure = ""
        self.unread: set[int] = set()
        self._ahead: Iterator[Row] = iter(())
        self._at = -2
        self._row = Row(0, "", {}, 0)
        try:
            self.snapshot = Snapshot(path)
        except OSError as error:
            self.failure = f"cannot read {error.filename}: {error.strerror}"

    def row(self, position: int) -> Row:
        """The row at a position; those that lie behind one another are read many at a time."""
        if position != self._at:
            self._row = self._read(position)
            self._at = position
        return self._row

    def holding(self, text: str) -> set[int]:
        """The positions of rows that have `text` somewhere, and of some others."""
        found: set[int] = set()
        try:
            found.update(self.snapshot.holding(text) if self.snapshot is not None else ())
        except (OSError, OutputError) as error:
            self.failure = str(error)
        return found

    def close(self) -> None:
        """Close the files."""
        if self.snapshot is not None:
            self.snapshot.close()

    def _read(self, position: int) -> Row:
        if self.snapshot is not None:
            try:
                row = self._next(self.snapshot, position)
                if isinstance(row.values, dict) and isinstance(row.key, str):
                    return row
            except (OSError, OutputError, ValueError, TypeError, struct.error, StopIteration):
                pass
            self.unread.add(position)
            self._ahead = iter(())
        return Row(0, "", {}, 0)

    def _next(self, snapshot: Snapshot, position: int) -> Row:
        if position != self._at + 1:
            self._ahead = iter(())
            return snapshot.row(position)
        row = next(self._ahead, None)
        if row is None:
            self._ahead = snapshot.rows(position)
            row = next(self._ahead, None)
        if row is None:
            raise ValueError("the file ends before it")
        return row
