"""How a file is let go: under the name of what became of it."""

from __future__ import annotations

from typing import NamedTuple

from mailjobs.spool.entry import Entry
from mailjobs.spool.locked import Locked
from mailjobs.spool.names import SENT
from mailjobs.spool.state import State


class Rested(NamedTuple):
    """A file that was let go: what it is called now, or was when it was queued where it is `gone`."""

    file: str
    suffix: str
    gone: bool
    entry: Entry
    state: State


def put(held: Locked, state: State, suffix: str, data: bytes, keep: bool) -> bool:
    """Append `data` and give the file its `suffix`; whether it is gone instead. Raises OSError.

    What it says is on the disk before a name that lets it be sent again: else a power loss may leave the name alone.
    """
    if data:
        held.append(data)
    if suffix == SENT and not keep:
        held.unlink()
        return True
    if suffix != SENT and (data or state.tried):
        held.sync()
    if suffix != held.suffix:
        held.rename(suffix)
    return False
