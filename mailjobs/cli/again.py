"""The options of `run` that say which rows are meant, and what is to be done with what was sent before."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from mailjobs.ledger import Wishes
from mailjobs.prepare import Choice


def how(
    limit: int | None,
    only: tuple[str, ...],
    redirect_to: str | None,
    resume: bool,
    yes: bool,
    state_dir: Path | None,
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
    return click.confirm(f"Send to {recipients} recipients?", default=False, err=True)
