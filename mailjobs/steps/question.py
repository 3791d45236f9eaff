"""The command that a verify, expand or command step says, made from its template."""

from __future__ import annotations

from collections.abc import Callable

from mailjobs.errors import JobError
from mailjobs.model import Command, Expand, Template, Verify
from mailjobs.smtp import Command as Wire
from mailjobs.smtp import Expn, Raw, Vrfy
from mailjobs.steps.context import Context


def question(context: Context) -> tuple[str, Wire] | None:
    """What the step asks, as text and as command; None for a step that asks nothing.

    Raises JobError at the place of the template, for text that cannot be said.
    """
    match context.step.action:
        case Verify(address=template):
            return _made(context, template, lambda text: Vrfy(text, smtputf8=not text.isascii()))
        case Expand(list=template):
            return _made(context, template, Expn)
        case Command(line=template):
            return _made(context, template, Raw)
        case _:
            return None


def asked(context: Context) -> tuple[str, Wire]:
    """As `question`, for a step that does ask."""
    found = question(context)
    assert found is not None, "the table of steps gives this kind a question"
    return found


def _made(context: Context, template: Template, make: Callable[[str], Wire]) -> tuple[str, Wire]:
    text = context.text(template)
    try:
        return text, make(text)
    except ValueError as error:
        raise JobError(str(error), place=template.place) from None
