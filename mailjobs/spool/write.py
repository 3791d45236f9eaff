"""Queue files are written under a name of their own, put on the disk, and then given the name that counts."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterable
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from mailjobs.disk import sync_folder
from mailjobs.errors import ExitStatus, FileError, OutputError
from mailjobs.spool import lines
from mailjobs.spool.directory import QUOTA, named
from mailjobs.spool.entry import Entry
from mailjobs.spool.head import encode_head
from mailjobs.spool.names import DRAFT, PREPARED, QUEUED, draft_of


def encode_file(entry: Entry, content: Iterable[bytes]) -> Iterable[bytes]:
    """The octets of a queue file that nobody has touched yet. Raises ValueError where `size` is not the content's."""
    head = encode_head(entry)
    digest, size = sha256(head), 0
    yield head
    for chunk in content:
        digest.update(chunk)
        size += len(chunk)
        yield chunk
    if size != entry.size:
        raise ValueError(f"the content has {size} octets, and {entry.size} were announced")
    yield b"\n" + lines.content(size, digest.hexdigest())


class Drafts:
    """Queue files on their way into `folder`, many together: `write` each, `sync`, `publish`, and in the end `close`.

    `prepared`: what is not published is left, for a run that goes on to see. `durable` False is for tests alone. Not
    for several threads.
    """

    def __init__(self, folder: Path, durable: bool = True, prepared: bool = False) -> None:
        self._folder = folder
        self._durable = durable
        self._suffix = PREPARED if prepared else DRAFT
        self._open: dict[str, int] = {}

    def _draft(self, name: str) -> Path:
        return self._folder / draft_of(name, self._suffix)

    def write(self, name: str, entry: Entry, content: Iterable[bytes]) -> None:
        """Write the file of that name where nobody looks for it.

        Raises FileError where the folder is missing, OutputError where it cannot be written, and what `content` raises.
        """
        path = self._draft(name)
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW
        try:
            descriptor = os.open(path, flags, 0o600)
        except OSError as error:
            raise unwritable(self._folder, error) from None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            for chunk in encode_file(entry, content):
                _write_all(descriptor, chunk)
        except BaseException as error:
            with suppress(OSError):
                os.ftruncate(descriptor, 0)  # where its name stays, it takes no room
            os.close(descriptor)
            self._forget(name)
            if isinstance(error, OSError):
                raise unwritable(self._folder, error) from None
            raise
        self._open[name] = descriptor

    def sync(self) -> None:
        """Put all that were written on the disk. Raises OutputError.

        The kernel is told to begin with all before the first is waited for: so they share what a commit costs.
        """
        if not self._durable:
            return
        try:
            for descriptor in self._open.values() if len(self._open) > 1 else ():
                os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
            for descriptor in self._open.values():
                os.fsync(descriptor)
        except OSError as error:
            raise unwritable(self._folder, error) from None

    def publish(self) -> list[str]:
        """Give all that were written, and are on the disk, their names, durably; these files. Raises OutputError.

        Where it raises, some may have their names and others none: each is there whole or not at all. The error says
        so where all have them, and the disk may not know it.
        """
        made = []
        try:
            for name in list(self._open):
                os.rename(self._draft(name), self._folder / f"{name}{QUEUED}")
                made.append(f"{name}{QUEUED}")
                os.close(self._open.pop(name))
        except OSError as error:
            raise unwritable(self._folder, error) from None
        try:
            if made and self._durable:
                sync_folder(self._folder)
        except OSError as error:
            raise _unsure(self._folder, made, error) from None
        return made

    def close(self) -> None:
        """Let go of what was written and not published."""
        for name, descriptor in self._open.items():
            self._forget(name)
            os.close(descriptor)
        self._open.clear()

    def _forget(self, name: str) -> None:
        if self._suffix != PREPARED:
            with suppress(OSError):
                self._draft(name).unlink()


def queue_message(folder: Path, name: str, entry: Entry, content: Iterable[bytes]) -> str:
    """Put one message into `folder`; the name of its file. Raises FileError, OutputError, and what `content` raises."""
    drafts = Drafts(folder)
    try:
        drafts.write(name, entry, content)
        drafts.sync()
        return drafts.publish()[0]
    finally:
        drafts.close()


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def _unsure(folder: Path, made: list[str], error: OSError) -> OutputError:
    """The error of names that are given, and may not outlive a power loss."""
    what = f"{made[0]} is" if len(made) == 1 else f"{len(made)} files are"
    found = OutputError(
        f"{what} in the queue {folder}, but may be gone after a power loss: {named(error)}",
        hint="see to the disk; what is queued once more is sent twice",
    )
    found.exit_status = ExitStatus.IOERR
    return found


def unwritable(folder: Path, error: OSError) -> FileError | OutputError:
    """The error of a queue that cannot be written. What is in it already is not touched."""
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        return FileError(f"there is no directory {folder} to queue into", hint=f"mkdir -m 700 {folder}")
    code = QUOTA if error.errno in (errno.ENOSPC, errno.EDQUOT) else None
    found = OutputError(
        f"cannot write into the queue {folder}: {named(error)}",
        code=code,
        hint="nothing that is queued already is lost",
    )
    found.exit_status = ExitStatus.IOERR if code or error.errno == errno.EIO else ExitStatus.CANTCREAT
    return found
