"""A queue with one message in each state, for the commands that look after it."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from mailjobs.smtp import Outcome, Reply
from mailjobs.spool import Entry, Person, lines, queue_message, read
from mailjobs.spool.state import State
from tests.cli.in_process import Done, in_process

HELLO = b"Subject: Hello\r\nMessage-ID: <1@x.example>\r\n\r\nhello\r\n"


def ago(**span: float) -> datetime:
    return datetime.now(UTC) - timedelta(**span)


class Queue:
    """A queue that is filled for a test."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir()

    def put(
        self, name: str, *to: str, suffix: str = "queued", since: datetime | None = None, tail: bytes = b""
    ) -> None:
        entry = Entry(
            since or ago(minutes=65.5), "from@x.example", tuple([Person("to", one) for one in to]), len(HELLO),
            job="invoices", run="20261101T000000Z-aaaaaaaa", row="4711", message_id="<1@x.example>",
        )  # fmt: skip
        queue_message(self.path, name, entry, [HELLO])
        with (self.path / f"{name}.queued").open("ab") as file:
            file.write(tail)
        (self.path / f"{name}.queued").rename(self.path / f"{name}.{suffix}")

    def files(self) -> list[str]:
        return sorted(one.name for one in self.path.iterdir())

    def state(self, file: str) -> State:
        descriptor = os.open(self.path / file, os.O_RDONLY)
        try:
            return read(descriptor).state
        finally:
            os.close(descriptor)


def claim(host: str = "ci.example.com", pid: int = 77) -> bytes:
    return lines.claim(ago(minutes=30), host, pid, "")


def done(address: str, state: str, code: int, words: str) -> bytes:
    return lines.done(ago(minutes=30), [Outcome(address, state, Reply(code, (words,)), "RCPT")])  # type: ignore[arg-type]


def one_of_each(path: Path) -> Queue:
    """One message in each state."""
    made = Queue(path)
    half = done("bob@y.example", "accepted", 250, "ok") + done("eve@y.example", "deferred", 451, "4.7.1 later")
    waits = claim() + half + lines.wait(ago(minutes=30), ago(minutes=-30.5), 2)
    refused = claim() + done("gone@z.example", "rejected", 550, "5.1.1 no such user")
    unknown = claim() + lines.dot(ago(minutes=30), ["may@z.example"]) + lines.hold(ago(minutes=29), "unknown whether …")
    made.put("a-new", "ann@x.example")
    made.put("b-late", "bob@y.example", "eve@y.example", since=ago(hours=3), tail=waits)
    made.put("c-held", "may@z.example", suffix="held", since=ago(days=1), tail=unknown)
    made.put("d-failed", "gone@z.example", suffix="failed", since=ago(days=4), tail=refused)
    made.put("e-left", "two@z.example", suffix="sending", tail=claim())
    made.put("f-sent", "ann@x.example", suffix="sent", tail=claim() + done("ann@x.example", "accepted", 250, "ok"))
    return made


def said(*arguments: str | Path) -> Done:
    """Run `mailjobs queue` in this process."""
    return in_process("queue", *arguments)
