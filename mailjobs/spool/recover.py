"""What processes that are gone have left behind."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

from mailjobs import clock
from mailjobs.disk import boot_id, sync_folder
from mailjobs.spool import lines
from mailjobs.spool.directory import Aside, Tell, broken, list_files, set_aside, unreadable
from mailjobs.spool.head import Damaged
from mailjobs.spool.locked import FLAGS, Locked, lock
from mailjobs.spool.names import DRAFT, QUEUED, SENDING, host_name
from mailjobs.spool.patience import Patience, rest
from mailjobs.spool.resting import Failed, Rested, nobody_told, put
from mailjobs.spool.state import Owner

ABANDONED: Final = 3600.0  # seconds after which a draft that nobody writes is nobody's


class Recovered(NamedTuple):
    """A file that was claimed, as it was let go, and who had it."""

    rested: Rested
    owner: Owner | None

    @property
    def file(self) -> str:
        """What it is called now."""
        return self.rested.file

    @property
    def suffix(self) -> str:
        """What has become of it."""
        return self.rested.suffix


def recover(
    folder: Path,
    patience: Patience,
    *,
    keep: bool = False,
    host: str | None = None,
    tell: Tell = lambda aside: None,
    failed: Failed = nobody_told,
) -> list[Recovered]:
    """Let go of what processes of this machine had claimed that are gone; with `host`, of those of another one.

    A process is gone when its lock is. Of another machine nothing is known, so somebody has to say that it is. What
    was claimed before this machine was started again may have been sent without a line that is left: it is unknown.
    Raises FileError, OutputError.
    """
    found = []
    try:
        for file in list_files(folder, (SENDING,)):
            one = _recover(folder, file, tell, lambda held: _let_go(held, patience, keep, host, failed))
            if one is not None:
                found.append(one)
        if host is None:
            _sweep(folder)
        if found:
            sync_folder(folder)
    except OSError as error:
        raise broken(folder, error) from None
    return found


def _recover(folder: Path, file: str, tell: Tell, let_go: Callable[[Locked], Recovered | None]) -> Recovered | None:
    try:
        held = lock(folder, file)
    except (Damaged, PermissionError) as error:
        tell(Aside(file, f"it cannot be recovered: {error}"))
        return None
    if held is None:
        return None
    with held:
        try:
            return let_go(held)
        except Damaged as error:
            set_aside(held, str(error), tell)
        except FileExistsError as error:
            set_aside(held, str(error.strerror), tell)
    return None


def _let_go(held: Locked, patience: Patience, keep: bool, host: str | None, failed: Failed) -> Recovered | None:
    stored = held.read()
    state, now = stored.state, clock.now()
    owner = state.owner
    here = host_name()
    if (owner.host if owner is not None else here) != (host or here):
        return None
    data = b""
    boot = boot_id()
    if host not in (None, here) or owner is None or not boot or owner.boot != boot:
        doubtful = state.open()
        if doubtful:
            data = lines.lost(now, doubtful)
            state.dot(doubtful)
    suffix, more = rest(stored.entry, state, patience, now)
    gone = put(held, stored, suffix, data + more, keep, failed)
    return Recovered(Rested(f"{held.name}{QUEUED}" if gone else held.file, suffix, gone, stored.entry, state), owner)


def _sweep(folder: Path) -> None:
    """Remove what nobody has finished writing. It was never queued."""
    try:
        drafts = [file for file in os.listdir(folder) if file.startswith(".") and file.endswith(DRAFT)]
    except OSError as error:
        raise unreadable(folder, error) from None
    for file in drafts:
        with suppress(OSError):
            descriptor = os.open(folder / file, FLAGS)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if clock.now().timestamp() - os.fstat(descriptor).st_mtime > ABANDONED:
                    os.unlink(folder / file)
            finally:
                os.close(descriptor)
