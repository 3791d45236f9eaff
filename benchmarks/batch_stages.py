"""Where the time of a message goes in this process, stage by stage, without a server: microseconds of processor time.

Each stage runs by itself over the same rows as the other programs send, many times; the fastest counts, since
whatever else the machine does only makes it slower. A stage alone is faster than amid the others, which take the
processor's caches from it.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from io import StringIO
from pathlib import Path

from batch_workload import write_job, write_workload

from mailjobs.events import Publish
from mailjobs.job import load_job
from mailjobs.ledger import Journal, LedgerBook, LocalClaims, restore
from mailjobs.prepare import Preflight, Preparation, RunFacts
from mailjobs.report.json_lines import JsonLines
from mailjobs.rows.snapshot import Snapshot, SnapshotWriter
from mailjobs.session import Settled
from mailjobs.smtp import Command, Content, Ehlo, Engine, Outcome, Reply, Transaction
from mailjobs.steps.reporting import Reporter

OFFERED = b"250-sink\r\n250-PIPELINING\r\n250 8BITMIME\r\n"
OPENED, FINAL = b"250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n354 End data with <CR><LF>.<CR><LF>\r\n", b"250 2.0.0 Ok\r\n"
TAKEN = Reply(250, ("2.0.0 Ok",))


def taken(recipient: str) -> Outcome:
    """What became of nearly everybody."""
    return Outcome(recipient, "accepted", TAKEN, "the message")


def greeted() -> Engine:
    """The client's side of a conversation that has begun."""
    engine = Engine()
    engine.receive(b"220 sink ESMTP\r\n")
    engine.send(Ehlo("here"))
    engine.receive(OFFERED)
    return engine


def fastest(stage: Callable[[], object], rows: int, times: int) -> float:
    """Microseconds a row."""
    found = []
    for _ in range(times):
        begin = time.thread_time()
        stage()
        found.append(time.thread_time() - begin)
    return min(found) / rows * 1e6


def main() -> int:
    """Print a line for each stage."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=500)
    parser.add_argument("--times", type=int, default=40)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = write_workload(Path(name) / "w", given.rows)
        job = load_job(write_job(folder, 25, {"preflight": "sample"})).job
        action = job.steps[0].action
        preparation = Preparation(job, RunFacts.new())
        scope = preparation.scope({})

        def look() -> None:
            with SnapshotWriter(folder / "rows") as writer:
                Preflight(preparation, action, scope).run(writer)  # type: ignore[arg-type]

        look()
        snapshot = Snapshot(folder / "rows")
        rows = list(snapshot.rows())
        letters = [preparation.render(action, scope, row) for row in rows]  # type: ignore[arg-type]
        settled = [
            Settled(one, (Outcome(one.envelope.recipients[0], "accepted", TAKEN, "the message"),)) for one in letters
        ]
        numbers = iter(range(10_000))

        def write_down() -> None:
            journal = Journal(folder / f"{next(numbers)}.log")
            known = restore([], len(rows), None)
            book = LedgerBook(snapshot, journal, LocalClaims(len(rows)), lambda row, at: letters[at], known)
            for one in settled:
                book.take()
                book.dot([one.letter], [])
                book.settle([one])
            book.close()

        def tell() -> None:
            reporter = Reporter(Publish([JsonLines(StringIO())]), ())
            for one in settled:
                reporter(one)
            reporter.take()

        def say() -> None:
            engine, before = greeted(), Transaction(letters[0].envelope)
            content: list[Command] = []
            for letter in letters:
                transaction = Transaction(letter.envelope)
                transaction.require(engine.extensions)
                engine.send_together([*content, *transaction.opening(engine.extensions, True)])
                *final, mail, rcpt, data = engine.receive(FINAL + OPENED if content else OPENED)
                for answer in final:
                    before.answer(*answer)
                for answer in (mail, rcpt, data):
                    transaction.answer(*answer)
                transaction.content_sent()
                content, before = [Content(letter.content)], transaction  # type: ignore[arg-type]

        stages: dict[str, Callable[[], object]] = {
            "preflight: sample, a row": look,
            "a row from the snapshot": lambda: list(snapshot.rows()),
            "make the letter": lambda: [preparation.render(action, scope, row) for row in rows],  # type: ignore[arg-type]
            "commands, content and replies": say,
            "take, dot and result in the ledger": write_down,
            "count and tell it (events)": tell,
        }
        for title, stage in stages.items():
            print(f"  {title:36} {fastest(stage, len(rows), given.times):6.1f} us")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
