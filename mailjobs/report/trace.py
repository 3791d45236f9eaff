"""The conversation line by line, as `--trace` shows it. Content and secrets never reach it."""

from __future__ import annotations

from typing import ClassVar, TextIO

from mailjobs import events
from mailjobs.events import Event, Sink, Stamped
from mailjobs.report.visible import visible

MARKS = {"client": "C:", "server": "S:", "info": "--"}


class TraceWriter(Sink):
    """Writes each line with its time and server to `out`."""

    hears: ClassVar[frozenset[type[Event]] | None] = frozenset(
        {events.Trace, events.TLSStatus, events.ConnectionStatus}
    )

    follows_batches: ClassVar[bool] = True

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def __call__(self, stamped: Stamped) -> None:
        match stamped.event:
            case events.Trace(direction=direction, line=line):
                shown = f"{MARKS[direction]} {line}"
            case events.TLSStatus(message=message):
                shown = f"-- {message}"
            case events.ConnectionStatus(event=what, description=description):
                shown = f"-- {what} {description}".rstrip()
            case _:
                return
        time = stamped.time.strftime("%H:%M:%S.%f")[:-3]
        self._out.write(f"{time} {stamped.server or '-'} {visible(shown)}\n")
        self._out.flush()
