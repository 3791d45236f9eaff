"""How a file is let go: under the name of what became of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from mailjobs.spool.entry import Entry
from mailjobs.spool.locked import Locked
from mailjobs.spool.names import FAILED, SENT
from mailjobs.spool.state import State
from mailjobs.spool.stored import Stored


class Rested(NamedTuple):
    """A file that was let go: what it is called now, or was when it was queued where it is `gone`."""

    file: str
    suffix: str
    gone: bool
    entry: Entry
    state: State


Failed = Callable[[Locked, Stored], None]  # called with what has failed; raises OSError


def nobody_told(held: Locked, stored: Stored) -> None:
    """What is done with a failure where nobody is to be told."""


def put(held: Locked, stored: Stored, suffix: str, data: bytes, keep: bool, failed: Failed = nobody_told) -> bool:
    """Append `data` and give the file its `suffix`; whether it is gone instead. Raises OSError.

    `failed` is called before it has the name of a failure.
    What it says is on the disk before a name that lets it be sent again: else a power loss may leave the name alone.
    """
    if data:
        held.append(data)
    if suffix == SENT and not keep:
        held.unlink()
        return True
    if suffix != SENT and (data or stored.state.tried):
        held.sync()
    if suffix == FAILED:
        failed(held, stored)
    if suffix != held.suffix:
        held.rename(suffix)
    return False
