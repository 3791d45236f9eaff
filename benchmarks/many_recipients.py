"""One message to a thousand recipients at a 10 ms round trip: seconds beyond start-up, beside smtplib and Nodemailer.

Start-up is the time of the same command, over the same relay, with one recipient. csink.c counts the recipients.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from batch_workload import address
from measured import Run, interleaved, run
from senders import PEERS, nodemailer
from servers import delayed
from sinks import Sink, counting_sink, recipient_sum, statistics_of
from verdicts import Verdicts

ONE_WAY_US = 5000
TARGET = 0.1


def write(folder: Path, port: int, count: int) -> Path:
    """The job, and what the peers read."""
    folder.mkdir()
    to = [address(n) for n in range(1, count + 1)]
    message = {"from": "news@example.com", "to": to[0], "bcc": to[1:], "subject": "News", "text": "See there."}
    job = {
        "version": 1,
        "name": "many",
        "server": {"host": "127.0.0.1", "port": port, "tls": "none"},
        "messages": {"news": message},
        "steps": [{"send": "news"}],
    }
    (folder / "job.yaml").write_text(json.dumps(job))
    (folder / "single.json").write_text(json.dumps({"to": to, "attachment": None}))
    return folder


def commands(folder: Path, port: int) -> dict[str, list[str]]:
    """How each sender is called."""
    return {
        "mailjobs": [sys.executable, "-m", "mailjobs", "run", "--quiet", str(folder / "job.yaml")],
        "smtplib": [sys.executable, str(PEERS / "single_smtplib.py"), str(folder), str(port)],
        "Nodemailer": [*nodemailer("single_nodemailer.js"), str(folder), str(port)],
    }


class Counted:
    """Runs a command, after which csink must have taken one message to exactly `count` recipients more."""

    def __init__(self, sink: Sink, count: int) -> None:
        self._sink = sink
        self._count = count
        self._sum = recipient_sum(address(n) for n in range(1, count + 1))

    def attempt(self, who: str, command: Sequence[str]) -> Callable[[], Run]:
        """What `interleaved` calls."""

        def call() -> Run:
            before = statistics_of(self._sink.port)
            found = run(command)
            self._sink.check(1, who)
            now = statistics_of(self._sink.port)
            came, total = now["rcpts"] - before["rcpts"], (now["rcpt_sum"] - before["rcpt_sum"]) % 2**64
            if (came, total) != (self._count, self._sum):
                raise SystemExit(f"{who} has sent to {self._count} recipients, and csink has seen {came}, or others")
            return found

        return call


def main() -> int:
    """Print the times; 1 where the target is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--recipients", type=int, default=1000, help="of the message (1000)")
    parser.add_argument("--runs", type=int, default=5, help="of each (5)")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with counting_sink(folder) as sink, delayed(sink.port, ONE_WAY_US, folder) as port:
            attempts = {}
            for count in (1, given.recipients):
                counted = Counted(sink, count)
                for who, command in commands(write(folder / f"{count}", port, count), port).items():
                    attempts[f"{who} {count}"] = counted.attempt(who, command)
            found = interleaved(given.runs, attempts)
    print(f"One message to {given.recipients:,} recipients, 10 ms round trip, medians of {given.runs}: seconds")
    beyond = {}
    for who in ("mailjobs", "smtplib", "Nodemailer"):
        start, whole = found[f"{who} 1"].seconds, found[f"{who} {given.recipients}"].seconds
        beyond[who] = whole - start
        print(f"  {who:<12} {whole:7.3f}, with one recipient {start:.3f}, beyond that {whole - start:.3f}")
    verdicts = Verdicts()
    verdicts.at_most("mailjobs, beyond start-up", beyond["mailjobs"], TARGET, " s")
    return verdicts.status


if __name__ == "__main__":
    raise SystemExit(main())
