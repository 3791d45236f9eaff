"""A dry run: everything is rendered and checked, nothing is said to any server."""

from __future__ import annotations

from typing import Any

from mailjobs.model import ProcessQueue, Queue, Send
from mailjobs.prepare import Found
from mailjobs.prepare.found import counted
from mailjobs.steps import Context, Output
from mailjobs.steps.question import question
from mailjobs.steps.queues import check_queue


class Unknown(dict[str, Any]):
    """What a step would have found out: whatever a template asks of it is unknown too."""

    def __missing__(self, name: str) -> Unknown:
        return Unknown()

    def __str__(self) -> str:
        return "(known when run)"


def dry_output(context: Context, found: Found | None) -> Output:
    """What the step would do; `found` is what its batch has, if it is one."""
    action = context.step.action
    if isinstance(action, Queue | ProcessQueue):
        check_queue(action)
    if isinstance(action, ProcessQueue):
        from mailjobs.steps.due import would_process

        return would_process(context, action)
    if isinstance(action, Send) and found is not None:
        return Output({"messages": found.sendable, "rows": found.rows()}, _would_send_all(action, found))
    if isinstance(action, Send):
        return Output({}, _would_send(context, action))
    asked = question(context)
    return Output({}, f"would say {asked[1].trace()}" if asked else f"would {action.kind}")


def _would_send_all(action: Send, found: Found) -> str:
    count = found.sendable
    before = f"; {found.delivered} recipients have theirs already" if found.delivered else ""
    words = f"{counted(count, 'message')}, one for each row of {action.for_each}{before}{found.remarks()}"
    return f"would {action.kind} {words}"


def _would_send(context: Context, action: Send) -> str:
    outgoing = context.preparation.letter(action, context.scope).outgoing
    people = ", ".join(recipient.address for recipient in outgoing.recipients)
    return f"would {action.kind} {outgoing.size} bytes to {people}"
