"""Peak memory of a batch: mailjobs with few rows and with ten times as many, smtplib and Nodemailer with few.

Ten connections to Postfix's smtp-sink, every row checked beforehand, ledger and events kept. Each is run once: a peak
is a bound, not a median.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from measured import Run, own_peak
from senders import Senders
from sinks import smtp_sink
from verdicts import Verdicts

TARGET_MB = 80
TIMES = 10
LONGEST = 1800.0  # seconds of one run


def show(name: str, found: Run) -> None:
    """One line."""
    print(f"  {name:<24} {found.messages:9,.0f} rows {found.peak:7.1f} MB {found.rate:9,.0f}/s", flush=True)


def main() -> int:
    """Print all peaks; 1 where a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=20_000, help="of the smaller batch (20,000)")
    rows = parser.parse_args().rows
    verdicts = Verdicts()
    print("Peak memory of a batch")
    with tempfile.TemporaryDirectory() as name, smtp_sink() as sink:
        few, many = Senders(Path(name), rows, sink), Senders(Path(name), rows * TIMES, sink)
        few.longest = many.longest = LONGEST
        peaks = {}
        for senders in (few, many):
            found = senders.mailjobs(connections=10)
            show("mailjobs x 10", found)
            peaks[senders.count] = found.peak
        show("smtplib x 1", few.smtplib())
        show("Nodemailer x 10", few.nodemailer(10))
    print(f"  (nothing below {own_peak():.1f} MB can be told)")
    for count, peak in peaks.items():
        verdicts.at_most(f"mailjobs, {count:,} rows", peak, TARGET_MB, " MB")
    return verdicts.status


if __name__ == "__main__":
    raise SystemExit(main())
