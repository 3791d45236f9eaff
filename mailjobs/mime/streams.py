"""A file as base64 that is made while it is sent, so that its size costs no memory."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from mailjobs.errors import FileError, Place
from mailjobs.mime.transfer import LINE_OF_BASE64, base64_lines, base64_size

CHUNK = LINE_OF_BASE64 * 8192  # octets of the file in one chunk: whole lines, somewhat under half a MiB


class FileStream:
    """The base64 of the file at `path`, which is opened anew each time.

    `stamp` is what the file was when it was first looked at: its device, inode, size and time of change.
    """

    __slots__ = ("_place", "path", "size", "stamp")

    def __init__(self, path: Path, place: Place | None = None) -> None:
        self.path = path
        self._place = place
        try:
            self.stamp = _stamp(os.stat(path))
        except OSError as error:
            raise self._unreadable(error) from error
        self.size = base64_size(self.stamp[2])

    def __iter__(self) -> Iterator[bytes]:
        """Raises FileError where the file cannot be read, or is no longer what it was."""
        try:
            with self.path.open("rb", buffering=0) as file:
                self._check(os.fstat(file.fileno()))
                left = self.stamp[2]
                while left:
                    data = _read(file.fileno(), min(CHUNK, left))
                    left -= len(data)
                    if not data:
                        raise self._changed()
                    yield base64_lines(data)
                self._check(os.fstat(file.fileno()))
        except OSError as error:
            raise self._unreadable(error) from error

    def _check(self, found: os.stat_result) -> None:
        if _stamp(found) != self.stamp:
            raise self._changed()

    def _changed(self) -> FileError:
        hint = "run again when nothing writes to it any more"
        return FileError(f"the file '{self.path}' has changed since it was looked at", place=self._place, hint=hint)

    def _unreadable(self, error: OSError) -> FileError:
        return FileError(f"the file '{self.path}' cannot be read: {error.strerror}", place=self._place)


def _stamp(found: os.stat_result) -> tuple[int, int, int, int]:
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def _read(descriptor: int, size: int) -> bytes:
    """`size` octets, or fewer at the end of the file only."""
    parts: list[bytes] = []
    while size:
        data = os.read(descriptor, size)
        if not data:
            break
        parts.append(data)
        size -= len(data)
    return b"".join(parts)
