"""`mailjobs queue release`."""

from __future__ import annotations

from pathlib import Path

import click

from mailjobs.cli.queue_changes import change_each, meant
from mailjobs.cli.which_files import Filter, changing_files
from mailjobs.spool.tend import release


@click.command("release")
@changing_files
@click.option("--json", "json_", is_flag=True, help="Print what was done as JSON.")
def command(folder: Path, chosen: Filter, json_: bool) -> int:
    """Let messages of DIR go that are held.

    One that is held since nobody knows whether somebody got it is sent to him again, and he may get it twice. Where he
    has it, `remove` is the way.

    \b
    Example:
      mailjobs queue release outbox --to bob@example.com
    """
    return change_each(folder, meant(folder, chosen, ("held",)), lambda held: release(held, held.read()), json_)
