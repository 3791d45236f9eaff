"""`mailjobs runs list`."""

from __future__ import annotations

import json
import sys
from itertools import chain
from pathlib import Path

import click

from mailjobs.cli.which_runs import folder_of, none, of_a_job, told
from mailjobs.ledger import counted, look
from mailjobs.report import runs
from mailjobs.report.visible import visible, visible_json


@click.command("list")
@of_a_job
@click.option("--json", "json_", is_flag=True, help="Print a list as JSON.")
def command(job: Path, state_dir: Path | None, json_: bool) -> int:
    """List the runs of JOB, the newest first.

    \b
    Example:
      mailjobs runs list job.yaml
    """
    folder = folder_of(job, state_dir)
    found = look(folder)
    damage = [counted(folder, one) for one in found]
    if json_:
        listed = [runs.as_dict(one, words) for one, words in zip(found, damage, strict=True)]
        click.echo(visible_json(json.dumps(listed, indent=2, ensure_ascii=False)))
    elif found:
        runs.print_runs(sys.stdout, found)
    if not found:
        click.echo(visible(none(job, folder)), err=True)
    return told(chain.from_iterable(damage))
