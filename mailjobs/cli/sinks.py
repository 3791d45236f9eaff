"""Which sinks a run gets. Files are opened before anything runs, so that a run never ends without its record."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TextIO

from mailjobs.errors import OutputError
from mailjobs.events import Sink


@dataclass(frozen=True, slots=True)
class Listening:
    """What the options of `run` ask for: "-" is stderr for a trace, stdout for events."""

    quiet: bool = False
    verbose: bool = False
    trace: str | None = None
    events: str | None = None


def sinks(listening: Listening, stack: ExitStack) -> list[Sink]:
    """The sinks, their files kept open by `stack`. Raises OutputError."""
    found: list[Sink] = []
    if not listening.quiet:
        from mailjobs.report.colour import style_for
        from mailjobs.report.console import Console

        out = sys.stderr if listening.events == "-" else sys.stdout
        found.append(Console(out, style_for(out), listening.verbose))
    if listening.trace is not None:
        from mailjobs.report.trace import TraceWriter

        found.append(TraceWriter(_open(listening.trace, sys.stderr, stack)))
    if listening.events is not None:
        from mailjobs.report.json_lines import JsonLines

        found.append(JsonLines(_open(listening.events, sys.stdout, stack)))
    return found


def _open(path: str, standard: TextIO, stack: ExitStack) -> TextIO:
    if path == "-":
        return standard
    try:
        return stack.enter_context(open(path, "w", encoding="utf-8"))
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror}") from None
