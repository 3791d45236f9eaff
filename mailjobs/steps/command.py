"""`command`: one line as it stands, and the whole reply."""

from __future__ import annotations

from mailjobs.steps.context import Context, Output, reply_dict
from mailjobs.steps.expectation import unmet
from mailjobs.steps.question import asked

USUAL = ("2xx", "3xx")


def perform(context: Context) -> Output:
    """Say the line; a 4xx or 5xx fails the step unless `expect` names it."""
    line, raw = asked(context)
    conversation = context.connection()
    reply = conversation.ask(raw)
    verb = line.split(" ")[0].upper()
    return Output(
        {"reply": reply_dict(reply)}, str(reply), unmet(context.step.expect, reply, USUAL, verb, conversation), reply
    )
