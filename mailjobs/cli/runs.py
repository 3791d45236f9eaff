"""`mailjobs runs`: the commands that look at past runs of a job."""

from __future__ import annotations

import click

from mailjobs.cli.runs_export import command as export
from mailjobs.cli.runs_forget import command as forget
from mailjobs.cli.runs_list import command as list_
from mailjobs.cli.runs_show import command as show


@click.group("runs")
def command() -> None:
    """Look at past runs of a job: what became of each recipient.

    Runs are found by the path of JOB alone, which may be broken or deleted; '-' is standard input. A RUN is named by
    its id, or by how that begins.

    \b
    Example:
      mailjobs runs show job.yaml --to ann@example.com
    """


for one in (list_, show, export, forget):
    command.add_command(one)
