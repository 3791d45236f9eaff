"""The command that a verify, expand or command step says, made from its template."""

from __future__ import annotations

from mailjobs.prepare.questions import asking, wire
from mailjobs.smtp import Command
from mailjobs.steps.context import Context


def question(context: Context) -> tuple[str, Command] | None:
    """What the step asks, as text and as command; None for a step that asks nothing.

    Raises JobError at the place of the template, for text that cannot be said.
    """
    found = asking(context.step)
    if found is None:
        return None
    template, make = found
    text = context.text(template)
    return text, wire(template, text, make)


def asked(context: Context) -> tuple[str, Command]:
    """As `question`, for a step that does ask."""
    found = question(context)
    assert found is not None, "the table of steps gives this kind a question"
    return found
