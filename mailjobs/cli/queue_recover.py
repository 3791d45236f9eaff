"""`mailjobs queue recover`."""

from __future__ import annotations

import math
from pathlib import Path

import click

from mailjobs.cli.which_files import of_a_queue
from mailjobs.errors import ExitStatus
from mailjobs.report.visible import visible
from mailjobs.spool.directory import Aside
from mailjobs.spool.patience import Patience
from mailjobs.spool.recover import Recovered, recover

BECAME = {
    ".queued": "waits to be sent",
    ".held": "held: who has got it is unknown (`release` sends it, `remove` does not)",
    ".failed": "has failed",
    ".sent": "everybody has got it",
}


@click.command("recover")
@of_a_queue
@click.option("--host", metavar="H", help="What the host H had begun, which must not run any more.")
@click.option("--keep", is_flag=True, help="Leave what everybody has got as .sent, as `keep` does.")
def command(folder: Path, host: str | None, keep: bool) -> int:
    """Take back what somebody had begun to send in DIR who is gone: on this host, or on the host H.

    On this host every run does that by itself. Of another one nothing can be known: say only that it is gone when it
    is, or messages are sent twice. What it may have sent is held.

    \b
    Example:
      mailjobs queue recover /shared/outbox --host ci-7.example.com
    """
    asides: list[Aside] = []
    found = recover(folder, Patience(max_age=math.inf), keep=keep, host=host, tell=asides.append)
    for one in found:
        _tell(one)
    if not found:
        click.echo(visible(f"nothing in {folder} was begun{f' by {host}' if host else ''} and left"), err=True)
    for aside in asides:
        click.echo(visible(f"mailjobs: {aside.file}: {aside.why}"), err=True)
    return int(ExitStatus.IOERR if asides else ExitStatus.OK)


def _tell(one: Recovered) -> None:
    owner = f", begun on {one.owner.host}" if one.owner is not None else ""
    click.echo(visible(f"{one.file}{owner}: {BECAME.get(one.suffix, one.suffix)}"))
