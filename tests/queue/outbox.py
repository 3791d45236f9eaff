"""A queue in a folder, the jobs that fill and empty it as real processes, and what is to be said of it afterwards."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

from mailjobs import clock
from mailjobs.events import Publish
from mailjobs.job import load_job
from mailjobs.run import Options, RunRecord, run_job
from mailjobs.spool import Drafts, Entry, Person, fresh_name, look
from mailjobs.spool.names import split_name
from tests.once.batch import Ended, ended
from tests.once.sink import ROOT, Sink

PROCESS = """\
version: 1
server: {{host: 127.0.0.1, port: {port}, tls: none}}
steps:
  - process_queue: {{dir: outbox{options}}}
    retry: {{attempts: 20, delay: 0}}
"""
QUEUE = """\
version: 1
data:
  people: {{csv: people.csv, key: number}}
messages:
  letter:
    from: from@example.com
    to: "u{{{{ row.number }}}}@example.com"
    subject: "Letter {{{{ row.number }}}}"
    headers: {{X-Row: "{{{{ row.number }}}}"}}
    text: "Dear customer"
steps:
  - id: mail
    queue: {{message: letter, for_each: people, dir: outbox{options}}}
"""


class Outbox:
    """The queue `outbox` in `folder`, for messages numbered from 1 to u1@example.com and so on."""

    def __init__(self, folder: Path, port: int = 0, options: str = "") -> None:
        self.folder = folder
        folder.mkdir(exist_ok=True)
        self.path = folder / "outbox"
        self.path.mkdir(mode=0o700)
        self.count = 0
        self.write_job(port, options)

    def write_job(self, port: int, options: str = "") -> None:
        """The job that processes it."""
        more = f", {options}" if options else ""
        (self.folder / "process.yaml").write_text(PROCESS.format(port=port, options=more))

    def fill(self, count: int) -> None:
        """Put messages into it, as the step does."""
        drafts = Drafts(self.path, durable=False)
        for number in range(1, count + 1):
            content = f"Subject: {number}\r\nX-Row: {number}\r\n\r\nhello\r\n".encode()
            person = Person("to", f"u{number}@example.com")
            entry = Entry(clock.now(), "from@example.com", (person,), len(content))
            drafts.write(fresh_name(), entry, [content])
            drafts.publish()
        self.count = count

    def write_rows(self, count: int, options: str = "") -> None:
        """The job that fills it from rows."""
        rows = "".join(f"{number}\n" for number in range(1, count + 1))
        (self.folder / "people.csv").write_text(f"number\n{rows}")
        (self.folder / "queue.yaml").write_text(QUEUE.format(options=f", {options}" if options else ""))
        self.count = count

    # --- commands

    def start(self, job: str = "process.yaml", *options: str, **environment: str) -> subprocess.Popen[str]:
        """`mailjobs run`, as a user starts it."""
        return subprocess.Popen(
            [sys.executable, "-W", "error", "-m", "mailjobs", "run", job, *options], cwd=self.folder, text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT), **environment}, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def run(self, job: str = "process.yaml", *options: str, **environment: str) -> Ended:
        """To its end."""
        run = ended(self.start(job, *options, **environment))
        run.must_be_expected()
        return run

    def process(self, job: str = "process.yaml") -> RunRecord:
        """The same in this process, which saves the time of a start."""
        return run_job(load_job(self.folder / job).job, Options(), Publish(()))

    # --- what is left

    def files(self) -> list[str]:
        """In order."""
        return sorted(path.name for path in self.path.iterdir())

    def suffixes(self) -> Counter[str]:
        """How many there are of each; "" is no queue file."""
        return Counter(split_name(file)[1] for file in self.files())

    def states(self) -> dict[str, tuple[str, str]]:
        """The suffix and the letter of each recipient who is in the queue. Nobody may be there twice."""
        found: dict[str, tuple[str, str]] = {}
        for file in self.files():
            stored = look(self.path, file) if split_name(file)[1] else None
            for address, letter in stored.state.letters.items() if stored else ():
                assert address not in found, f"{address} is in the queue twice"
                found[address] = split_name(file)[1], letter
        return found

    def account(self, sink: Sink, resent: bool = False) -> Counter[str]:
        """Hold the sink against the queue: everybody is in one of them, and nobody was sent to twice.

        Of who is unknown nobody can tell; with `resent` he may have got it twice.
        """
        taken, states = sink.taken(), self.states()
        people = {f"u{number}@example.com" for number in range(1, self.count + 1)}
        assert taken.keys() | states.keys() <= people
        found: Counter[str] = Counter()
        for person in people:
            suffix, letter = states.get(person, ("gone", "a"))
            times = taken[person]
            least = int(letter == "a")
            most = least if letter in "andr" else 1
            assert least <= times <= most or (resent and times), f"{person}: {suffix} {letter}, taken {times} times"
            found[suffix] += 1
        print(f"{self.count} queued, {taken.total()} taken by the sink, {dict(found)}")
        return found
