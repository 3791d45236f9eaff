"""Errors of a message's fields: they name the field, and stand at its place in the job."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from mailjobs.errors import DataError, EncodingError, JobError, Problem
from mailjobs.model import Template

NO_SENDER = 164
NO_RECIPIENT = 165

T = TypeVar("T")


def complaint(
    words: str,
    template: Template,
    scope: Mapping[str, Any] | None,
    line: int = 1,
    code: int | None = None,
    hint: str | None = None,
) -> JobError:
    """What is wrong with a field: DataError where a row was filled in, else JobError. `line` is the template's."""
    place, source = template.shown(line)
    kind = DataError if scope is not None and "row" in scope else JobError
    return kind.of([Problem(words, place, source=source, hint=hint, code=code)])


def named(field: str, error: JobError) -> JobError:
    """The error of a template, with the field that it belongs to."""
    problems = [problem._replace(message=f"{field}: {problem.message}") for problem in error.problems]
    return type(error).of(problems)


def unencodable(field: str, error: UnicodeEncodeError, template: Template) -> JobError:
    """A character that the charset has no bytes for: in UTF-8 that is half of one."""
    found = ord(error.object[error.start])
    words = f"{field}: U+{found:04X} is half of a character and cannot be sent"
    if not 0xD800 <= found <= 0xDFFF:
        words = f"{field}: the charset has no {chr(found)!r} (U+{found:04X})"
    return EncodingError.of([Problem(words, template.place, code=EncodingError.code)])


def attempt(problems: list[Problem], make: Callable[[], T]) -> T | None:
    """What `make` makes, or None, with the problems of its JobError added to `problems`."""
    try:
        return make()
    except JobError as error:
        problems.extend(error.problems)
        return None
