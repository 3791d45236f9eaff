"""Every event as one line of JSON, as `schemas/event.schema.json` describes it."""

from __future__ import annotations

import json
from typing import TextIO

from mailjobs.events import Sink, Stamped
from mailjobs.report.visible import visible_json


class JsonLines(Sink):
    """Writes to `out`, a line an event."""

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def __call__(self, stamped: Stamped) -> None:
        self._out.write(visible_json(json.dumps(stamped.as_dict(), ensure_ascii=False, default=str)) + "\n")
        self._out.flush()
