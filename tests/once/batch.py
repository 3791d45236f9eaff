"""A batch in a folder: its job, its rows, the command that runs it, and what is kept of it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mailjobs.ledger import Run, accounts, past, state_folder
from mailjobs.ledger.replay import records
from tests.once.sink import ROOT, Sink

STAGES = ("received", "taken", "replied")  # of a message at the sink
Victims = Callable[[int], Iterable[int]]
FINISHED = (0, 69, 77)  # all accepted; some not, for good; it was finished before
JOB = """\
version: 1
data:
  people: {{csv: people.csv, key: number}}
server: {{host: 127.0.0.1, port: {port}, tls: none}}
messages:
  letter:
    from: from@example.com
    to: "{{{{ row.to }}}}"
    cc: "{{{{ row.cc | addresses }}}}"
    subject: "Letter {{{{ row.number }}}}"
    headers: {{X-Row: "{{{{ row.number }}}}"}}
    text: "Dear {{{{ row.name }}}}"
steps:
  - id: mail
    send: {{message: letter, for_each: people{options}}}
"""


@dataclass
class Batch:
    """`count` rows, numbered from 1, every seventh of which has a Cc; `options` are further keys of the send."""

    folder: Path
    port: int
    count: int
    options: str = ""
    domain: str = "example.com"
    people: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.folder.mkdir(exist_ok=True)
        self.write_job(self.options)
        self.write_rows()

    @property
    def job(self) -> Path:
        """The job file."""
        return self.folder / "job.yaml"

    def write_job(self, options: str) -> None:
        """With these keys of the send."""
        self.job.write_text(JOB.format(port=self.port, options=f", {options}" if options else ""))

    def write_rows(self, **changed: str) -> None:
        """The rows, some with another name: `row17="New Name"`."""
        lines = ["number,to,cc,name"]
        for number in range(1, self.count + 1):
            to = f"u{number}@{self.domain}"
            cc = f"v{number}@{self.domain}" if number % 7 == 0 else ""
            lines.append(f"{number},{to},{cc},{changed.get(f'row{number}', f'Name {number}')}")
            self.people |= {to, cc} - {""}
        (self.folder / "people.csv").write_text("\n".join(lines) + "\n")

    # --- the command

    def start(self, *options: str, program: tuple[str, ...] = ("-m", "mailjobs"), **how: Any) -> subprocess.Popen[str]:
        """`mailjobs run`, as a user starts it; `environment` is added to that of the test."""
        environment = {**os.environ, "PYTHONPATH": str(ROOT), **how.pop("environment", {})}
        return subprocess.Popen(
            [sys.executable, "-W", "error", *program, "run", str(self.job), *options],
            cwd=self.folder, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **how,
        )  # fmt: skip

    def run(self, *options: str, **how: Any) -> Ended:
        """To its end."""
        return ended(self.start(*options, **how))

    def finish(self, *options: str, most: int = 20) -> list[Ended]:
        """Run it until it is finished; all these runs."""
        runs = [self.run(*options)]
        while runs[-1].status not in FINISHED or not self.latest.complete:
            runs[-1].must_be_expected()
            assert len(runs) < most, f"not finished after {most} runs: {runs[-1]}"
            runs.append(self.run(*options))
        runs[-1].must_be_expected()
        return runs

    # --- what is kept

    @property
    def latest(self) -> Run:
        """The newest run in which anybody was sent to, or had it before; else the newest of all."""
        runs = self.runs()
        return next((run for run in runs if any(step.tried or step.reached for step in run.steps.values())), runs[0])

    def runs(self) -> list[Run]:
        """All runs, the newest first."""
        return past(state_folder(self.job))

    def letters_left(self) -> int:
        """How many nobody has sent."""
        folder = state_folder(self.job)
        return len({one.position for one in accounts(folder.files(self.latest.id, "mail"), self.count, "n")})

    def states(self) -> dict[str, str]:
        """The state of each recipient, by the newest run."""
        folder = state_folder(self.job)
        found: dict[str, str] = {}
        for one in accounts(folder.files(self.latest.id, "mail"), self.count):
            assert one.address not in found or not one.address
            found[one.address] = one.state
        if found.pop("", "") == "not-attempted":  # rows that nobody has touched
            found |= dict.fromkeys(self.people - found.keys(), "not-attempted")
        return found

    def of(self, state: str) -> set[str]:
        """Who is in that state."""
        return {address for address, one in self.states().items() if one == state}

    @property
    def state(self) -> Path:
        """The folder of the newest run."""
        return state_folder(self.job).run_folder(self.latest.id)

    def doubts(self) -> Counter[str]:
        """How often nobody knew whether a recipient got it: a dot that went out, and no answer before the run ended."""
        found: Counter[str] = Counter()
        for journal in state_folder(self.job).files(self.latest.id, "mail").journals():
            open_: set[str] = set()  # who has a dot and no answer
            for words in records(journal):
                assert words is not None, f"a line of {journal} cannot be read"
                if words[0] == "dot":
                    open_.update(words[2:])
                elif words[0] == "done":
                    found.update([one for one, letter in zip(words[3:], words[2], strict=True) if letter == "u"])
                    open_.difference_update(words[3:])
            found.update(open_)
        return found

    def kept(self, *without: str) -> dict[str, bytes]:
        """All files of the state, with what is in them, but for those of these names."""
        files = [path for path in (self.folder / ".mailjobs").rglob("*") if path.is_file()]
        return {str(path): path.read_bytes() for path in files if path.name not in without}


@dataclass
class Ended:
    """A run that has ended. `status` is below 0 where a signal ended it."""

    status: int
    out: str
    err: str

    def must_be_expected(self) -> None:
        """No bug, and no traceback."""
        assert self.status != 70, self.err
        assert "Traceback" not in self.out + self.err, self.err


def ended(process: subprocess.Popen[str]) -> Ended:
    """Wait for the end of a run."""
    out, err = process.communicate(timeout=120)
    return Ended(process.returncode, out, err)


def kill_at_message(
    batch: Batch, sink: Sink, number: int, stage: str, *options: str, victims: Victims | None = None, **how: Any
) -> bool:
    """Start a run and kill it when the sink has its `number`-th message, at a stage of it; False where it ends before.

    `victims` gives the processes that are killed, from the one that was started.
    """
    sink.order(f"pause {number} {stage}")
    with stopped(batch.start(*options, **how)) as process:
        paused = sink.paused(process)
        if not paused:
            sink.order("pause 0 never")
            ended(process).must_be_expected()
            return False
        for victim in victims(process.pid) if victims else [process.pid]:
            os.kill(victim, signal.SIGKILL)
        sink.order("go")
        ended(process)
    return True


@contextmanager
def stopped(process: subprocess.Popen[str]) -> Iterator[subprocess.Popen[str]]:
    """Whatever the test does, the process ends with it."""
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def once(batch: Batch, sink: Sink, doubts: Counter[str] | None = None) -> Counter[str]:
    """Hold what the sink has taken against what is kept of the batch; how many recipients are in each state.

    Everybody has exactly one state. Who is accepted was taken once; besides, each was taken at most as often as there
    are `doubts` about him. Without any, there is one about each who is unknown.
    """
    taken = Counter({one: times for one, times in sink.taken().items() if one.endswith(f"@{batch.domain}")})
    states = batch.states()
    assert states.keys() == batch.people
    assert taken.keys() <= batch.people
    for address, state in states.items():
        least = int(state == "accepted")
        most = least + (int(state == "unknown") if doubts is None else doubts[address])
        assert least <= taken[address] <= most, f"{address} is {state}, and was taken {taken[address]} times"
    return Counter(states.values())
