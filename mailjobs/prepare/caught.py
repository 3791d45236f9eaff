"""Errors as problems, for those who tell all that is wrong and not the first thing alone."""

from __future__ import annotations

from collections.abc import Callable

from mailjobs.errors import FileError, JobError, MailjobsError, Problem


def caught(action: Callable[[], object]) -> list[Problem]:
    """What `action` says is wrong with the job, its data or its files."""
    try:
        action()
    except (JobError, FileError) as error:
        return problems_of(error)
    return []


def problems_of(error: MailjobsError) -> list[Problem]:
    """An error as problems; one that has none is one."""
    return list(error.problems) or [Problem(error.message, error.place, hint=error.hint, code=error.code)]
