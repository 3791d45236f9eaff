"""`command`: one line as it stands, and the whole reply."""

from __future__ import annotations

from mailjobs.errors import JobError
from mailjobs.model import Command
from mailjobs.smtp import Raw
from mailjobs.steps.context import Context, Output, reply_dict
from mailjobs.steps.expectation import unmet

USUAL = ("2xx", "3xx")


def perform(context: Context) -> Output:
    """Say the line; a 4xx or 5xx fails the step unless `expect` names it."""
    action = context.step.action
    assert isinstance(action, Command)
    line = context.text(action.line)
    try:
        raw = Raw(line)
    except ValueError as error:
        raise JobError(str(error), place=action.line.place) from None
    conversation = context.connection()
    reply = conversation.ask(raw)
    verb = line.split(" ")[0].upper()
    return Output(
        {"reply": reply_dict(reply)}, str(reply), unmet(context.step.expect, reply, USUAL, verb, conversation), reply
    )
