"""`mailjobs queue show`."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from mailjobs import clock
from mailjobs.cli.listed import listed
from mailjobs.cli.which_files import named, of_a_queue
from mailjobs.errors import DataError, ExitStatus, FileError, UsageError
from mailjobs.frozen import frozen
from mailjobs.report import queue
from mailjobs.report.visible import visible, visible_json
from mailjobs.smtp import Outcome
from mailjobs.spool.contents import Found, contents, files_of
from mailjobs.spool.head import Damaged
from mailjobs.spool.history import Event, history
from mailjobs.spool.lines import STATES
from mailjobs.spool.stored import Stored, read

WORDS = {
    "claim": "taken", "dot": "sending", "done": "became", "lost": "lost", "wait": "waits", "hold": "held",
    "again": "again", "given-up": "given up", "told": "notified", "said": "", "why": "",
}  # fmt: skip
FACT = len("message-id") + 2


@frozen
class Open:
    """The file that is shown, open for reading."""

    found: Found
    descriptor: int
    stored: Stored

    @property
    def events(self) -> list[Event]:
        """What has become of it."""
        return list(history(self.descriptor, self.stored))


@click.command("show")
@of_a_queue
@click.argument("name", metavar="FILE")
@click.option("--headers", is_flag=True, help="Print the header section of the message.")
@click.option("--raw", is_flag=True, help="Print the exact bytes of the message.")
@click.option("--json", "json_", is_flag=True, help="Print all that is known of it as JSON.")
def command(folder: Path, name: str, headers: bool, raw: bool, json_: bool) -> int:
    """Show one message of DIR: where it comes from, what became of each recipient, and when.

    \b
    Example:
      mailjobs queue show outbox 20260301T0800 --headers
    """
    if headers + raw + json_ > 1:
        raise UsageError("--headers, --raw and --json: one of them")
    show = _headers if headers else _raw if raw else _json if json_ else _whole
    file = named(folder, files_of(folder), name)
    descriptor = _opened(folder, file)
    try:
        found = next(contents(folder, [file]), None)
        if found is None:
            raise FileError(f"{folder / file} is gone, or has another name by now")
        show(Open(found, descriptor, read(descriptor)))
    except Damaged as error:
        raise DataError(f"{folder / file} is damaged: {error}") from None
    except BrokenPipeError:  # nobody reads what is shown
        raise
    except OSError as error:
        raise FileError(f"cannot read {folder / file}: {error.strerror}") from None
    finally:
        os.close(descriptor)
    return int(ExitStatus.OK)


def _opened(folder: Path, file: str) -> int:
    try:
        return os.open(folder / file, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise FileError(f"cannot open {folder / file}: {error.strerror}") from None


def _chunks(shown: Open) -> Iterator[bytes]:
    content = shown.stored.content
    if isinstance(content, bytes):
        yield content
    else:
        yield from content


def _raw(shown: Open) -> None:
    sys.stdout.flush()
    for chunk in _chunks(shown):
        sys.stdout.buffer.write(chunk)
    sys.stdout.buffer.flush()


def _headers(shown: Open) -> None:
    text = b""
    for chunk in _chunks(shown):
        text += chunk
        if b"\r\n\r\n" in text:
            break
    for line in text.partition(b"\r\n\r\n")[0].decode("utf-8", "backslashreplace").split("\r\n"):
        click.echo(visible(line))


def _whole(shown: Open) -> None:
    for name, text in _facts(shown):
        click.echo(f"{name:<{FACT}}{visible(text)}".rstrip())
    click.echo("")
    state = shown.stored.state
    for person in shown.stored.entry.recipients:
        said = _said(state.outcome(person.address))
        parameters = f" {' '.join(person.parameters)}" if person.parameters else ""
        begin = f"  {STATES[state.letters[person.address]]:<14} {person.kind:<3}"
        click.echo(visible(f"{begin} {person.address}{parameters}{said}"))
    click.echo("\nhistory (UTC)")
    for event in shown.events:
        moment = f"{event.moment:%Y-%m-%d %H:%M:%S}" if event.moment else ""
        words = WORDS.get(event.kind, event.kind)
        click.echo(visible(f"  {moment:<19}  {words:<9} {event.words}".rstrip()))


def _facts(shown: Open) -> Iterator[tuple[str, str]]:
    entry, state, found = shown.stored.entry, shown.stored.state, listed(shown.found)
    now = clock.now()
    yield "file", shown.found.file
    yield "state", f"{shown.found.state}{f': {found.told}' if found.told else ''}"
    yield "queued", f"{entry.created:%Y-%m-%d %H:%M:%S} UTC, {queue.span(found.age(now))} ago"
    yield "size", f"{queue.size_text(entry.size)}"
    yield "from", entry.sender or "<>, the null sender"
    for name, text in (("job", entry.job), ("run", entry.run), ("row", entry.row), ("message", entry.message)):
        if text:
            yield name, text
    if entry.message_id:
        yield "message-id", entry.message_id
    if state.tries:
        wait = queue.next_text(found, now)
        yield "tries", f"{state.tries}{f', the next {wait}' if wait else ''}"
    if state.told:
        yield "notified", f"by {state.told}"


def _said(outcome: Outcome) -> str:
    text = str(outcome.reply) if outcome.reply else outcome.reason
    return f"  {text}" if text else ""


def _json(shown: Open) -> None:
    entry, state = shown.stored.entry, shown.stored.state
    told: dict[str, Any] = {
        **queue.as_dict(listed(shown.found), clock.now()),
        "job": entry.job or None,
        "run": entry.run or None,
        "row": entry.row or None,
        "message": entry.message or None,
        "message_id": entry.message_id or None,
        "notified": state.told or None,
        "recipients": [_recipient(one.kind, state.outcome(one.address)) for one in entry.recipients],
        "history": [
            {"time": event.moment.isoformat() if event.moment else None, "event": event.kind, "text": event.words}
            for event in shown.events
        ],
    }
    click.echo(visible_json(json.dumps(told, indent=2, ensure_ascii=False)))


def _recipient(kind: str, outcome: Outcome) -> dict[str, Any]:
    reply = outcome.reply.as_dict() if outcome.reply else None
    return {
        "address": outcome.recipient, "kind": kind, "state": outcome.state, "reply": reply,
        "reason": outcome.reason or None,
    }  # fmt: skip
