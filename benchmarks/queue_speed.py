"""The queue: how fast messages go into it, beside Postfix's sendmail on the same disk, and out of it, beside a batch.

Queueing is the whole command for a batch of rows, each of which is rendered, written and put on the disk; sendmail gets
a ready message of the same size each time, which postdrop puts on the disk; nobody delivers what it has queued.
Processing is the whole command for the same messages as the batch has, to Postfix's smtp-sink.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from batch_workload import write_job, write_workload
from measured import Run, interleaved, run, show
from servers import tool
from sinks import Sink, smtp_sink
from verdicts import Verdicts

SENDMAIL, BATCH = 3, 0.5
SIZE = 3400  # octets of the ready message
QUEUEING, PROCESSING, SENDING, POSTFIX = "queue", "process_queue", "send", "sendmail"
MAIN_CF = """\
compatibility_level = 3.6
queue_directory = {folder}/spool
data_directory = {folder}/data
"""


class Queues:
    """`count` rows: queued, processed, and sent as a batch, each time from the beginning."""

    def __init__(self, folder: Path, count: int, sink: Sink) -> None:
        self._count = count
        self._sink = sink
        self._folder = write_workload(folder / "rows", count)
        self._outbox = self._folder / "outbox"
        given = {"connections": 4, "preflight": "sample"}
        self._batch = write_job(self._folder, sink.port, given).rename(self._folder / "batch.yaml")
        job = json.loads(self._batch.read_text(encoding="utf-8"))
        job["steps"] = [
            {"queue": {"message": "statement", "for_each": "customers", "dir": "outbox", "preflight": "sample"}}
        ]
        (self._folder / "queue.yaml").write_text(json.dumps(job), encoding="utf-8")
        del job["messages"], job["data"]
        job["steps"] = [{"process_queue": {"dir": "outbox", "connections": 4}}]
        (self._folder / "process.yaml").write_text(json.dumps(job), encoding="utf-8")

    def queue(self) -> Run:
        """Fill the queue, which was empty."""
        shutil.rmtree(self._outbox, ignore_errors=True)
        self._outbox.mkdir(0o700)
        found = self._mailjobs("queue.yaml")
        self._must_have(self._count)
        return found

    def process(self) -> Run:
        """Empty it, which was full."""
        self._must_have(self._count)
        found = self._sent("process.yaml")
        self._must_have(0)
        return found

    def send(self) -> Run:
        """The same messages as a batch."""
        return self._sent("batch.yaml")

    def _must_have(self, count: int) -> None:
        found = len(list(self._outbox.iterdir()))
        if found != count:
            raise SystemExit(f"the queue has {found} files, and should have {count}")

    def _sent(self, job: str) -> Run:
        before = self._sink.cpu()
        found = self._mailjobs(job)
        self._sink.check(self._count, job)
        return found._replace(sink=(self._sink.cpu() - before) / found.seconds)

    def _mailjobs(self, job: str) -> Run:
        state = self._folder / "state"
        command = [sys.executable, "-m", "mailjobs", "run", "--yes", "--quiet", "--state-dir", str(state)]
        try:
            return run([*command, str(self._folder / job)])._replace(messages=self._count)
        finally:
            shutil.rmtree(state, ignore_errors=True)


class Postfix:
    """A queue of Postfix on the same disk, which nobody empties. Only root may have one of his own."""

    def __init__(self, folder: Path, count: int) -> None:
        if os.geteuid() != 0:
            raise SystemExit("sendmail with a queue of its own needs root")
        self._folder = folder / "postfix"
        self._count = count
        for name in ("data", "spool/maildrop", "spool/public", "spool/pid"):
            (self._folder / name).mkdir(parents=True)
        (self._folder / "main.cf").write_text(MAIN_CF.format(folder=self._folder))
        (self._folder / "master.cf").touch()
        (self._folder / "message").write_text(f"Subject: Statement\n\n{('x' * 79 + chr(10)) * (SIZE // 80)}")
        owner = ["chown", "-R", "postfix", str(self._folder / "data"), str(self._folder / "spool")]
        subprocess.run(owner, check=True)

    def sendmail(self) -> Run:
        """One message after the other, as a script does it."""
        program = f"{tool('sendmail', 'postfix')} -C {self._folder} -i -f billing@example.com"
        loop = (
            f"i=0; while [ $i -lt {self._count} ]; do {program} reader$i@example.net < {self._folder}/message || exit 1"
        )
        found = run(["sh", "-c", f"{loop}; i=$((i+1)); done"])
        maildrop = self._folder / "spool" / "maildrop"
        files = list(maildrop.iterdir())
        if len(files) != self._count:
            raise SystemExit(f"sendmail has queued {len(files)} of {self._count} messages")
        for file in files:
            file.unlink()
        return found._replace(messages=self._count)


def main() -> int:
    """Print the table and the ratios; 1 where a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000, help="messages of each run (10,000)")
    parser.add_argument("--sendmail", type=int, default=1000, help="messages of each run of sendmail (1,000)")
    parser.add_argument("--runs", type=int, default=5, help="of each (5)")
    parser.add_argument("--folder", type=Path, help="where the queues are: a folder on the disk that is meant")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=given.folder) as name, smtp_sink() as sink:
        queues, postfix = Queues(Path(name), given.rows, sink), Postfix(Path(name), given.sendmail)
        attempts = {
            QUEUEING: queues.queue, PROCESSING: queues.process, SENDING: queues.send, POSTFIX: postfix.sendmail,
        }  # fmt: skip
        found = interleaved(given.runs, attempts)
    print(f"{given.rows:,} rows ({given.sendmail:,} of sendmail), no latency; whole commands, medians of {given.runs}")
    show(found)
    verdicts = Verdicts()
    verdicts.at_least("queueing beside sendmail", found[QUEUEING].rate / found[POSTFIX].rate, SENDMAIL)
    verdicts.at_least("processing beside the batch", found[PROCESSING].rate / found[SENDING].rate, BATCH)
    return verdicts.status


if __name__ == "__main__":
    raise SystemExit(main())
