"""What a person does to a message of the queue. The file is in our hands (`locked`), and was read.

What was done is on the disk when these return. They raise OSError, and Refused with the reason where it cannot be done
to a message in this state.
"""

from __future__ import annotations

import os
from typing import Final

from mailjobs import clock
from mailjobs.disk import sync_folder
from mailjobs.spool import lines
from mailjobs.spool.locked import Locked
from mailjobs.spool.names import FAILED, HELD, QUEUED, SENDING, SENT
from mailjobs.spool.stored import Stored

BY_HAND: Final = "by hand"  # what begins otherwise may be what is unknown, which some queues send again


class Refused(Exception):
    """This cannot be done to a message in this state; the text says why, and what can."""


def retry(held: Locked, stored: Stored, unknown: bool = False) -> str:
    """Send to those who have not got it, at once, and as often as at first; with `unknown` also to who may have it.

    Gives what was done, for people.
    """
    _check_at_rest(held)
    if held.suffix == HELD:
        raise Refused("it is held; `release` lets it go")
    if held.suffix == SENT:
        raise Refused("everybody has got it")
    opened = ("rnd" if held.suffix == FAILED else "nd") + ("u" if unknown else "")
    return _again(held, stored, opened)


def release(held: Locked, stored: Stored) -> str:
    """Send it after all, also to those of whom nobody knows whether they got it."""
    if held.suffix != HELD:
        raise Refused("it is not held")
    return _again(held, stored, "ndu")


def _again(held: Locked, stored: Stored, opened: str) -> str:
    addresses = stored.state.open(opened)
    if not addresses:
        unknown = stored.state.open("u")
        raise Refused("it is unknown who got it; --unknown sends it again" if unknown else "nobody is left to send to")
    _write(held, lines.again(clock.now(), addresses), QUEUED)
    return f"goes to {addresses[0] if len(addresses) == 1 else f'{len(addresses)} recipients'}"


def hold(held: Locked, stored: Stored, why: str = "") -> str:
    """Nobody sends it until it is released. `why` is for people."""
    _check_at_rest(held)
    if held.suffix == HELD:
        raise Refused("it is held already")
    if held.suffix != QUEUED:
        raise Refused("it does not wait to be sent")
    _write(held, lines.hold(clock.now(), f"{BY_HAND}: {why}" if why else BY_HAND), HELD)
    return "held"


def remove(held: Locked) -> str:
    """Nobody will ever send it."""
    _check_at_rest(held)
    held.unlink()
    sync_folder(held.folder)
    return "removed"


def _check_at_rest(held: Locked) -> None:
    """Who had begun to send it is gone, or on another host: what became of it is for a run, or `recover`, to find."""
    if held.suffix == SENDING:
        raise Refused("somebody had begun to send it; the next run, or `recover`, takes it up first")


def _write(held: Locked, data: bytes, suffix: str) -> None:
    held.append(data)
    held.sync()
    if held.suffix != suffix:
        held.rename(suffix)
        sync_folder(held.folder)
    else:
        os.utime(held.folder)  # who watches it looks at the directory alone
