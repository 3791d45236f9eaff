"""A batch beside the limit: a sketch in Python that renders, joins and sends, and does nothing else (peers/sketch.py).

mailjobs keeps its ledger, writes all events, keeps a very high rate and draws its progress on a terminal. The
target is for `preflight: sample`; `full`, which renders every row twice, stands beside it. DATA takes one round trip a
message, CHUNKING has 32 messages in flight; there is no latency, and start-up is part of every figure.
"""

from __future__ import annotations

import argparse
import tempfile
from functools import partial
from pathlib import Path

from measured import interleaved, show
from senders import Senders
from sinks import Sink, counting_sink, smtp_sink
from verdicts import Verdicts

TARGET = 0.8
RATE = "1000000/s"
SKETCHES = (1, 2, 4)  # connections, of which the best counts


def measure(sink: Sink, how: str, given: argparse.Namespace, folder: Path, verdicts: Verdicts) -> None:
    """Print the table of one way to send."""
    senders = Senders(folder, given.rows, sink)
    send = {"connections": given.connections, "in_flight": 32 if how == "bdat" else 1, "rate": RATE}
    ours = {
        f"mailjobs, preflight: {preflight}": partial(senders.mailjobs, seen=True, preflight=preflight, **send)
        for preflight in ("sample", "full")
    }
    sketches = {f"sketch x {number}": partial(senders.sketch, how, number) for number in SKETCHES}
    found = interleaved(given.runs, ours | sketches)
    print(f"{given.rows:,} rows, {how.upper()}, no latency; whole commands, medians of {given.runs}")
    show(found)
    best = max(found[name].rate for name in sketches)
    sample, full = (found[name].rate / best for name in ours)
    verdicts.at_least("preflight: sample beside the best sketch", sample, TARGET)
    print(f"  preflight: full beside the best sketch: {full:.4g}")


def main() -> int:
    """Print the tables; 1 where a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=20_000, help="messages of each run (20,000)")
    parser.add_argument("--runs", type=int, default=5, help="of each sender (5)")
    parser.add_argument("--connections", type=int, default=4, help="that mailjobs may open (4, the default of a job)")
    given = parser.parse_args()
    verdicts = Verdicts()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with smtp_sink() as sink:
            measure(sink, "data", given, folder, verdicts)
        with counting_sink(folder) as sink:
            measure(sink, "bdat", given, folder, verdicts)
    return verdicts.status


if __name__ == "__main__":
    raise SystemExit(main())
