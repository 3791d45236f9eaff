"""Errors as problems, for those who tell all that is wrong and not the first thing alone."""

from __future__ import annotations

from collections.abc import Callable

from mailjobs.errors import FileError, JobError, Problem


def caught(action: Callable[[], object]) -> list[Problem]:
    """What `action` says is wrong with the job, its data or its files."""
    try:
        action()
    except JobError as error:
        return list(error.problems)
    except FileError as error:
        return [Problem(error.message, error.place, hint=error.hint, code=error.code)]
    return []
