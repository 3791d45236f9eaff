"""`mailjobs queue list`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from mailjobs import clock
from mailjobs.cli.listed import listed
from mailjobs.cli.which_files import Filter, choosing_files, chosen_files
from mailjobs.errors import ExitStatus
from mailjobs.report import queue
from mailjobs.report.visible import visible, visible_json


@click.command("list")
@choosing_files
@click.option("--json", "json_", is_flag=True, help="Print a list as JSON.")
def command(folder: Path, chosen: Filter, json_: bool) -> int:
    """List what is in the queue DIR, the oldest first: age, size, state, tries, recipients and the last reply.

    \b
    Example:
      mailjobs queue list outbox --to @example.com --older-than 2h
    """
    found = [listed(one) for one in chosen_files(folder, chosen)]
    now = clock.now()
    if json_:
        text = json.dumps([queue.as_dict(one, now) for one in found], indent=2, ensure_ascii=False)
        click.echo(visible_json(text))
    else:
        queue.print_queue(sys.stdout, found, now)
    if not found:
        click.echo(visible(f"nothing in {folder}{' is so' if chosen.given else ''}"), err=True)
    damaged = any(one.state == "damaged" and not one.file.endswith(".damaged") for one in found)
    return int(ExitStatus.IOERR if damaged else ExitStatus.OK)
