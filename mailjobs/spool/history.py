"""What has become of a message of the queue, line by line, in words."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from mailjobs.checked import parse, unescape
from mailjobs.spool.lines import STATES
from mailjobs.spool.stored import Stored, pread, read_entry


class Event(NamedTuple):
    """One line. `moment` is None where it belongs to the one before."""

    moment: datetime | None
    kind: str
    words: str


def history(descriptor: int, stored: Stored) -> Iterator[Event]:
    """All events, from the first; what cannot be read was told when the file was. Raises OSError."""
    entry, offset = read_entry(descriptor)
    yield Event(entry.created, "queued", f"by {entry.job}" if entry.job else "")
    end = offset + entry.size
    tail = pread(descriptor, min(stored.good, os.fstat(descriptor).st_size) - end, end)
    for raw in tail.split(b"\n"):
        words = parse(raw)
        if words and words[0] != "content":
            yield _event(words[0], words[1:])


def _event(kind: str, words: list[str]) -> Event:
    if kind in ("said", "why"):
        return Event(None, kind, _told(kind, words))
    return Event(datetime.fromisoformat(words[0]), kind, _words(kind, words[1:]))


def _told(kind: str, words: list[str]) -> str:
    address = unescape(words[0])
    if kind == "why":
        return f"{address}: {unescape(' '.join(words[1:]))}"
    command = "" if words[1] == "-" else f" ({unescape(words[1])})"
    return f"{address}: {words[2]} {unescape(' '.join(words[3:]))}{command}".replace("\n", " ")


def _words(kind: str, words: list[str]) -> str:
    match kind:
        case "claim":
            return f"by process {words[1]} on {unescape(words[0])}"
        case "done":
            became = zip(words[1:], words[0], strict=True)
            return ", ".join([f"{unescape(address)} {STATES[letter]}" for address, letter in became])
        case "wait":
            return f"until {_moment(words[0])}, after {words[1]} {'try' if words[1] == '1' else 'tries'}"
        case "dot" | "lost" | "again":
            return ", ".join(map(unescape, words))
    return unescape(" ".join(words))


def _moment(text: str) -> str:
    return f"{datetime.fromisoformat(text):%Y-%m-%d %H:%M:%S}"
