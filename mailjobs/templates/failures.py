"""What goes wrong in a template, in the user's words and with the line of the template."""

from __future__ import annotations

import difflib
import linecache
import re
from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Any

import jinja2
from jinja2.exceptions import TemplateError, TemplateNotFound, TemplateSyntaxError, UndefinedError

from mailjobs.errors import DataError, JobError, Place, Problem
from mailjobs.model import Template
from mailjobs.templates.undefined import Unknown, explain

# Whatever a template can make Python raise: wrong types and values, recursion, numbers, sandbox violations.
RENDER_FAILURES = (
    TemplateError, TypeError, ValueError, ArithmeticError, LookupError, AttributeError, RuntimeError, MemoryError,
)  # fmt: skip
COMPILE_FAILURES = (TemplateError, RecursionError, MemoryError, SyntaxError, ValueError)

_NO_SUCH = re.compile(r"No (filter|test) named '([^']*)'")


def at_line(template: Template, line: int) -> tuple[Place, str | None]:
    """The place of a line (from 1) of `template`, and its text."""
    return template.shown(line)


def compile_failure(error: BaseException, template: Template, known: Mapping[str, Iterable[str]]) -> JobError:
    """An error of compiling as JobError. `known` has the names of filters and tests."""
    if isinstance(error, JobError):
        return error
    if not isinstance(error, TemplateSyntaxError):
        words = str(error) if isinstance(error, TemplateError) else "it nests too deeply or has too large a number"
        return JobError.of([_problem(template, f"cannot read the template: {words}", 1, None, None)])
    words = (error.message or "").rstrip(".")
    return JobError.of([_problem(template, f"template: {words}", error.lineno, error.filename, _near(words, known))])


def _near(words: str, known: Mapping[str, Iterable[str]]) -> str | None:
    found = _NO_SUCH.search(words)
    if found is None:
        return None
    near = difflib.get_close_matches(found[2], [name for name in known[found[1]] if " " not in name], n=1)
    return f"did you mean '{near[0]}'?" if near else None


def render_failure(
    error: BaseException, template: Template, compiled: jinja2.Template | None, scope: Mapping[str, Any]
) -> JobError:
    """An error of rendering: DataError where a row was in scope, else JobError."""
    line, file = _spot(error.__traceback__, compiled)
    words, hint = _words(error, scope)
    if isinstance(error, TemplateSyntaxError):
        line, file = error.lineno, error.filename
    kind = DataError if "row" in scope else JobError
    return kind.of([_problem(template, words, line, file, hint)])


def _words(error: BaseException, scope: Mapping[str, Any]) -> tuple[str, str | None]:
    if isinstance(error, UndefinedError) and isinstance(error.args[0], Unknown):
        return explain(error.args[0], scope)
    if isinstance(error, RecursionError):
        return "the template nests too deeply", None
    if isinstance(error, TemplateNotFound):
        return str(error.message), None
    if isinstance(error, KeyError):
        return f"there is no {error}", None
    return str(error) or type(error).__name__, None


def _spot(trace: TracebackType | None, compiled: jinja2.Template | None) -> tuple[int, str | None]:
    """The innermost line of a template on the stack: its number, and its file where it is an included one."""
    line, file = 1, None
    while trace is not None:
        found = trace.tb_frame.f_globals.get("__jinja_template__")
        if isinstance(found, jinja2.Template):
            line = found.get_corresponding_lineno(trace.tb_lineno)
            file = None if found is compiled else found.filename
        trace = trace.tb_next
    return line, file


def _problem(template: Template, words: str, line: int, file: str | None, hint: str | None) -> Problem:
    if file is None or file == "<template>":
        place, source = at_line(template, line)
    else:
        place, source = Place(file, line, 1, template.place.path), linecache.getline(file, line).rstrip("\r\n") or None
        hint = hint or f"used at {template.place}"
    return Problem(words, place, source=source, hint=hint)
