"""A queue file in our hands: nobody else changes it, or its name, until it is let go."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from mailjobs.spool.head import Damaged
from mailjobs.spool.names import DAMAGED, split_name
from mailjobs.spool.stored import Stored, read

FLAGS = os.O_RDWR | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
GONE = (errno.ENOENT, errno.ESTALE)


class Locked:
    """Made by `lock`. The lock is the open file's, so it survives each new name, and ends with the process.

    Methods raise OSError.
    """

    __slots__ = ("_folder", "_good", "descriptor", "name", "suffix")

    def __init__(self, folder: str, file: str, descriptor: int) -> None:
        self._folder = folder  # as text: a Path for each name would cost as much as reading the file
        self.name, self.suffix = split_name(file)
        self.descriptor = descriptor
        self._good = -1  # where a torn line begins, which is cut off before anything is appended

    def _path(self, file: str) -> str:
        return f"{self._folder}/{file}"

    @property
    def file(self) -> str:
        """What it is called now."""
        return f"{self.name}{self.suffix}"

    @property
    def folder(self) -> Path:
        """The queue that it lies in."""
        return Path(self._folder)

    def read(self) -> Stored:
        """All of it, checked. Raises Damaged."""
        stored = read(self.descriptor)
        self._good = stored.good if stored.good < stored.length else -1
        return stored

    def append(self, data: bytes) -> None:
        """Let it grow by whole lines, all at once or not at all. It must have been read before."""
        if self._good >= 0:
            os.ftruncate(self.descriptor, self._good)
            self._good = -1
        written = os.write(self.descriptor, data)
        if written != len(data):
            self._good = os.fstat(self.descriptor).st_size - written
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def sync(self) -> None:
        """Put what it says on the disk."""
        os.fdatasync(self.descriptor)

    def rename(self, suffix: str) -> None:
        """Give it another suffix. A file that has that name already is not ours, and is left alone: EEXIST."""
        target = f"{self.name}{suffix}"
        if os.path.lexists(self._path(target)):
            raise FileExistsError(errno.EEXIST, f"there is a file {target} already")
        os.rename(self._path(self.file), self._path(target))
        self.suffix = suffix

    def set_aside(self) -> str:
        """Put it out of everybody's way, as it is; what it is called then."""
        made = f"{self.file}{DAMAGED}"
        number = 0
        while os.path.lexists(self._path(made)):
            number += 1
            made = f"{self.file}.{number}{DAMAGED}"
        os.rename(self._path(self.file), self._path(made))
        return made

    def unlink(self) -> None:
        """It has had its time."""
        os.unlink(self._path(self.file))

    def close(self) -> None:
        """Let it go."""
        descriptor, self.descriptor = self.descriptor, -1
        if descriptor >= 0:
            with suppress(OSError):
                os.close(descriptor)

    @property
    def closed(self) -> bool:
        """Whether it was let go."""
        return self.descriptor < 0

    def __enter__(self) -> Locked:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        self.close()


def lock(folder: Path, file: str) -> Locked | None:
    """The file of that name; None where somebody else has it, or it has another name by now.

    Raises OSError where it cannot be opened, and Damaged where it is no file at all.
    """
    home = os.fspath(folder)
    path = f"{home}/{file}"
    try:
        descriptor = os.open(path, FLAGS)
    except OSError as error:
        if error.errno in GONE:
            return None
        if error.errno in (errno.ELOOP, errno.EISDIR, errno.ENXIO):
            raise Damaged("it is no file") from None
        raise
    found = Locked(home, file, descriptor)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        here, there = os.fstat(descriptor), os.lstat(path)
    except OSError as error:
        found.close()
        if error.errno in (errno.EWOULDBLOCK, *GONE):
            return None
        raise
    if (here.st_dev, here.st_ino) != (there.st_dev, there.st_ino):
        found.close()
        return None
    if not stat.S_ISREG(here.st_mode):
        found.close()
        raise Damaged("it is no file")
    return found
