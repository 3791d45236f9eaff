"""A batch over ten connections at round trips of 10 and 50 ms, beside its peers: messages a second.

DATA goes to Postfix's smtp-sink, CHUNKING with 32 messages in flight to csink.c, both behind delayproxy.c. The peers
know no CHUNKING, and get fewer rows, since a round trip costs them the same however many there are. The targets are for
`preflight: sample`; `full` stands beside it. Every figure is that of the whole command, start-up included.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from measured import Run, interleaved, show
from senders import Senders
from servers import delayed
from sinks import counting_sink, smtp_sink
from verdicts import Verdicts

ROUND_TRIPS = {10: (800, 10_000), 50: (170, 4500)}  # ms: messages a second with DATA, with CHUNKING
CONNECTIONS = 10


def ours(senders: Senders, **send: object) -> dict[str, Callable[[], Run]]:
    """mailjobs with both ways to check rows beforehand."""
    call = partial(senders.mailjobs, connections=CONNECTIONS, **send)
    return {"mailjobs x 10": partial(call, preflight="sample"), "mailjobs x 10, preflight: full": call}


def peers(senders: Senders) -> dict[str, Callable[[], Run]]:
    """Those that keep ten connections."""
    return {
        "aiosmtplib x 10": partial(senders.aiosmtplib, CONNECTIONS),
        "Nodemailer x 10": partial(senders.nodemailer, CONNECTIONS),
        "smtp-source x 10": partial(senders.smtp_source, CONNECTIONS),
    }


def measure(trip: int, rows: int, runs: int, folder: Path, verdicts: Verdicts) -> None:
    """Print the tables of one round trip."""
    data_rows, peer_rows = max(1, rows * 10 // trip // 4), max(1, rows * 10 // trip // 10)
    with smtp_sink() as sink, delayed(sink.port, trip * 500, folder) as port:
        most, few = Senders(folder, data_rows, sink, port), Senders(folder, peer_rows, sink, port)
        found = interleaved(runs, ours(most) | peers(few))
    print(f"{trip} ms round trip, DATA, {data_rows:,} rows, peers {peer_rows:,}; whole commands, medians of {runs}")
    show(found)
    data, chunking = ROUND_TRIPS[trip]
    verdicts.at_least("mailjobs x 10", found["mailjobs x 10"].rate, data, "/s")
    with counting_sink(folder) as sink, delayed(sink.port, trip * 500, folder) as port:
        found = interleaved(runs, ours(Senders(folder, rows, sink, port), in_flight=32))
    print(f"{trip} ms round trip, CHUNKING, {rows:,} rows; whole commands, medians of {runs}")
    show(found)
    verdicts.at_least("mailjobs x 10", found["mailjobs x 10"].rate, chunking, "/s")


def main() -> int:
    """Print the tables; 1 where a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=20_000, help="with CHUNKING; with DATA a quarter, or less (20,000)")
    parser.add_argument("--runs", type=int, default=5, help="of each sender (5)")
    given = parser.parse_args()
    verdicts = Verdicts()
    for trip in ROUND_TRIPS:
        with tempfile.TemporaryDirectory() as name:
            measure(trip, given.rows, given.runs, Path(name), verdicts)
    return verdicts.status


if __name__ == "__main__":
    raise SystemExit(main())
