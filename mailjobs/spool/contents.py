"""What is in a queue, for whoever looks at it: nothing is locked or changed, and a file that is damaged is told."""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mailjobs.errors import FileError
from mailjobs.spool.head import Damaged
from mailjobs.spool.names import DAMAGED, FAILED, HELD, QUEUED, SENDING, SENT, SUFFIXES, host_name, split_name
from mailjobs.spool.stored import Stored, read

_SET_ASIDE: Final = re.compile(rf"(?:{'|'.join(map(re.escape, SUFFIXES))})(?:\.[0-9]+)?{re.escape(DAMAGED)}$")
STATES = {QUEUED: "waiting", SENDING: "sending", HELD: "held", FAILED: "failed", SENT: "sent", DAMAGED: "damaged"}


@dataclass(slots=True)
class Found:
    """A file of a queue. `stored` is None where it cannot be read, and `damage` says why; else that is "".

    `left`: somebody had begun to send it and is gone, or is on another host, which is `elsewhere`.
    """

    file: str
    state: str
    size: int
    stored: Stored | None = None
    damage: str = ""
    left: bool = False
    elsewhere: str = ""


def files_of(folder: Path) -> list[str]:
    """The files of a queue, the oldest names first. Raises FileError where it is not there."""
    try:
        found = os.listdir(folder)
    except OSError as error:
        raise FileError(f"cannot read the queue {folder}: {error.strerror}") from None
    return sorted(one for one in found if split_name(one)[1] or is_damaged(one))


def is_damaged(file: str) -> bool:
    """Whether it was set aside as damaged."""
    return _SET_ASIDE.search(file) is not None and not file.startswith(".")


def contents(folder: Path, files: list[str] | None = None) -> Iterator[Found]:
    """Each of `files`, or of all. One that goes away or changes its name meanwhile is left out. Raises FileError."""
    for file in files_of(folder) if files is None else files:
        found = _look_at(folder, file)
        if found is not None:
            yield found


def _look_at(folder: Path, file: str) -> Found | None:
    suffix = DAMAGED if file.endswith(DAMAGED) else split_name(file)[1]
    try:
        descriptor = os.open(folder / file, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        return None
    except OSError as error:
        return Found(file, "damaged", 0, damage=f"it cannot be read: {error.strerror}")
    try:
        found = Found(file, STATES[suffix], os.fstat(descriptor).st_size)
        _read(found, descriptor)
        if suffix == SENDING and found.stored is not None:
            _find_owner(found, descriptor)
        return found
    finally:
        os.close(descriptor)


def _read(found: Found, descriptor: int) -> None:
    try:
        found.stored = read(descriptor)
        found.size = found.stored.entry.size
    except Damaged as error:
        found.damage = str(error)
    except OSError as error:
        found.damage = f"it cannot be read: {error.strerror}"
    if found.damage:
        found.state = "damaged"


def _find_owner(found: Found, descriptor: int) -> None:
    assert found.stored is not None, "it was read"
    owner = found.stored.state.owner
    if owner is not None and owner.host != host_name():
        found.left, found.elsewhere = True, owner.host
        return
    found.left = not _locked(descriptor)


def _locked(descriptor: int) -> bool:
    """Whether somebody has the lock. It is had for a moment itself, so ask only where it is likely taken."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    return False
