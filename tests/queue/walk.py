"""Queues that are filled and emptied by runs that die, and what is left of them afterwards."""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from mailjobs import clock
from mailjobs.spool import Entry, Person, read
from mailjobs.spool.stored import Stored
from mailjobs.spool.write import queue_message
from tests.once.batch import Ended
from tests.once.faults import Point
from tests.once.nursery import Nursery

ROWS = 5
GREY, REFUSED, BOTH = 2, 3, 4  # the row that gets 451 once, the one that gets 550, and one with a second recipient
TOLD = "ops"
FILL = """\
version: 1
data: {people: {csv: people.csv, key: number}}
messages:
  letter:
    from: from@example.com
    to: "{{ row.to }}"
    subject: "Letter {{ row.number }}"
    headers: {X-Row: "{{ row.number }}"}
    text: Dear you
steps:
  - queue: {message: letter, for_each: people, dir: outbox}
"""
EMPTY = """\
version: 1
server: {{host: 127.0.0.1, port: {port}, tls: none}}
steps:
  - process_queue: {{dir: outbox, connections: 1, on_failure: {{notify: {told}@{domain}}}{options}}}
    retry: {{delay: {delay}}}
"""


@contextmanager
def light_folder() -> Iterator[Path]:
    """Where fsync costs little: a process that is killed leaves all to the kernel anyway."""
    memory = Path("/dev/shm")
    where = memory if os.access(memory, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="mailjobs-", dir=where) as name:
        yield Path(name)


@dataclass
class Outbox:
    """A queue of its own, for `ROWS` people of its own domain. `options` are further keys of process_queue."""

    folder: Path
    nursery: Nursery
    library: Path
    port: int
    domain: str
    options: str = ""
    delay: int = 0

    def __post_init__(self) -> None:
        (self.folder / "outbox").mkdir(parents=True)
        options = f", {self.options}" if self.options else ""
        names = {"port": self.port, "told": TOLD, "domain": self.domain, "options": options, "delay": self.delay}
        (self.folder / "empty.yaml").write_text(EMPTY.format(**names))
        (self.folder / "fill.yaml").write_text(FILL)
        rows = "".join([f"{row},{self.address(row)}\n" for row in range(1, ROWS + 1)])
        (self.folder / "people.csv").write_text(f"number,to\n{rows}")

    @property
    def path(self) -> Path:
        """The directory of the queue."""
        return self.folder / "outbox"

    @property
    def counted(self) -> Path:
        """Where the calls of a run are counted."""
        return self.folder / "calls"

    def address(self, row: int) -> str:
        """Who gets it."""
        return f"u{row}@{self.domain}"

    def people(self, row: int) -> list[str]:
        """Who gets it, where a queue file is made for him; the second one gets 451 once."""
        return [self.address(row), *([f"g{row}@{self.domain}"] if row == BOTH else [])]

    def put(self, ahead: timedelta = timedelta()) -> None:
        """Queue all letters, by a clock that is ahead."""
        for row in range(1, ROWS + 1):
            content = f"Subject: {row}\r\nX-Row: {row}\r\n\r\nDear you\r\n".encode()
            people = tuple([Person("to", one) for one in self.people(row)])
            entry = Entry(clock.now() + ahead, "from@example.com", people, len(content), row=str(row))
            queue_message(self.path, f"m{row}", entry, [content])

    def run(self, job: str, point: Point | None = None) -> Ended:
        """Run a job, that dies at a point."""
        environment = point.environment(self.library, self.counted) if point is not None else None
        ended = self.nursery.run("run", job, folder=self.folder, environment=environment)
        ended.must_be_expected()
        return ended

    def files(self, *suffixes: str) -> list[str]:
        """What is in the queue, or with these suffixes."""
        return sorted([one.name for one in self.path.iterdir() if not suffixes or one.suffix in suffixes])

    def stored(self) -> dict[str, Stored]:
        """All files, which must be whole."""
        found = {}
        for file in self.files():
            descriptor = os.open(self.path / file, os.O_RDONLY)
            found[file] = read(descriptor)
            os.close(descriptor)
        return found

    def finish(self, most: int = 6) -> int:
        """Run it until nothing waits; how many runs that took."""
        for count in range(1, most + 1):
            ended = self.run("empty.yaml")
            assert ended.status in (0, 69, 75), ended
            if not self.files(".queued", ".sending"):
                return count
        raise AssertionError(f"{self.files()} are still there after {most} runs")


def taken_of(lines: list[str], domain: str) -> Counter[str]:
    """How often each recipient of a domain was taken by the sink."""
    addresses = [line.split()[0] for line in lines]
    return Counter([one for one in addresses if one.endswith(f"@{domain}")])
