"""How far a batch is, in one line at the foot of a terminal."""

from __future__ import annotations

from typing import Any, ClassVar, TextIO

from mailjobs import events
from mailjobs.events import Event, Sink, Stamped


class ProgressLine(Sink):
    """Draws on `out`, a terminal, by rich. It starts no thread.

    The line goes away before anything else is printed, so this sink has to come before those that print; with
    `verbose` they print every recipient.
    """

    hears: ClassVar[frozenset[type[Event]] | None] = frozenset(
        {events.BatchProgress, events.StepFinished, events.MessageSettled, events.Error, events.ConnectionStatus}
    )

    def __init__(self, out: TextIO, verbose: bool = False) -> None:
        self._out = out
        self._verbose = verbose
        self._bar: Any = None
        self._task: Any = None

    def __call__(self, stamped: Stamped) -> None:
        match stamped.event:
            case events.BatchProgress() as event:
                self._draw(event)
            case events.MessageSettled(state="accepted") | events.ConnectionStatus() if not self._verbose:
                pass
            case _:
                self._clear()

    def _draw(self, event: events.BatchProgress) -> None:
        if self._bar is None:
            self._begin(event.total)
        self._bar.update(self._task, completed=event.done, total=event.total, told=told(event), refresh=True)

    def _begin(self, total: int) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

        columns = (BarColumn(bar_width=24), MofNCompleteColumn(), TextColumn("{task.fields[told]}"))
        console = Console(file=self._out, force_terminal=True)
        self._bar = Progress(*columns, console=console, transient=True, auto_refresh=False, redirect_stdout=False)
        self._bar.start()
        self._task = self._bar.add_task("", total=total, told="")

    def _clear(self) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None


def told(event: events.BatchProgress) -> str:
    """Such as `412/s, 0:03:12 left, 3 rejected`."""
    parts = [f"{event.rate:.0f}/s" if event.rate >= 10 else f"{event.rate:.1f}/s"]
    if event.remaining is not None:
        seconds = round(event.remaining)
        parts.append(f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02} left")
    parts += [f"{count} {state}" for state, count in event.states.items() if count and state != "accepted"]
    return ", ".join(parts)
