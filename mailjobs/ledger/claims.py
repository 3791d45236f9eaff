"""Blocks of rows: each is claimed once, by whichever thread or process comes first."""

from __future__ import annotations

import fcntl
import os
import tempfile
from typing import Final, Protocol

from mailjobs.errors import OutputError

BLOCK: Final = 128  # rows that a power loss may leave in doubt, and between two fdatasyncs


class Claims(Protocol):
    """`claim` gives the first and the last position of a block that nobody has claimed; None where none is left."""

    def claim(self) -> tuple[int, int] | None:
        """The next block."""


class LocalClaims:
    """For one process. The caller holds a lock."""

    def __init__(self, rows: int, block: int = BLOCK) -> None:
        self._rows = rows
        self._block = block
        self._next = 0

    def claim(self) -> tuple[int, int] | None:
        """The next block."""
        first = self._next
        if first >= self._rows:
            return None
        self._next = min(first + self._block, self._rows)
        return first, self._next - 1


class SharedClaims:
    """For processes forked after it was made: a number in a file without a name. The caller holds a lock of its own.

    The lock on the file is the process's, so it is let go where the process is killed.
    """

    def __init__(self, rows: int, block: int = BLOCK) -> None:
        """Raises OutputError where there is no room for the file."""
        self._rows = rows
        self._block = block
        self._descriptor = -1
        try:
            self._descriptor, name = tempfile.mkstemp(prefix="mailjobs-")
            os.unlink(name)
            os.pwrite(self._descriptor, bytes(8), 0)
        except OSError as error:
            raise _refused(error) from None

    def claim(self) -> tuple[int, int] | None:
        """The next block. Raises OutputError."""
        try:
            return self._claim(self._descriptor)
        except OSError as error:
            raise _refused(error) from None

    def _claim(self, descriptor: int) -> tuple[int, int] | None:
        fcntl.lockf(descriptor, fcntl.LOCK_EX)
        try:
            first = int.from_bytes(os.pread(descriptor, 8, 0), "big")
            if first >= self._rows:
                return None
            after = min(first + self._block, self._rows)
            os.pwrite(descriptor, after.to_bytes(8, "big"), 0)
        finally:
            fcntl.lockf(descriptor, fcntl.LOCK_UN)
        return first, after - 1

    def __del__(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)


def _refused(error: OSError) -> OutputError:
    words = "cannot keep in the folder for temporary files which rows are taken"
    return OutputError(f"{words}: {error.strerror}")
