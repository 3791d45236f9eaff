"""What GitHub Actions gets to see of a run, where it is what runs us: annotations, a summary, outputs."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from mailjobs.errors import Problem
    from mailjobs.model import Job
    from mailjobs.run import RunRecord


def on_actions() -> bool:
    """Whether this is a step of a workflow."""
    return os.environ.get("GITHUB_ACTIONS") == "true"


def annotate(problems: Iterable[Problem]) -> None:
    """Annotations of what is wrong in a job. On stderr: standard output is for results."""
    from mailjobs.report.github import problem_annotation

    for problem in problems:
        click.echo(problem_annotation(problem), err=True)


def tell_actions(records: Sequence[RunRecord], jobs: Sequence[Job]) -> None:
    """Annotations of what failed, the step's summary and its outputs. What cannot be written is told, and no more."""
    from mailjobs.report.github import outputs, run_annotations
    from mailjobs.report.markdown import as_markdown

    for record, job in zip(records, jobs, strict=False):
        for line in run_annotations(record, job):
            click.echo(line, err=True)
    _append("GITHUB_STEP_SUMMARY", as_markdown(records))
    _append("GITHUB_OUTPUT", outputs(records))


def _append(variable: str, text: str) -> None:
    path = os.environ.get(variable)
    if not path:
        return
    try:
        with open(path, "a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
    except OSError as error:
        click.echo(f"mailjobs: cannot write {path} ({variable}): {error.strerror}", err=True)
