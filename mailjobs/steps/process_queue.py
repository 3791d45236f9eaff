"""`process_queue`: send what is queued in a directory."""

from __future__ import annotations

from mailjobs.model import ProcessQueue
from mailjobs.steps.context import Context, Output


def perform(context: Context) -> Output:
    """sent, deferred, failed and unknown, each with file and reply; what of the queue is left."""
    action = context.step.action
    assert isinstance(action, ProcessQueue)
    from mailjobs.steps.processing import process  # a job without a queue needs none of it

    return process(context, action)
