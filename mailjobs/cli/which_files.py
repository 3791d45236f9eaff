"""Which files of which queue a command of `queue` is about: what these commands share."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from fnmatch import fnmatchcase
from functools import wraps
from pathlib import Path
from typing import Any

import click

from mailjobs import clock
from mailjobs.errors import FileError, UsageError
from mailjobs.frozen import frozen
from mailjobs.job.nearest import nearest
from mailjobs.spool.contents import Found, contents, files_of
from mailjobs.spool.names import split_name

STATES = ("waiting", "held", "sending", "failed", "sent", "damaged")
AGE = re.compile(r"([0-9]{1,6})([smhdw])")
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
GLOB = frozenset("*?[")


@frozen
class Filter:
    """What a file must be to be chosen: all of it that is given. `to` are patterns, of which one recipient fits one."""

    names: tuple[str, ...] = ()
    to: tuple[str, ...] = ()
    older_than: float | None = None
    states: tuple[str, ...] = ()
    everything: bool = False

    @property
    def given(self) -> bool:
        """Whether the command line says which files are meant."""
        return bool(self.names or self.to or self.states or self.everything) or self.older_than is not None

    def takes(self, found: Found, now: datetime) -> bool:
        """Whether this file is meant; who is in a file that cannot be read, and since when, is not known."""
        if self.states and found.state not in self.states:
            return False
        if not self.to and self.older_than is None:
            return True
        if found.stored is None:
            return False
        entry = found.stored.entry
        if self.older_than is not None and (now - entry.created).total_seconds() <= self.older_than:
            return False
        return not self.to or any(fits(one.address, pattern) for one in entry.recipients for pattern in self.to)


def fits(address: str, pattern: str) -> bool:
    """Whether an address is that of `--to`: itself, `@example.com`, or a glob over all of it; case does not matter."""
    address, pattern = address.casefold(), pattern.casefold()
    if GLOB.isdisjoint(pattern):
        return address.endswith(pattern) if pattern.startswith("@") else address == pattern
    return fnmatchcase(address, f"*{pattern}" if pattern.startswith("@") else pattern)


def of_a_queue(command: Callable[..., int]) -> Callable[..., int]:
    """Give a command the argument DIR."""
    return click.argument("folder", type=click.Path(path_type=Path), metavar="DIR")(command)


def choosing_files(command: Callable[..., int]) -> Callable[..., int]:
    """Give a command FILE and the filters; it takes them as one argument, `chosen`."""

    @of_a_queue
    @click.argument("names", nargs=-1, metavar="[FILE]...")
    @click.option("--to", "to", multiple=True, metavar="ADDRESS", help="To this address, @domain or pattern (* and ?).")
    @click.option("--older-than", metavar="AGE", callback=_age, help="Queued longer ago than this: 45m, 2h, 3d.")
    @click.option("--state", "states", type=click.Choice(STATES), multiple=True, help="In this state. Several go.")
    @wraps(command)
    def choosing(*arguments: Any, names: tuple[str, ...], to: tuple[str, ...], **options: Any) -> int:
        if "" in to:
            raise UsageError("--to takes an address, @domain or pattern, and is empty")
        older_than, states = options.pop("older_than"), options.pop("states")
        everything = options.pop("everything", False)
        return command(*arguments, chosen=Filter(names, to, older_than, states, everything), **options)

    return choosing


def changing_files(command: Callable[..., int]) -> Callable[..., int]:
    """As `choosing_files`, with `--all`, for a command that changes what is chosen."""
    everything = click.option("--all", "everything", is_flag=True, help="All that it can be done to.")
    return choosing_files(everything(command))


def _age(ctx: click.Context, option: click.Parameter, value: str | None) -> float | None:
    if value is None:
        return None
    found = AGE.fullmatch(value)
    if found is None:
        raise UsageError(f"--older-than takes an age, not '{value}'", hint="such as 45m, 2h, 3d, 1w")
    return float(found[1]) * UNITS[found[2]]


def chosen_files(folder: Path, chosen: Filter) -> Iterator[Found]:
    """Those that are meant, the oldest names first. Raises FileError, and UsageError for a name that is not there."""
    now = clock.now()
    files = files_of(folder)
    wanted = files if not chosen.names else list(dict.fromkeys(named(folder, files, one) for one in chosen.names))
    for found in contents(folder, wanted):
        if chosen.takes(found, now):
            yield found


def named(folder: Path, files: Sequence[str], given: str) -> str:
    """The file that is called `given`, with or without its suffix, or begins so. Raises UsageError."""
    name = split_name(Path(given).name)[0]
    meant = [file for file in files if file == given] or [file for file in files if split_name(file)[0] == name]
    meant = meant or [file for file in files if name and file.startswith(name)]
    if len(meant) == 1:
        return meant[0]
    if meant:
        raise UsageError(f"several files of {folder} begin with '{given}'", hint=f"such as {', '.join(meant[:3])}")
    near = nearest(given, files)
    hint = f"did you mean '{near}'?" if near else "it may be sent already; `mailjobs queue list` shows what is there"
    raise FileError(f"there is no file '{given}' in {folder}", hint=hint)
