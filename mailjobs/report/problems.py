"""Problems of a job as a person reads them: place, reason, the line itself with a caret, the next step."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mailjobs.errors import Problem
from mailjobs.report.visible import visible

WIDEST = 160  # of a source line that is shown


def problem_lines(problem: Problem) -> Iterator[str]:
    """`file:line:column: path: what is wrong (hint)`, then the source line and a caret below the spot."""
    label = "warning: " if problem.severity == "warning" else ""
    where = f"{problem.place}: " if problem.place else ""
    path = f"{problem.place.path}: " if problem.place and problem.place.path else ""
    hint = f" ({problem.hint})" if problem.hint else ""
    yield visible(f"{where}{label}{path}{problem.message}{hint}")
    if problem.source and problem.place and problem.place.column:
        yield from _caret(problem.source, problem.place.column)


def _caret(source: str, column: int) -> Iterator[str]:
    start = max(column - WIDEST // 2, 1) if len(source) > WIDEST else 1
    shown = source[start - 1 : start - 1 + WIDEST].rstrip()
    if not shown:
        return
    shown = "".join(char if char.isprintable() or char == "\t" else "\N{REPLACEMENT CHARACTER}" for char in shown)
    pad = "".join("\t" if char == "\t" else " " * _width(char) for char in shown[: column - start])
    yield f"    {shown}"
    yield f"    {pad}^"


def _width(char: str) -> int:
    """How many places a character takes on a terminal."""
    if char.isascii():
        return 1
    from unicodedata import combining, east_asian_width

    return 0 if combining(char) else 2 if east_asian_width(char) in "WF" else 1


def problems_text(problems: Iterable[Problem]) -> str:
    """All of them, one below the other."""
    return "\n".join(line for problem in problems for line in problem_lines(problem))
