"""Many messages through two processors of one queue, which are killed at random moments and started again.

Every recipient that the sink has taken is written down before it replies. In the end each message was taken once and is
gone from the queue, or nobody knows what became of it and it is held: then it was taken once or not at all. Anything
else ends the measurement with an error.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from random import Random

from measured import environment
from verdicts import Verdicts

from mailjobs.spool import HELD, QUEUED, SENDING, list_files, look

ROOT = Path(__file__).resolve().parents[1]
PROCESSORS = 2
SOONEST, LATEST = 0.4, 2.5  # seconds after its start in which a processor is killed
QUEUE = """\
version: 1
data: {people: {csv: people.csv, key: number}}
messages:
  letter:
    from: from@example.com
    to: "u{{ row.number }}@example.com"
    subject: "Letter {{ row.number }}"
    headers: {X-Row: "{{ row.number }}"}
    text: Dear reader
steps:
  - queue: {message: letter, for_each: people, dir: outbox, preflight: sample}
"""
PROCESS = """\
version: 1
server: {{host: 127.0.0.1, port: {port}, tls: none}}
steps:
  - process_queue: {{dir: outbox, connections: 4}}
"""


class Soak:
    """A queue with `count` messages in `folder`."""

    def __init__(self, folder: Path, port: int, count: int, random: Random) -> None:
        self.kills = 0
        self.restarts = 0
        self._folder = folder
        self._outbox = folder / "outbox"
        self._random = random
        self._outbox.mkdir(0o700)
        rows = "".join([f"{number}\n" for number in range(1, count + 1)])
        (folder / "people.csv").write_text(f"number\n{rows}")
        (folder / "queue.yaml").write_text(QUEUE)
        (folder / "process.yaml").write_text(PROCESS.format(port=port))

    def fill(self) -> None:
        """Queue all messages."""
        if self._start("queue.yaml").wait() != 0:
            raise SystemExit("the messages could not be queued")

    def empty(self, kills: int) -> None:
        """Until nothing waits any more; of the processors so many are killed."""
        running: dict[subprocess.Popen[bytes], float] = {}
        while running or list_files(self._outbox, (QUEUED, SENDING)):
            while len(running) < PROCESSORS and list_files(self._outbox, (QUEUED, SENDING)):
                running[self._start("process.yaml")] = time.monotonic() + self._random.uniform(SOONEST, LATEST)
                self.restarts += 1
            time.sleep(0.02)
            for process, moment in list(running.items()):
                if process.poll() is not None:
                    self._must_be_expected(process)
                    del running[process]
                elif self.kills < kills and time.monotonic() >= moment:
                    process.send_signal(signal.SIGKILL)
                    process.wait()
                    self.kills += 1
                    del running[process]

    def held(self) -> set[str]:
        """The recipients of messages that are held."""
        found = set()
        for file in list_files(self._outbox, (HELD,)):
            stored = look(self._outbox, file)
            if stored is None:
                raise SystemExit(f"{file} is damaged")
            found |= set(stored.state.letters)
        return found

    def left(self) -> list[str]:
        """All files."""
        return sorted(os.listdir(self._outbox))

    def _start(self, job: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "mailjobs", "run", "--quiet", "--yes", job]
        env = {**environment(), "PYTHONPATH": str(ROOT)}
        return subprocess.Popen(command, cwd=self._folder, env=env, stdout=subprocess.DEVNULL)

    @staticmethod
    def _must_be_expected(process: subprocess.Popen[bytes]) -> None:
        if process.returncode not in (0, 69, 75):
            raise SystemExit(f"a processor has ended with {process.returncode}")


def judged(taken: Counter[str], held: set[str], count: int) -> Verdicts:
    """Hold what was taken against what is held."""
    everybody = {f"u{number}@example.com" for number in range(1, count + 1)}
    lost = [one for one in everybody - held if taken[one] == 0]
    twice = [one for one, times in taken.items() if times > 1]
    print(f"  received {len(taken):,}, held {len(held):,}, of which {len(held - taken.keys()):,} were not received")
    verdicts = Verdicts()
    verdicts.at_most("lost", len(lost), 0)
    verdicts.at_most("received twice", len(twice), 0)
    verdicts.at_most("received by nobody that was meant", len(taken.keys() - everybody), 0)
    return verdicts


def main() -> int:
    """Print what was counted; 1 where a message was lost or came twice."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=20_000, help="of the queue (20,000)")
    parser.add_argument("--kills", type=int, default=40, help="the most (40)")
    parser.add_argument("--seed", type=int, default=0, help="of the moments (0: another one each time)")
    given = parser.parse_args()
    sys.path.insert(0, str(ROOT))
    from tests.once.sink import Sink  # it keeps account of each recipient

    seed = given.seed or Random().randrange(1, 1_000_000)
    with tempfile.TemporaryDirectory() as name, Sink(Path(name)) as sink:
        soak = Soak(Path(name), sink.port, given.messages, Random(seed))
        soak.fill()
        began = time.monotonic()
        soak.empty(given.kills)
        seconds = time.monotonic() - began
        held, taken = soak.held(), sink.taken()
        strangers = [file for file in soak.left() if not file.endswith(HELD)]
    print(
        f"{given.messages:,} messages through {PROCESSORS} processors, {soak.kills} of {soak.restarts} of them killed, "
        f"in {seconds:.1f} s ({given.messages / seconds:,.0f}/s), seed {seed}"
    )
    verdicts = judged(taken, held, given.messages)
    verdicts.at_most("files left that are not held", len(strangers), 0)
    return verdicts.status


if __name__ == "__main__":
    raise SystemExit(main())
