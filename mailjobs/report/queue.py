"""A queue, as a person reads it: a table where there is room, else a few lines for each message."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, TextIO

from mailjobs.frozen import frozen
from mailjobs.report.table import print_table, terminal_width
from mailjobs.report.visible import visible

WIDE = 130  # columns that the table needs
SHORTEST = 22  # characters of a name that are shown: when it was queued
REPLY = 60  # characters of a reply that the table shows
HEAD = ("file", "state", "age", "size", "tries", "next", "from", "to", "last reply")
UNITS = ((86400, "d"), (3600, "h"), (60, "m"))


@frozen
class Listed:
    """One file of a queue. `state` is `waiting`, `held`, `sending`, `failed`, `sent` or `damaged`.

    `to` are the recipients with the state of each, `open` those of them that are still to be sent to; `next` is None
    where it is not to be sent, or at once.
    """

    file: str
    state: str
    size: int
    created: datetime | None = None
    sender: str = ""
    to: tuple[tuple[str, str], ...] = ()
    attempts: int = 0
    next: datetime | None = None
    reply: str = ""
    told: str = ""

    def age(self, now: datetime) -> float:
        """Seconds since it was queued; 0 where the clock was set back since."""
        return max((now - self.created).total_seconds(), 0.0) if self.created else 0.0


def print_queue(out: TextIO, found: Sequence[Listed], now: datetime) -> None:
    """All of `found`, and what they are together."""
    width = terminal_width(out)
    if width is not None:
        found = _with_short_names(found)
    if width is not None and width < WIDE:
        for one in found:
            for line in _lines(one, now):
                out.write(f"{_short(visible(line), width)}\n")
    elif found:
        print_table(out, HEAD, [_row(one, now) for one in found], wrapped=len(HEAD) - 1)
    if width is not None and found:
        out.write(f"\n{summary(found, now)}\n")


def _with_short_names(found: Sequence[Listed]) -> list[Listed]:
    """With as much of each name as tells it from the others: enough for a command. Damaged ones keep theirs."""
    names = [one.file.rpartition(".")[0] if one.state != "damaged" else one.file for one in found]
    length = SHORTEST
    while len({name[:length] for name in names}) < len(set(names)):
        length += 4
    return [replace(one, file=name[:length]) for one, name in zip(found, names, strict=True)]


def summary(found: Sequence[Listed], now: datetime) -> str:
    """Such as `12 messages, 96.0 kB: 9 waiting, 2 failed, 1 held; the oldest is 3 h old`."""
    words = "1 message" if len(found) == 1 else f"{len(found)} messages"
    if not found:
        return words
    states = ", ".join([f"{count} {state}" for state, count in Counter(one.state for one in found).most_common()])
    oldest = max(one.age(now) for one in found)
    return f"{words}, {size_text(sum(one.size for one in found))}: {states}; the oldest is {span(oldest)} old"


def span(seconds: float) -> str:
    """`45s`, `12m`, `3h`, `5d`: the two greatest units at most, as `3h 20m`."""
    whole = int(seconds)
    for index, (length, letter) in enumerate(UNITS):
        if whole >= length:
            smaller, sign = UNITS[index + 1] if index + 1 < len(UNITS) else (1, "s")
            rest = whole % length // smaller
            return (
                f"{whole // length}{letter} {rest}{sign}"
                if rest and whole // length < 10
                else f"{whole // length}{letter}"
            )
    return f"{whole}s"


def size_text(octets: int) -> str:
    """`812 B`, `4.1 kB`, `2.0 MB`."""
    for length, unit in ((1_000_000, "MB"), (1_000, "kB")):
        if octets >= length:
            return f"{octets / length:.1f} {unit}"
    return f"{octets} B"


def people(one: Listed) -> str:
    """The first recipient that is not served yet, and how many more there are."""
    left = [address for address, state in one.to if state not in ("accepted", "sent")] or [who for who, _ in one.to]
    more = len(one.to) - 1
    return f"{left[0]} +{more}" if more > 0 and left else left[0] if left else ""


def next_text(one: Listed, now: datetime) -> str:
    """When it is tried next."""
    if one.state != "waiting":
        return ""
    wait = (one.next - now).total_seconds() if one.next else 0.0
    return f"in {span(wait)}" if wait >= 1 else "now"


def _row(one: Listed, now: datetime) -> tuple[str, ...]:
    age = span(one.age(now)) if one.created else ""
    reply = one.told or one.reply
    return (
        one.file, one.state, age, size_text(one.size), str(one.attempts), next_text(one, now), one.sender, people(one),
        _short(reply, REPLY),
    )  # fmt: skip


def _lines(one: Listed, now: datetime) -> Iterator[str]:
    facts = [one.state, f"{span(one.age(now))} old" if one.created else "", size_text(one.size)]
    if one.attempts:
        facts.append("1 try" if one.attempts == 1 else f"{one.attempts} tries")
    when = next_text(one, now)
    if when:
        facts.append(f"next {when}")
    yield one.file
    yield f"  {', '.join([fact for fact in facts if fact])}"
    if one.to:
        yield f"  {one.sender or '<>'} -> {people(one)}"
    if one.told or one.reply:
        yield f"  {one.told or one.reply}"


def _short(text: str, room: int) -> str:
    return text if len(text) <= room else f"{text[: room - 1]}…"


def as_dict(one: Listed, now: datetime) -> dict[str, Any]:
    """A file as `--json` has it; ages in seconds."""
    return {
        "file": one.file,
        "state": one.state,
        "created": one.created.isoformat() if one.created else None,
        "age": round(one.age(now)),
        "size": one.size,
        "from": one.sender,
        "to": [{"address": address, "state": state} for address, state in one.to],
        "attempts": one.attempts,
        "next_attempt": one.next.isoformat() if one.next else None,
        "last_reply": one.reply or None,
        "why": one.told or None,
    }
