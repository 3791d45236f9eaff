"""Which sinks a run gets. Files are opened before anything runs, so that a run never ends without its record."""

from __future__ import annotations

import sys
from contextlib import ExitStack, suppress
from typing import TextIO

from mailjobs.errors import ExitStatus, OutputError
from mailjobs.events import Sink, Stamped
from mailjobs.frozen import frozen

STANDARD = "standard output"


class Lasting(Sink):
    """Passes events to `inner` for as long as those can be written.

    A run under way is not given up because its record cannot be kept: what was sent would not be known then.
    `failure` is what happened, for the end.
    """

    def __init__(self, inner: Sink, name: str) -> None:
        self.hears = inner.hears  # type: ignore[misc]
        self.failure: OutputError | None = None
        self._inner = inner
        self._name = name

    def __call__(self, stamped: Stamped) -> None:
        if self.failure is not None:
            return
        try:
            self._inner(stamped)
        except OSError as error:
            self.failure = OutputError(f"cannot write {self._name}: {error.strerror}")
            self.failure.exit_status = ExitStatus.IOERR


@frozen
class Listening:
    """What the options of `run` ask for: "-" is stderr for a trace, stdout for events."""

    quiet: bool = False
    verbose: bool = False
    trace: str | None = None
    events: str | None = None


def sinks(listening: Listening, stack: ExitStack) -> list[Lasting]:
    """The sinks, their files kept open by `stack`. Raises OutputError."""
    found: list[Lasting] = []
    if not listening.quiet:
        from mailjobs.report.colour import style_for
        from mailjobs.report.console import Console

        out = sys.stderr if listening.events == "-" else sys.stdout
        found.append(Lasting(Console(out, style_for(out), listening.verbose), STANDARD))
    if listening.trace is not None:
        from mailjobs.report.trace import TraceWriter

        found.append(_lasting(TraceWriter(_open(listening.trace, sys.stderr, stack)), listening.trace))
    if listening.events is not None:
        from mailjobs.report.json_lines import JsonLines

        found.append(_lasting(JsonLines(_open(listening.events, sys.stdout, stack)), listening.events))
    return found


def _lasting(sink: Sink, path: str) -> Lasting:
    return Lasting(sink, STANDARD if path == "-" else path)


def _open(path: str, standard: TextIO, stack: ExitStack) -> TextIO:
    if path == "-":
        return standard
    try:
        file = open(path, "w", encoding="utf-8", errors="backslashreplace")  # noqa: SIM115 the stack closes it
    except (OSError, ValueError) as error:
        raise OutputError(f"cannot write {path}: {getattr(error, 'strerror', error)}") from None
    stack.callback(_close, file)
    return file


def _close(file: TextIO) -> None:
    """Every line was flushed already; what could not be is told by then."""
    with suppress(OSError):
        file.close()
