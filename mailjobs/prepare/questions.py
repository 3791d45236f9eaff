"""The commands that verify, expand and command steps say; what can be known of them before a run."""

from __future__ import annotations

from collections.abc import Callable

from mailjobs.errors import JobError, Problem
from mailjobs.model import Command, Expand, Step, Template, Verify
from mailjobs.smtp import Command as Wire
from mailjobs.smtp import Expn, Raw, Vrfy


def asking(step: Step) -> tuple[Template, Callable[[str], Wire]] | None:
    """The text of what a step asks, and what makes a command of it; None for a step that asks nothing.

    The latter raises ValueError for text that cannot be said.
    """
    match step.action:
        case Verify(address=template):
            return template, lambda text: Vrfy(text, smtputf8=not text.isascii())
        case Expand(list=template):
            return template, Expn
        case Command(line=template):
            return template, Raw
        case _:
            return None


def wire(template: Template, text: str, make: Callable[[str], Wire]) -> Wire:
    """The command for `text`. Raises JobError at the place of the template."""
    try:
        return make(text)
    except ValueError as error:
        raise JobError.of([Problem(str(error), *template.shown())]) from None


def check_literal(step: Step) -> None:
    """Raises JobError where a step asks, without a hole in it, what cannot be said."""
    found = asking(step)
    if found is not None and "{" not in found[0].source:
        wire(found[0], found[0].source, found[1])
