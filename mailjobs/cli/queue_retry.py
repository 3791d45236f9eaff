"""`mailjobs queue retry`."""

from __future__ import annotations

from pathlib import Path

import click

from mailjobs.cli.queue_changes import change_each, meant
from mailjobs.cli.which_files import Filter, changing_files
from mailjobs.spool.tend import retry


@click.command("retry")
@changing_files
@click.option("--unknown", is_flag=True, help="Send also to those who may have got it.")
@click.option("--json", "json_", is_flag=True, help="Print what was done as JSON.")
def command(folder: Path, chosen: Filter, unknown: bool, json_: bool) -> int:
    """Put messages of DIR that have failed back into the queue, and let those that wait be sent at once.

    Who has got it is not sent to again. The next run sends them.

    \b
    Example:
      mailjobs queue retry outbox --state failed --to @example.com
    """
    return change_each(
        folder, meant(folder, chosen, ("failed", "waiting")), lambda held: retry(held, held.read(), unknown), json_
    )
