"""The step kinds. Adding one: one file here, one line in this table, one action in the model and the schema."""

from __future__ import annotations

from collections.abc import Callable

from mailjobs.steps import command, connect, disconnect, expand, process_queue, queue, send, verify
from mailjobs.steps.context import Context, Output

STEPS: dict[str, Callable[[Context], Output]] = {
    "connect": connect.perform,
    "send": send.perform,
    "queue": queue.perform,
    "process_queue": process_queue.perform,
    "verify": verify.perform,
    "expand": expand.perform,
    "command": command.perform,
    "disconnect": disconnect.perform,
}
