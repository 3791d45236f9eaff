"""`verify`: what the server says of an address (VRFY, RFC 5321 section 3.5)."""

from __future__ import annotations

from mailjobs.steps.context import Context, Output, reply_dict
from mailjobs.steps.expectation import unmet
from mailjobs.steps.question import asked

USUAL = ("2xx",)
STATUS = {250: "exists", 251: "forward", 252: "cannot-vrfy", 550: "unknown", 551: "forward", 553: "ambiguous"}
NOT_KNOWN = (500, 502, 504)  # the server has no VRFY, which says nothing of the address


def perform(context: Context) -> Output:
    """status (exists, cannot-vrfy, ambiguous, forward, unknown), address and reply."""
    address, command = asked(context)
    conversation = context.connection()
    reply = conversation.ask(command)
    status = STATUS.get(reply.code)
    error = unmet(context.step.expect, reply, USUAL, "VRFY", conversation)
    if error is not None and reply.code in NOT_KNOWN:
        error.message = f"this server does not answer VRFY: {reply}"
        error.hint = "'expect: any' where that is no failure"
    result = {"status": status, "address": address, "reply": reply_dict(reply)}
    return Output(result, f"{status or 'no answer'} ({reply})", error, reply)
