"""Every event as one line of JSON, as `schemas/event.schema.json` describes it."""

from __future__ import annotations

import json
from datetime import datetime
from json.encoder import encode_basestring
from typing import TextIO

from mailjobs import clock
from mailjobs.events import MessageSettled, Sink, Stamped
from mailjobs.report.visible import visible_json

MOST_HELD = 64  # lines about single messages that are written together
LONGEST_HELD = 0.2  # seconds


class JsonLines(Sink):
    """Writes to `out`, a line an event. In a batch the lines about single messages are held for a moment."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._held: list[str] = []
        self._due = 0.0
        self._time: datetime | None = None
        self._stamp = ""

    def __call__(self, stamped: Stamped) -> None:
        event = stamped.event
        if isinstance(event, MessageSettled):
            self._held.append(self._told(stamped, event))
            if len(self._held) < MOST_HELD and clock.monotonic() < self._due:
                return
        else:
            self._held.append(json.dumps(stamped.as_dict(), ensure_ascii=False, default=str))
        self._write()

    def _write(self) -> None:
        lines = "\n".join(self._held)
        self._held.clear()
        self._due = clock.monotonic() + LONGEST_HELD
        self._out.write(visible_json(lines) + "\n")
        self._out.flush()

    def _told(self, stamped: Stamped, event: MessageSettled) -> str:
        """As `json.dumps` writes it, in a tenth of the time: there is one for each recipient of a batch."""
        if stamped.time is not self._time:  # those of one moment come together
            self._time = stamped.time
            self._stamp = _stamp(stamped)
        row = "null" if event.row is None else event.row
        return (
            f'{self._stamp}"row": {row}, "recipient": {_text(event.recipient)}, "state": "{event.state}", '
            f'"reply": {_text(event.reply)}}}'
        )


def _stamp(stamped: Stamped) -> str:
    time = stamped.time.isoformat(timespec="milliseconds")
    return (
        f'{{"kind": "MessageSettled", "time": "{time}", "run": {_text(stamped.run)}, "step": {_text(stamped.step)}, '
        f'"server": {_text(stamped.server)}, '
    )


def _text(text: str | None) -> str:
    return "null" if text is None else encode_basestring(text)
