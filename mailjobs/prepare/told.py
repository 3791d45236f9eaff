"""Problems of which the first are told one by one, and the others counted."""

from __future__ import annotations

from collections.abc import Sequence

from mailjobs.errors import Problem
from mailjobs.rows import Row

SHOWN = 20  # rows


class Told:
    """Of rows that have something in common: `others` are those that are only counted, in words."""

    def __init__(self, others: str, severity: str) -> None:
        self._others = others
        self._severity = severity
        self._first: list[Problem] = []
        self._codes: set[int | None] = set()
        self.count = 0

    def add(self, problems: Sequence[Problem]) -> None:
        """What is wrong with one more row."""
        self.count += 1
        self._codes.update([problem.code for problem in problems])
        if self.count <= SHOWN:
            self._first += problems

    def problems(self, behind: str = "") -> list[Problem]:
        """All of them, with some words behind each. That which stands for the others has the code that all have."""
        told = [problem._replace(message=problem.message + behind) for problem in self._first]
        more = self.count - SHOWN
        if more > 0:
            code = next(iter(self._codes)) if len(self._codes) == 1 else None
            told.append(Problem(f"and {more} {self._others}", code=code))
        return [problem._replace(severity=self._severity) for problem in told]


def where_of(row: Row) -> str:
    """Such as `row 3 (line 4)`."""
    return f"row {row.number} (line {row.line})" if row.line else f"row {row.number}"


def in_row(problem: Problem, row: Row) -> Problem:
    """The problem, with its row."""
    return problem._replace(message=f"{where_of(row)}: {problem.message}")
