"""`mailjobs queue hold`."""

from __future__ import annotations

from pathlib import Path

import click

from mailjobs.cli.queue_changes import change_each, meant
from mailjobs.cli.which_files import Filter, changing_files
from mailjobs.spool.tend import hold


@click.command("hold")
@changing_files
@click.option("--reason", default="", metavar="TEXT", help="Why; `list` shows it.")
@click.option("--json", "json_", is_flag=True, help="Print what was done as JSON.")
def command(folder: Path, chosen: Filter, reason: str, json_: bool) -> int:
    """Hold messages of DIR that wait: nobody sends them until they are released.

    \b
    Example:
      mailjobs queue hold outbox --to @example.com --reason "their server is being moved"
    """
    return change_each(folder, meant(folder, chosen, ("waiting",)), lambda held: hold(held, held.read(), reason), json_)
