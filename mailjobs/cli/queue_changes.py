"""Do one thing to each chosen file of a queue: by lock first, and what is being sent is left alone."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from mailjobs.cli.which_files import Filter, chosen_files
from mailjobs.errors import ExitStatus, UsageError
from mailjobs.frozen import frozen
from mailjobs.report.visible import visible, visible_json
from mailjobs.spool.contents import Found
from mailjobs.spool.head import Damaged
from mailjobs.spool.locked import Locked, lock
from mailjobs.spool.tend import Refused

Change = Callable[[Locked], str]  # does it, and says what was done; raises Refused, OSError and Damaged


@frozen
class Done:
    """What became of one file: `file` is its name now, `problem` why it was left as it is."""

    file: str
    state: str
    done: str = ""
    problem: str = ""
    status: ExitStatus = ExitStatus.OK

    def as_dict(self) -> dict[str, Any]:
        """As `--json` has it."""
        return {"file": self.file, "done": self.done or None, "problem": self.problem or None}


def meant(folder: Path, chosen: Filter, states: Sequence[str]) -> list[Found]:
    """The files that are meant: those named, whatever their state, else those in one of `states`.

    Raises UsageError where nothing says which, FileError.
    """
    if not chosen.given:
        raise UsageError("say which: FILE, --to, --older-than, --state, or --all")
    found = list(chosen_files(folder, chosen))
    return found if chosen.names or chosen.states else [one for one in found if one.state in states]


def change_each(folder: Path, found: Sequence[Found], change: Change, json_: bool) -> int:
    """Do it to each, tell it, and give the exit status: that of the first that was left as it is."""
    results = []
    for one in found:
        results.append(_change(folder, one, change))
        if not json_:
            _tell(results[-1])
    if json_:
        click.echo(visible_json(json.dumps([one.as_dict() for one in results], indent=2, ensure_ascii=False)))
    elif not found:
        click.echo(visible(f"nothing in {folder} is so"), err=True)
    return next((int(one.status) for one in results if one.status), int(ExitStatus.OK))


def _change(folder: Path, one: Found, change: Change) -> Done:
    try:
        held = lock(folder, one.file)
        if held is None:
            return _left(one, "it is being sent, and is left alone", ExitStatus.TEMPFAIL)
        with held:
            done = change(held)
            return Done(held.file, one.state, done)
    except Refused as error:
        return _left(one, str(error), ExitStatus.DATAERR)
    except Damaged as error:
        return _left(one, f"{error}", ExitStatus.IOERR)
    except OSError as error:
        return _left(one, f"it cannot be changed: {error.strerror}", ExitStatus.IOERR)


def _left(one: Found, problem: str, status: ExitStatus) -> Done:
    return Done(one.file, one.state, "", problem, status)


def _tell(done: Done) -> None:
    if done.problem:
        click.echo(visible(f"mailjobs: {done.file}: {done.problem}"), err=True)
    else:
        click.echo(visible(f"{done.file}: {done.done}"))
