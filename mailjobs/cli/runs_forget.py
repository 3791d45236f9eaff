"""`mailjobs runs forget`."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from mailjobs import clock
from mailjobs.cli.which_runs import folder_of, named, none, of_a_job
from mailjobs.errors import FileError, UsageError
from mailjobs.ledger import PastRun, StateFolder, counted, forget, forget_all, look
from mailjobs.report import runs
from mailjobs.report.visible import visible

AGE = re.compile(r"([0-9]{1,5})([mhdw])")
UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
FEW = 20


@click.command("forget")
@of_a_job
@click.argument("given", nargs=-1, metavar="[RUN]...")
@click.option("--before", metavar="DATE|AGE", help="Those that began before: 2026-01-31 (UTC), or 90d ago.")
@click.option("--all", "everything", is_flag=True, help="All runs.")
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
def command(
    job: Path, state_dir: Path | None, given: tuple[str, ...], before: str | None, everything: bool, yes: bool
) -> int:
    """Remove runs of JOB, with the data that they keep. What they delivered may be sent again afterwards.

    \b
    Example:
      mailjobs runs forget job.yaml --before 90d
    """
    if bool(given) + (before is not None) + everything != 1:
        raise UsageError("say which runs: RUN, --before or --all, one of them")
    moment = _moment(before) if before is not None else None
    folder = folder_of(job, state_dir)
    chosen = _chosen(job, folder, given, moment)
    if not chosen and not (everything and os.path.exists(folder.path)):
        click.echo(visible(f"{job}: no run to forget is kept in {folder.path}"), err=True)
        return 0
    with _held(folder):  # while it is asked nothing is begun that the answer is not about
        if chosen and not yes:
            _confirm(folder, chosen)
        _forget(folder, chosen, everything)
    return 0


def _chosen(job: Path, folder: StateFolder, given: Sequence[str], moment: datetime | None) -> list[PastRun]:
    found = look(folder)
    if not given:
        return [one for one in found if moment is None or one.run.started < moment]
    if not found:
        raise FileError(none(job, folder))
    meant = [named(found, one) for one in given]
    return list({one.id: one for one in meant}.values())


def _moment(text: str) -> datetime:
    """`2026-01-31`, `2026-01-31T12:00` (UTC where no zone is named), or how long ago: `90d`."""
    if age := AGE.fullmatch(text):
        return clock.now() - timedelta(**{UNITS[age[2]]: int(age[1])})
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(
            f"--before takes a date or an age, not '{text}'", hint="such as 2026-01-31, 2026-01-31T12:00, 90d, 12h, 4w"
        ) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _confirm(folder: StateFolder, chosen: Sequence[PastRun]) -> None:
    """Raises UsageError where nobody at a terminal says yes."""
    words = "1 run" if len(chosen) == 1 else f"{len(chosen)} runs"
    if sys.stdin.isatty() and sys.stderr.isatty():
        for line in _named_in_question(folder, chosen):
            click.echo(visible(line), err=True)
        question = f"Forget {words}? What was delivered may be sent again afterwards."
        if click.confirm(question, default=False, err=True):
            return
    raise UsageError(f"{words} would be forgotten, and nobody has confirmed that", hint="--yes forgets")


def _named_in_question(folder: StateFolder, chosen: Sequence[PastRun]) -> Iterator[str]:
    """The runs; of many, those that are not done with."""
    for one in chosen:
        counted(folder, one)
        if len(chosen) <= FEW or one.state != "finished" or one.run.total("unknown"):
            yield f"  {runs.heading(one)}: {runs.became(one)}"


def _forget(folder: StateFolder, chosen: Sequence[PastRun], everything: bool) -> None:
    if everything:
        forget_all(folder, [one.id for one in chosen])
    else:
        for one in chosen:
            forget(folder, one.id)
    click.echo(visible(f"Forgotten: {', '.join(one.id for one in chosen) or 'what was left of runs that never began'}"))


@contextmanager
def _held(folder: StateFolder) -> Iterator[None]:
    folder.lock()
    try:
        yield
    finally:
        folder.unlock()
