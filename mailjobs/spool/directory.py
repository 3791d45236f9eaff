"""What lies in a queue: its files by suffix, how deep it is and how old, and what is put out of the way."""

from __future__ import annotations

import errno
import os
from collections import Counter
from collections.abc import Callable, Collection
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from mailjobs import clock
from mailjobs.errors import ExitStatus, FileError, OutputError
from mailjobs.frozen import frozen
from mailjobs.spool.entry import Entry
from mailjobs.spool.head import Damaged
from mailjobs.spool.locked import Locked
from mailjobs.spool.names import DAMAGED, HELD, QUEUED, SENDING, split_name
from mailjobs.spool.stored import Stored, read, read_entry

MOST_DATED = 1000  # files of which the oldest is looked for: names begin with the time when they were given
QUOTA = 10069  # the component's number for a disk that has no room for us
WAITING = (QUEUED, SENDING, HELD)  # what is still to become something


class Aside(NamedTuple):
    """A file that was put out of the way, or cannot be, and why."""

    file: str
    why: str

    def told(self, folder: Path) -> str:
        """In words, for people."""
        return f"{folder / self.file} is {'put aside' if self.file.endswith(DAMAGED) else 'left alone'}: {self.why}"


Tell = Callable[[Aside], None]


@frozen
class Depth:
    """How many files a queue has by suffix, and how old in seconds the oldest is that waits (0 where none does)."""

    counts: dict[str, int]
    age: float

    @property
    def waiting(self) -> int:
        """Messages of which it is not settled what becomes."""
        return sum(self.counts.get(suffix, 0) for suffix in WAITING)


def list_files(folder: Path, suffixes: Collection[str]) -> list[str]:
    """The names of a queue's files with these suffixes, in order. Raises FileError."""
    try:
        found = [file for file in os.listdir(folder) if split_name(file)[1] in suffixes]
    except OSError as error:
        raise unreadable(folder, error) from None
    found.sort()
    return found


def unreadable(folder: Path, error: OSError) -> FileError:
    """The error of a queue that cannot be looked into."""
    hint = f"mkdir -m 700 {folder}" if isinstance(error, FileNotFoundError) else None
    return FileError(f"cannot open the queue {folder}: {error.strerror}", hint=hint)


def named(error: OSError) -> str:
    """What the system says of it, with its name: `No space left on device (ENOSPC)`."""
    name = errno.errorcode.get(error.errno or 0)
    return f"{error.strerror} ({name})" if name else str(error.strerror or error)


def broken(folder: Path, error: OSError) -> OutputError:
    """The error of a queue whose files cannot be written any more."""
    found = OutputError(
        f"cannot write in the queue {folder}: {named(error)}",
        code=QUOTA if error.errno in (errno.ENOSPC, errno.EDQUOT) else None,
        hint="nothing further is sent, and nothing that is queued is lost",
    )
    found.exit_status = ExitStatus.IOERR
    return found


def measure(folder: Path) -> Depth:
    """How deep and how old it is now. Raises FileError."""
    try:
        files = os.listdir(folder)
    except OSError as error:
        raise unreadable(folder, error) from None
    counts = Counter(suffix.removeprefix(".") for file in files if (suffix := _suffix(file)))
    waiting = sorted(file for file in files if split_name(file)[1] in WAITING)
    dates = (_created(folder, file) for file in waiting[:MOST_DATED])
    oldest = min((made for made in dates if made is not None), default=None)
    age = max((clock.now() - oldest).total_seconds(), 0.0) if oldest is not None else 0.0
    return Depth({f".{word}": counts[word] for word in sorted(counts)}, age)


def _suffix(file: str) -> str:
    return DAMAGED if file.endswith(DAMAGED) else split_name(file)[1]


def _created(folder: Path, file: str) -> datetime | None:
    entry = peek(folder, file)
    return entry.created if entry is not None else None


def look(folder: Path, file: str) -> Stored | None:
    """A whole file that somebody else may have, with its large content out of reach; None where it is damaged or gone.

    Of what its owner writes at this moment it may show the part that is there.
    """
    try:
        descriptor = os.open(folder / file, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    try:
        return read(descriptor)
    except (OSError, Damaged):
        return None
    finally:
        os.close(descriptor)


def peek(folder: Path, file: str) -> Entry | None:
    """The head of a file that somebody else may have; None where it cannot be read, or is gone."""
    try:
        descriptor = os.open(folder / file, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    try:
        return read_entry(descriptor)[0]
    except (OSError, Damaged):
        return None
    finally:
        os.close(descriptor)


def set_aside(held: Locked, why: str, tell: Tell) -> None:
    """Put a damaged file out of the way, and let it go. One that cannot be moved stays where it is, and is told of."""
    try:
        tell(Aside(held.set_aside(), why))
    except OSError as error:
        tell(Aside(held.file, f"{why}; and it cannot be set aside: {error.strerror}"))
    finally:
        held.close()
