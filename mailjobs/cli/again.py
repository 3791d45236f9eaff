"""The options of `run` and `plan` that say which rows are meant, and what is to be done with what was sent before."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from mailjobs.cli.narrowing import narrowing, redirecting
from mailjobs.errors import Interrupted
from mailjobs.prepare import Choice
from mailjobs.prepare.wishes import Wishes

CHOICES = (
    narrowing("--step", metavar="ID", help="Run the step with this id alone."),
    narrowing("--limit", type=click.IntRange(1), metavar="N", help="Send the first N rows of each batch alone."),
    narrowing("--only", multiple=True, metavar="KEY", help="Send the row with this key alone. Several are possible."),
    redirecting,
    click.option("--again", is_flag=True, help="Send again what a run has sent; begin anew."),
    click.option("--accept-changes", is_flag=True, help="Go on although the job or its data changed."),
    click.option("--retry-failed", is_flag=True, help="Send to those who were rejected, too."),
    click.option("--retry-unknown", is_flag=True, help="Send to those of whom nobody knows whether they got it, too."),
    click.option(
        "--state-dir", type=click.Path(path_type=Path), metavar="DIR", help="Where runs are kept (.mailjobs)."
    ),
)


def choosing(command: Callable[..., int]) -> Callable[..., int]:
    """Give a command these options; `step` is the command's own affair, `how` takes the others."""
    for option in reversed(CHOICES):
        command = option(command)
    return command


def how(
    limit: int | None,
    only: tuple[str, ...],
    redirect_to: str | None,
    state_dir: Path | None,
    yes: bool = False,
    resume: bool = True,
    **wishes: bool,
) -> dict[str, Any]:
    """The fields of `run.Options`. `resume` is what happens anyway."""
    return {
        "choice": Choice(limit, only, redirect_to),
        "wishes": Wishes(**wishes),
        "state_dir": state_dir,
        "agreed": lambda recipients: yes or _ask(recipients),
    }


def _ask(recipients: int) -> bool:
    """Whether a person at a terminal says yes."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return False
    try:
        return click.confirm(f"Send to {recipients} recipients?", default=False, err=True)
    except Interrupted:
        click.echo(err=True)  # what follows is no answer to the question
        raise
