"""`expand`: the members of a list (EXPN, RFC 5321 section 3.5)."""

from __future__ import annotations

import re

from mailjobs import events
from mailjobs.smtp import Reply
from mailjobs.steps.context import Context, Output, reply_dict
from mailjobs.steps.expectation import unmet
from mailjobs.steps.question import asked

USUAL = ("2xx",)
MEMBER = re.compile(r"(?P<name>.*?)\s*<(?P<address>[^<>]*)>\s*$")


def perform(context: Context) -> Output:
    """members: each a name (may be empty) and an address."""
    _, command = asked(context)
    conversation = context.connection()
    reply = conversation.ask(command)
    members = [_member(line) for line in _texts(reply)] if reply.positive else []
    for member in members:
        context.publish(events.Expand(member["address"], member["name"]))
    error = unmet(context.step.expect, reply, USUAL, "EXPN", conversation)
    count = f"{len(members)} member{'' if len(members) == 1 else 's'}"
    return Output({"members": members, "reply": reply_dict(reply)}, count, error, reply)


def _texts(reply: Reply) -> list[str]:
    return [line for line in reply.text.split("\n") if line.strip()]


def _member(line: str) -> dict[str, str]:
    """`Name <a@b>`, `<a@b>` or `a@b`; a name may be quoted."""
    line = re.sub(r"^\d\.\d{1,3}\.\d{1,3}\s+", "", line)
    found = MEMBER.match(line)
    if found is None:
        return {"address": line.strip(), "name": ""}
    return {"address": found["address"], "name": found["name"].strip('"')}
