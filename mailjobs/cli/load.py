"""Load a job as the options of a command say, and the options that commands share."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

import click

from mailjobs.cli.failure import tell
from mailjobs.errors import JobError, MailjobsError, Problem, UsageError
from mailjobs.frozen import frozen
from mailjobs.job import Loaded, load_job
from mailjobs.job.files import MAX_SIZE, job_text, within_bounds
from mailjobs.job.masking import masked
from mailjobs.prepare import check_job
from mailjobs.report.problems import problems_text

Pairs = tuple[tuple[str, str], ...]


@frozen
class Changes:
    """What the command line changes in a job: `--set` and `--var`, as (name, value) pairs, and `--ask-pass`."""

    settings: Pairs = ()
    variables: Pairs = ()
    ask_pass: bool = False


def changing(command: Callable[..., int]) -> Callable[..., int]:
    """Give a command `--set`, `--var` and `--ask-pass`; it takes them as one argument, `changes`."""

    @click.option("--set", "settings", multiple=True, metavar="PATH=YAML", callback=_pairs, help="Set a key.")
    @click.option("--var", "variables", multiple=True, metavar="NAME=TEXT", callback=_pairs, help="Set a variable.")
    @click.option("--ask-pass", is_flag=True, help="Ask for the passwords of servers when they are needed.")
    @wraps(command)
    def changed(*arguments: Any, settings: Pairs, variables: Pairs, ask_pass: bool, **options: Any) -> int:
        return command(*arguments, changes=Changes(settings, variables, ask_pass), **options)

    return changed


def _pairs(ctx: click.Context, option: click.Parameter, values: Sequence[str]) -> Pairs:
    for value in values:
        if "=" not in value or value.startswith("="):
            raise UsageError(f"--{option.opts[0].lstrip('-')} takes NAME=VALUE, not '{masked(value)}'")
    return tuple((name, text) for name, _, text in (value.partition("=") for value in values))


def load(path: str, changes: Changes, strict: bool = True) -> Loaded:
    """The job at `path` ("-": standard input), with `changes`. Raises JobError, FileError, UsageError."""
    text = _standard_input() if path == "-" else None
    variables = dict(changes.variables)
    return load_job(
        path, text=text, settings=changes.settings, variables=variables, strict=strict, ask_pass=changes.ask_pass
    )


def checked(path: str, changes: Changes, strict: bool = True) -> Loaded:
    """As `load`, and its templates are checked too. Raises JobError with all that was found."""
    loaded = load(path, changes, strict)
    problems = check_job(loaded.job)
    if problems:
        raise JobError.of(problems)
    return loaded


def all_checked(jobs: Sequence[str], changes: Changes, step: str | None, quiet: bool) -> list[Loaded] | int:
    """All jobs, checked before the first one runs; the exit status where any is wrong, when all have been told.

    Warnings are told too. Raises UsageError where a job has no such `step`.
    """
    ready, statuses = [], []
    for path in jobs:
        try:
            ready.append(_loaded(path, changes, step, quiet))
        except UsageError:
            raise
        except MailjobsError as error:
            statuses.append(tell(error))
    return statuses[0] if statuses else ready


def _loaded(path: str, changes: Changes, step: str | None, quiet: bool) -> Loaded:
    loaded = checked(path, changes)
    warn(quiet, loaded.warnings)
    ids = [known.id for known in loaded.job.steps if known.id]
    if step is not None and step not in ids:
        raise UsageError(f"no step of {path} has the id '{step}'; there are: {', '.join(ids) or 'none'}")
    return loaded


def warn(quiet: bool, warnings: Sequence[Problem]) -> None:
    """Tell warnings, unless it is to be quiet."""
    if warnings and not quiet:
        click.echo(problems_text(warnings), err=True)


def _standard_input() -> str:
    data = within_bounds(sys.stdin.buffer.read(MAX_SIZE + 1), "standard input")
    return job_text(data, "-")
