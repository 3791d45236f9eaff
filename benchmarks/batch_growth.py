"""Whether the time of a batch grows with its rows and no faster: one of 100,000 beside ten of 10,000.

Five of the small ones are run before the large one and five after it. Start-up, the time of the same command with one
row, is left out of both sides, or ten of them would flatter the large one. With --million a batch of a million rows
is run too, for its memory; that takes minutes.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from measured import Run, interleaved
from senders import Senders
from sinks import Sink, smtp_sink
from verdicts import Verdicts

TARGET, MILLION_MB = 1.1, 150
MILLION = 1_000_000
PARTS = 10
LONGEST = 3600.0  # seconds of one run


def sender(folder: Path, count: int, sink: Sink, given: argparse.Namespace) -> Callable[[], Run]:
    """One batch of so many rows."""
    senders = Senders(folder, count, sink)
    senders.longest = LONGEST
    return partial(senders.mailjobs, connections=given.connections, preflight=given.preflight)


def grow(folder: Path, sink: Sink, given: argparse.Namespace, verdicts: Verdicts) -> None:
    """One large batch beside ten small ones."""
    start = interleaved(5, {"start": sender(folder, 1, sink, given)})["start"].seconds
    small, large = (sender(folder, count, sink, given) for count in (given.rows // PARTS, given.rows))
    parts = [small() for _ in range(PARTS // 2)]
    whole = large()
    parts += [small() for _ in range(PARTS - PARTS // 2)]
    together, cpu = sum(part.seconds for part in parts), sum(part.cpu_ms for part in parts) / PARTS
    print(f"{given.rows:,} rows in one batch {whole.seconds:.2f} s, in {PARTS} batches {together:.2f} s")
    print(f"  start-up, one row: {start:.2f} s; CPU {whole.cpu_ms:.3f} and {cpu:.3f} ms a message")
    ratio = (whole.seconds - start) / (together - PARTS * start)
    verdicts.at_most("one batch beside ten, beyond start-up", ratio, TARGET)


def main() -> int:
    """Print times and ratio; 1 where a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000, help="of the large batch (100,000)")
    parser.add_argument("--connections", type=int, default=4, help="that mailjobs may open (4)")
    parser.add_argument("--preflight", default="full", help="what is checked beforehand (full)")
    parser.add_argument("--million", action="store_true", help="a million rows too: their memory")
    given = parser.parse_args()
    verdicts = Verdicts()
    with tempfile.TemporaryDirectory() as name, smtp_sink() as sink:
        grow(Path(name), sink, given, verdicts)
        if given.million:
            found = sender(Path(name), MILLION, sink, given)()
            print(f"{MILLION:,} rows in {found.seconds:.0f} s, {found.rate:,.0f}/s")
            verdicts.at_most("memory", found.peak, MILLION_MB, " MB")
    return verdicts.status


if __name__ == "__main__":
    raise SystemExit(main())
