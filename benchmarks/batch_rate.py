"""`rate` of a batch: how near to the limit it comes over ten seconds, and how many messages any window holds.

csink.c writes down when each MAIL arrives. With n messages in t seconds from the first to the last, the rate kept is
(n - 1) / t. A window of any length w may hold rate x w + 1 messages; printed is the most that any window, from one
message to another, holds beyond rate x w. The moments are the sink's, so JITTER is allowed for what the way there and
the scheduler take: rate x JITTER messages. Rows are not rendered beforehand, since nothing of that is measured.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from senders import Senders
from sinks import counting_sink
from verdicts import Verdicts

CLOSENESS = 0.02
BURST = 1.0
JITTER = 0.002  # seconds


class Case(NamedTuple):
    """A limit in messages a second, as it is written, and the settings beside it."""

    rate: float
    written: str
    send: dict[str, Any]


CASES = (
    Case(500, "500/s", {"connections": 4}),
    Case(500, "500/s", {"connections": 4, "processes": 2}),
    Case(500, "500/s", {"connections": 4, "in_flight": 8}),
    Case(50, "3000/m", {"connections": 10}),
    Case(1, "60/m", {"connections": 4}),
    Case(1, "60/m", {"connections": 2, "processes": 2}),
)


def burst(moments: Sequence[float], rate: float) -> float:
    """The most messages that any window holds beyond `rate` times its length; `moments` ascend."""
    worst, lowest = 0.0, float("inf")
    for number, moment in enumerate(moments):
        lowest = min(lowest, number - rate * moment)
        worst = max(worst, number + 1 - rate * moment - lowest)
    return worst


def measure(case: Case, seconds: float, folder: Path, verdicts: Verdicts) -> None:
    """One run, and its two verdicts."""
    times = folder / "times"
    with counting_sink(folder, "-t", str(times)) as sink:
        senders = Senders(folder, round(case.rate * seconds) + 1, sink)
        senders.mailjobs(rate=case.written, preflight="off", **case.send)
        lines = times.read_text().splitlines()
    moments = sorted(int(line[2:]) / 1e9 for line in lines if line.startswith("M"))
    assert len(moments) == senders.count
    first = moments[0]
    moments = [moment - first for moment in moments]
    kept, most = (len(moments) - 1) / moments[-1], burst(moments, case.rate)
    settings = ", ".join(f"{key}: {value}" for key, value in case.send.items())
    print(f"rate: {case.written}, {settings}; {senders.count:,} messages in {moments[-1]:.2f} s")
    verdicts.at_most("off the limit", abs(kept / case.rate - 1), CLOSENESS)
    verdicts.at_most("messages of a window beyond rate x window", most, BURST + case.rate * JITTER)


def main() -> int:
    """Print each case; 1 where a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10.0, help="of each case (10)")
    seconds = parser.parse_args().seconds
    verdicts = Verdicts()
    with tempfile.TemporaryDirectory() as name:
        for case in CASES:
            measure(case, seconds, Path(name), verdicts)
    return verdicts.status


if __name__ == "__main__":
    raise SystemExit(main())
