"""Which sinks a run gets. Files are opened before anything runs, so that a run never ends without its record."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from os.path import exists, isfile, realpath, samefile
from pathlib import Path
from typing import TextIO

from mailjobs.errors import ExitStatus, OutputError, UsageError
from mailjobs.events import Sink, Stamped
from mailjobs.frozen import frozen
from mailjobs.model import Job

STANDARD = "standard output"


class Lasting(Sink):
    """Passes events to `inner` for as long as those can be written.

    A run under way is not given up because its record cannot be kept: what was sent would not be known then.
    `failure` is what happened, for the end.
    """

    def __init__(self, inner: Sink, name: str) -> None:
        self.hears = inner.hears  # type: ignore[misc]
        self.follows_batches = inner.follows_batches  # type: ignore[misc]
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


def check_targets(targets: Sequence[str | Path | None], jobs: Sequence[Job]) -> None:
    """Raises UsageError where two records would go to one file, or one into a file of a job."""
    named = [realpath(target) for target in targets if target is not None and str(target) != "-"]
    files = [name for name in named if isfile(name) or not exists(name)]  # a device takes any number of records
    if len(set(files)) < len(files):
        raise UsageError("each of --report, --events and --trace needs a file of its own")
    for file in files:
        if any(exists(file) and exists(own) and samefile(file, own) for job in jobs for own in job.files):
            raise UsageError(f"'{file}' is a file of the job, and would be overwritten")


def sinks(listening: Listening, stack: ExitStack) -> list[Lasting]:
    """The sinks, their files kept open by `stack`. Raises OutputError."""
    found: list[Lasting] = []
    if not listening.quiet:
        from mailjobs.report.colour import style_for
        from mailjobs.report.console import Console

        out = sys.stderr if listening.events == "-" else sys.stdout
        if sys.stderr.isatty():
            from mailjobs.report.progress import ProgressLine

            found.append(Lasting(ProgressLine(sys.stderr, listening.verbose and out.isatty()), "standard error"))
        found.append(Lasting(Console(out, style_for(out), listening.verbose), STANDARD))
    if listening.trace is not None:
        from mailjobs.report.trace import TraceWriter

        found.append(
            _lasting(TraceWriter(_open(listening.trace, sys.__stderr__ or sys.stderr, stack)), listening.trace)
        )
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
