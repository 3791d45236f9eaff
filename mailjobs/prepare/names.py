"""Names in templates that cannot exist, told with the nearest that does."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping

from mailjobs.errors import JobError, Problem
from mailjobs.model import Template
from mailjobs.templates import Reference, Templates

RUN_NAMES = ("id", "started", "failed")
Names = Mapping[str, tuple[str, ...] | None]


def unknown_names(templates: Templates, text: Template, names: Names, expression: bool = False) -> Iterator[Problem]:
    """What `text` asks for and nobody has. `names` are the roots it sees, each with what it has (None: anything)."""
    try:
        references = templates.references(text, expression)
    except JobError:
        return  # told by the compiler already
    for reference in sorted(references, key=lambda reference: (reference.line, reference.root, reference.attribute)):
        problem = _problem(reference, names)
        if problem is not None:
            yield problem


def _problem(reference: Reference, names: Names) -> Problem | None:
    root, attribute = reference.root, reference.attribute
    if root not in names:
        close = difflib.get_close_matches(root, names, 1)
        hint = f"did you mean '{close[0]}'?" if close else f"there are: {', '.join(names)}"
        return Problem(f"'{root}' is undefined", reference.place, reference.source, hint)
    known = names[root]
    if not attribute or known is None or attribute in known:
        return None
    hint = _nearest(root, attribute, known)
    return Problem(f"'{root}.{attribute}' is undefined", reference.place, reference.source, hint)


def _nearest(root: str, attribute: str, known: tuple[str, ...]) -> str:
    close = difflib.get_close_matches(attribute, known, 1)
    if close:
        return f"did you mean '{root}.{close[0]}'?"
    if root == "row" and not known:
        return "rows exist where a send has for_each"
    if root == "steps":
        return f"earlier steps with an id: {', '.join(known) or 'none'}"
    return f"there are: {', '.join(known) or 'none'}"
