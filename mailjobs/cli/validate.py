"""`mailjobs validate`."""

from __future__ import annotations

import json

import click

from mailjobs.cli.actions import annotate
from mailjobs.cli.load import Changes, changing, load
from mailjobs.errors import ExitStatus, FileError, JobError, Problem, SetupError
from mailjobs.prepare import cautions, check_job
from mailjobs.report.problems import problems_text
from mailjobs.report.visible import visible, visible_json


@click.command("validate")
@click.argument("jobs", nargs=-1, required=True, metavar="JOB...")
@changing
@click.option(
    "--format", "format_", type=click.Choice(["text", "json", "github"]), default="text", help="How to print problems."
)
@click.option("--quiet", "-q", is_flag=True, help="Say nothing where all is well.")
def command(jobs: tuple[str, ...], changes: Changes, format_: str, quiet: bool) -> int:
    """Check jobs: schema, references, files, templates and what they use. Connects to nothing.

    \b
    Example:
      mailjobs validate *.yaml
    """
    status = int(ExitStatus.OK)
    found: list[Problem] = []
    for path in jobs:
        problems, failed = _problems(path, changes)
        found += problems
        status = max(status, failed)
        if format_ == "github":
            annotate(problems)
        if format_ == "text":
            _print(path, problems, failed, quiet)
    if format_ == "json":
        click.echo(visible_json(json.dumps([_as_dict(problem) for problem in found], indent=2, ensure_ascii=False)))
    return status


def _problems(path: str, changes: Changes) -> tuple[list[Problem], int]:
    """What is wrong, warnings too, and the exit status."""
    try:
        loaded = load(path, changes, strict=False)
    except (JobError, FileError, SetupError) as error:
        alone = Problem(error.message, error.place, hint=error.hint, code=error.code)
        return list(error.problems or [alone]), int(error.exit_status)
    wrong = check_job(loaded.job)
    return [*loaded.warnings, *cautions(loaded.job), *wrong], int(ExitStatus.DATAERR if wrong else ExitStatus.OK)


def _print(path: str, problems: list[Problem], failed: int, quiet: bool) -> None:
    if problems:
        click.echo(problems_text(problems), err=True)
    if not failed and not quiet:
        click.echo(visible(f"{path}: ok"))


def _as_dict(problem: Problem) -> dict[str, object]:
    place = problem.place
    where = {"file": place.file, "line": place.line, "column": place.column, "path": place.path} if place else {}
    told = {"severity": problem.severity, "message": problem.message, "hint": problem.hint, "code": problem.code}
    return {**where, **told}
