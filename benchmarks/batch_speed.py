"""A batch without latency, to Postfix's smtp-sink, beside its peers: messages a second of the whole command, and CPU.

Every sender gets the same rows and the same templates; smtp-source alone has none, and sends a fixed message. mailjobs
keeps its ledger and writes all events. The targets are for `preflight: sample`; `full`, which renders every row twice,
stands beside it. Start-up is part of every figure; the same command with one row shows how long it is.
"""

from __future__ import annotations

import argparse
import tempfile
from functools import partial
from pathlib import Path

from measured import interleaved, show
from senders import Senders
from sinks import smtp_sink
from verdicts import Verdicts

SMTPLIB_RATE, SMTPLIB_CPU, NODEMAILER, SMTP_SOURCE, PROCESSES = 15, 1 / 12, 6, 0.4, 1.3
TEN, ONE, TWO = "mailjobs x 10", "mailjobs x 1", "mailjobs x 10, two processes"


def main() -> int:
    """Print the table and the ratios; 1 where a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000, help="messages of each run (10,000)")
    parser.add_argument("--runs", type=int, default=5, help="of each sender (5)")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, smtp_sink() as sink:
        one = Senders(Path(name), 1, sink)
        start = interleaved(given.runs, {"mailjobs": one.mailjobs, "Nodemailer": partial(one.nodemailer, 10)})
        all_ = Senders(Path(name), given.rows, sink)
        found = interleaved(
            given.runs,
            {
                ONE: partial(all_.mailjobs, connections=1, preflight="sample"),
                ONE + ", preflight: full": partial(all_.mailjobs, connections=1),
                TEN: partial(all_.mailjobs, connections=10, preflight="sample"),
                TEN + ", preflight: full": partial(all_.mailjobs, connections=10),
                TWO: partial(all_.mailjobs, connections=10, processes=2, preflight="sample"),
                "smtplib x 1": all_.smtplib,
                "Nodemailer x 10": partial(all_.nodemailer, 10),
                "smtp-source x 10": partial(all_.smtp_source, 10),
            },
        )
    print(f"{given.rows:,} rows to smtp-sink, no latency; whole commands, medians of {given.runs}")
    show(found)
    print("  start-up, one row: " + ", ".join(f"{who} {each.seconds:.2f} s" for who, each in start.items()))
    verdicts = Verdicts()
    verdicts.at_least("rate beside smtplib x 1", found[ONE].rate / found["smtplib x 1"].rate, SMTPLIB_RATE)
    verdicts.at_most("CPU beside smtplib x 1", found[ONE].cpu / found["smtplib x 1"].cpu, SMTPLIB_CPU)
    verdicts.at_least("rate beside Nodemailer x 10", found[TEN].rate / found["Nodemailer x 10"].rate, NODEMAILER)
    verdicts.at_least("rate beside smtp-source x 10", found[TEN].rate / found["smtp-source x 10"].rate, SMTP_SOURCE)
    verdicts.at_least("two processes beside one", found[TWO].rate / found[TEN].rate, PROCESSES)
    return verdicts.status


if __name__ == "__main__":
    raise SystemExit(main())
