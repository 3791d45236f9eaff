"""Which runs of which job a command of `runs` is about: what these commands share."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import click

from mailjobs.errors import ExitStatus, FileError, UsageError
from mailjobs.job.nearest import nearest
from mailjobs.ledger import PastRun, StateFolder, look, state_folder
from mailjobs.ledger.folder import STDIN
from mailjobs.report.visible import visible

SOME = 5
LETTERS = {"accepted": "ab", "rejected": "r", "deferred": "d", "unknown": "u", "not-attempted": "n"}


def of_a_job(command: Callable[..., int]) -> Callable[..., int]:
    """Give a command the argument JOB, and `--state-dir`, which has the twin of `run` in the environment."""
    command = click.option(
        "--state-dir",
        type=click.Path(path_type=Path),
        metavar="DIR",
        envvar="MAILJOBS_RUN_STATE_DIR",
        help="Where runs are kept (.mailjobs).",
    )(command)
    return click.argument("job", type=click.Path(path_type=Path), metavar="JOB")(command)


def in_states(command: Callable[..., int]) -> Callable[..., int]:
    """Give a command `--state`."""
    several = click.Choice(list(LETTERS))
    return click.option("--state", "states", type=several, multiple=True, help="Those in this state. Several go.")(
        command
    )


def letters_of(states: Iterable[str]) -> str:
    """The letters by which the ledger knows the states."""
    return "".join([LETTERS[state] for state in dict.fromkeys(states)])


def folder_of(job: Path, state_dir: Path | None) -> StateFolder:
    """Where the runs of a job are kept; neither of them need exist."""
    try:
        return state_folder(job, state_dir)
    except (OSError, RuntimeError) as error:  # the current folder was removed; links that form a circle
        raise FileError(f"cannot find {job}: {getattr(error, 'strerror', None) or error}") from None


def none(job: Path, folder: StateFolder) -> str:
    """That there is no run of a job."""
    there = "" if os.path.exists(job) or job == STDIN else "no such file, and "
    return f"{job}: {there}no runs are kept in {folder.path}"


def some_runs(job: Path, folder: StateFolder, given: str | None, everything: bool = False) -> list[PastRun]:
    """The run whose id is `given` or begins so; without it the latest, or all. Raises UsageError, FileError."""
    found = look(folder)
    if not found:
        raise FileError(none(job, folder))
    if everything:
        return found
    return [found[0] if given is None else named(found, given)]


def named(found: Sequence[PastRun], given: str) -> PastRun:
    """The one whose id is `given` or begins so. Raises UsageError."""
    meant = [one for one in found if one.id == given] or [one for one in found if given and one.id.startswith(given)]
    if len(meant) == 1:
        return meant[0]
    ids = [one.id for one in meant or found]
    some = f"{', '.join(ids[:SOME])}{', …' if len(ids) > SOME else ''}"
    if meant:
        raise UsageError(f"several runs begin with '{given}': {some}")
    near = nearest(given, ids)
    raise UsageError(f"there is no run '{given}'", hint=f"did you mean '{near}'?" if near else f"there are: {some}")


def told(damage: Iterable[str]) -> int:
    """Say on stderr what cannot be read; the exit status of it."""
    status = ExitStatus.OK
    for words in damage:
        click.echo(visible(f"mailjobs: {words}"), err=True)
        status = ExitStatus.IOERR
    return int(status)
