"""What a person sees of a run: a line for each step as it ends. Plain text; `style` colours a word on a terminal."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, TextIO

from mailjobs import events
from mailjobs.events import Event, Sink, Stamped
from mailjobs.report.visible import visible

COLOURS = {"ok": "green", "failed": "red", "skipped": "yellow", "warning": "yellow"}
Style = Callable[[str, str], str]


def plain(text: str, _: str) -> str:
    """No colour."""
    return text


class Console(Sink):
    """Writes to `out`. `verbose` also shows what happens within steps."""

    hears: ClassVar[frozenset[type[Event]] | None] = frozenset(
        {
            events.RunStarted,
            events.StepFinished,
            events.RunFinished,
            events.Error,
            events.MessageSettled,
            events.ConnectionStatus,
        }
    )

    def __init__(self, out: TextIO, style: Style = plain, verbose: bool = False) -> None:
        self._out = out
        self._style = style
        self._verbose = verbose

    def __call__(self, stamped: Stamped) -> None:
        if type(stamped.event) is events.MessageSettled and stamped.event.state == "accepted" and not self._verbose:
            return  # nearly all that a batch tells
        match stamped.event:
            case events.RunStarted(job=job, resumed=resumed):
                self._line(f"{job} ({'goes on with' if resumed else 'run'} {stamped.run})")
            case events.StepFinished() as event:
                self._step(event)
            case events.RunFinished(exit_status=status, elapsed=elapsed):
                self._line(f"in {elapsed:.2f} s, exit status {status}", "ok" if status == 0 else "failed")
            case events.Error(description=description, recipient=recipient, reply=reply):
                self._line(": ".join([text for text in (description, recipient, reply) if text]), "warning", "  ")
            case events.MessageSettled() as settled if self._verbose or _worth_a_line(settled):
                row = f"row {settled.row}: " if settled.row is not None else ""
                self._line(f"  {row}{settled.recipient}: {settled.state} {settled.reply or ''}".rstrip())
            case events.ConnectionStatus(event=what, description=description) if self._verbose:
                self._line(f"  {what} {description}".rstrip())
            case _:
                pass

    def _step(self, event: events.StepFinished) -> None:
        self._line(f"{event.name}: {event.summary or event.action}", event.status)
        if event.error:
            for line in error_lines(event.error, event.summary):
                self._line(f"        {line}")

    def _line(self, text: str, word: str = "", indent: str = "") -> None:
        """A line, after one of the COLOURS in its colour."""
        begin = f"{indent}{self._style(f'{word:<7}', COLOURS[word])} " if word else ""
        self._out.write(f"{begin}{visible(text)}\n")
        self._out.flush()


def _worth_a_line(settled: events.MessageSettled) -> bool:
    """Whom a batch did not come to is a number in its summary."""
    return settled.state not in ("accepted", "not-attempted" if settled.row is not None else "")


def error_lines(error: Mapping[str, Any], told: str = "") -> list[str]:
    """An error in lines: what, where, what to do; not again what was `told` before."""
    peer = f"{error['host']}:{error['port']}" if error.get("host") and error.get("port") else error.get("host", "")
    where = " ".join(part for part in (peer, f"({error['stage']})" if error.get("stage") else "") if part)
    message = "" if error["message"] == told else error["message"]
    first = ": ".join(part for part in (error.get("place", ""), where, message) if part)
    lines = [first] if first else []
    others = error.get("problems", [])[1:]
    return [*lines, *([f"hint: {error['hint']}"] if error.get("hint") else []), *map(_other, others)]


def _other(problem: Mapping[str, Any]) -> str:
    """One more thing that is wrong."""
    hint = f" ({problem['hint']})" if problem.get("hint") else ""
    return ": ".join([part for part in (problem.get("place", ""), problem["message"] + hint) if part])
