"""`mailjobs queue remove`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from mailjobs.cli.listed import listed
from mailjobs.cli.queue_changes import change_each, meant
from mailjobs.cli.which_files import STATES, Filter, changing_files
from mailjobs.errors import UsageError
from mailjobs.report import queue
from mailjobs.report.visible import visible
from mailjobs.spool.contents import Found
from mailjobs.spool.tend import remove

FEW = 20


@click.command("remove")
@changing_files
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@click.option("--json", "json_", is_flag=True, help="Print what was done as JSON.")
def command(folder: Path, chosen: Filter, yes: bool, json_: bool) -> int:
    """Take messages out of DIR for good: nobody will send them, and nothing is left of them.

    \b
    Example:
      mailjobs queue remove outbox --state failed --older-than 30d
    """
    found = meant(folder, chosen, [one for one in STATES if one != "sending"])
    if found and not yes:
        _confirm(folder, found)
    return change_each(folder, found, remove, json_)


def _confirm(folder: Path, found: Sequence[Found]) -> None:
    """Raises UsageError where nobody at a terminal says yes."""
    words = "1 message" if len(found) == 1 else f"{len(found)} messages"
    if sys.stdin.isatty() and sys.stderr.isatty():
        for one in found[:FEW]:
            shown = listed(one)
            click.echo(visible(f"  {one.file}: {one.state}, {shown.sender or '<>'} -> {queue.people(shown)}"), err=True)
        if len(found) > FEW:
            click.echo(f"  and {len(found) - FEW} more", err=True)
        if click.confirm(f"Remove {words} from {visible(str(folder))} for good?", default=False, err=True):
            return
    raise UsageError(f"{words} would be removed, and nobody has confirmed that", hint="--yes removes")
