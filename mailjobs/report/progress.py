"""How far a batch is, in one line at the foot of a terminal."""

from __future__ import annotations

from typing import Any, ClassVar, TextIO

from mailjobs import events
from mailjobs.events import Event, Sink, Stamped

WIDEST_BAR = 24
NARROWEST_BAR = 6


class ProgressLine(Sink):
    """Draws on `out`, a terminal, by rich. It starts no thread.

    The line goes away before anything else is printed, so this sink has to come before those that print. `verbose`:
    every recipient is printed on the same terminal.
    """

    hears: ClassVar[frozenset[type[Event]] | None] = frozenset(
        {
            events.Preflight,
            events.RunStarted,
            events.BatchProgress,
            events.StepFinished,
            events.MessageSettled,
            events.Error,
            events.ConnectionStatus,
        }
    )

    def __init__(self, out: TextIO, verbose: bool = False) -> None:
        self._out = out
        self._verbose = verbose
        self._live: Any = None

    def __call__(self, stamped: Stamped) -> None:
        match stamped.event:
            case events.Preflight(read=read, finished=False):
                self._draw(0, 0, "", f"checking {read:,} rows")
            case events.BatchProgress(done=done, total=total) as event:
                self._draw(done, total, f"{done:,}/{total:,}", told(event))
            case events.MessageSettled(state="accepted") | events.ConnectionStatus() if not self._verbose:
                pass
            case _:
                self._clear()

    def _draw(self, done: int, total: int, count: str, words: str) -> None:
        """A bar where there is room for one, the count whole, and as much of the words as fits."""
        from rich.progress_bar import ProgressBar
        from rich.table import Table
        from rich.text import Text

        live = self._begin()
        room = live.console.width - len(count) - len(words) - 3
        parts: list[Any] = [Text(count, no_wrap=True)] if count else []
        if total and room >= NARROWEST_BAR:
            parts.insert(0, ProgressBar(total, done, width=min(room, WIDEST_BAR)))
        left = live.console.width - len(count) - bool(count) - 1
        parts.append(Text(words if len(words) <= left or room > 0 else f"{words[: max(left - 1, 0)]}…", no_wrap=True))
        line = Table.grid(*[""] * len(parts), padding=(0, 1, 0, 0))
        line.add_row(*parts)
        live.update(line, refresh=True)

    def _begin(self) -> Any:
        if self._live is None:
            from rich.console import Console
            from rich.live import Live

            console = Console(file=self._out, force_terminal=True)
            self._live = Live(console=console, transient=True, auto_refresh=False, redirect_stdout=False)
            self._live.start()
        return self._live

    def _clear(self) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None


def told(event: events.BatchProgress) -> str:
    """Such as `412/s, 0:03:12 left, 3 rejected`."""
    parts = [f"{event.rate:.0f}/s" if event.rate >= 10 else f"{event.rate:.1f}/s"]
    if event.remaining is not None:
        seconds = round(event.remaining)
        parts.append(f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02} left")
    parts += [f"{count} {state}" for state, count in event.states.items() if count and state != "accepted"]
    return ", ".join(parts)
