"""Where in the job a character of an address text stands, as far as that is certain."""

from __future__ import annotations

import re
from typing import NamedTuple

from mailjobs.errors import Problem
from mailjobs.model import Template
from mailjobs.templates.holes import PLACEHOLDER

_HOLE = re.compile(r"\{\{.*?\}\}", re.DOTALL)


class Spot(NamedTuple):
    """`line` is the template's, from 1; `column` the job's, from 1. `character` is for an error's words, from 1, where
    the place cannot show it. 0 is unknown."""

    template: Template
    line: int = 1
    column: int = 0
    character: int = 0

    def put(self, problem: Problem) -> Problem:
        """`problem` at this column of the line where it stands."""
        if not self.column or problem.place is None:
            return problem
        return problem._replace(place=problem.place._replace(column=self.column))


def spot(template: Template, text: str, at: int | None) -> Spot:
    """The spot of character `at` (from 0) of `text`, which the template gave, with placeholders for its holes."""
    found = None if at is None else _in_source(template.source, text, at)
    if found is None:
        return Spot(template)
    if template.start == template.place:  # which line of the file it is, only a block scalar tells
        column = _column(template, found)
        return Spot(template, 1, column, 0 if column else found + 1)
    begin = template.source.rfind("\n", 0, found) + 1
    return Spot(template, template.source.count("\n", 0, found) + 1, 0, found - begin + 1)


def _in_source(source: str, text: str, at: int) -> int | None:
    """Where character `at` of `text` stands in `source`; None where more than filled holes lies between the two."""
    if source == text:
        return at
    holes = list(_HOLE.finditer(source))
    filled = list(PLACEHOLDER.finditer(text))
    if _HOLE.split(source) != PLACEHOLDER.sub("\0", text).split("\0") or len(holes) != len(filled):
        return None
    shift = 0
    for hole, value in zip(holes, filled, strict=True):
        if at < value.end():
            return hole.start() if at >= value.start() else at + shift
        shift = hole.end() - value.end()
    return at + shift


def _column(template: Template, offset: int) -> int:
    """The column in the job, where the text stands on one line of it exactly as it is; else 0."""
    line = template.line() if template.line is not None and template.start == template.place else None
    begin = template.place.column - 1
    if line is None or begin < 0 or "\n" in template.source:
        return 0
    if line[begin : begin + 1] in ("'", '"'):
        begin += 1
    return begin + offset + 1 if line.startswith(template.source, begin) else 0
