"""One message with a large attachment, sent by `mailjobs run` to Postfix's smtp-sink: megabytes a second, peak memory.

The attachment is a sparse file, encoded in base64 while it is sent. The same job with a small attachment is run
before, so that the peak of all else stands beside it. Exit status 1 where the target is missed.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from measured import MEGABYTE, Run, run
from sinks import smtp_sink

TARGET_MB = 100
JOB = """\
version: 1
name: large
server: {host: 127.0.0.1, port: %(port)d, tls: none}
messages:
  m: {from: a@example.com, to: b@example.com, subject: large, text: see there, attachments: %(file)s}
steps:
  - send: m
"""


def send(folder: Path, port: int, size: int) -> Run:
    """Send a file of `size` octets."""
    with (folder / "large.bin").open("wb") as file:
        file.truncate(size)
    job = folder / "job.yaml"
    job.write_text(JOB % {"port": port, "file": "large.bin"})
    return run([sys.executable, "-m", "mailjobs", "run", "--quiet", "--trace=/dev/null", str(job)])


def main() -> int:
    """Print speed and peak; 1 where the target is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=1000, help="length of the file (1000)")
    size = parser.parse_args().megabytes * MEGABYTE
    with tempfile.TemporaryDirectory() as name, smtp_sink() as sink:
        small = send(Path(name), sink.port, 1)
        before = sink.cpu()
        large = send(Path(name), sink.port, size)
        used = (sink.cpu() - before) / large.seconds
        sink.check(2, "mailjobs")
    wire = size / 57 * 78
    print(f"One message with an attachment of {size / MEGABYTE:.0f} MB, {wire / MEGABYTE:.0f} MB on the wire")
    print(f"  {wire / MEGABYTE / (large.seconds - small.seconds):7.1f} MB/s beyond the start-up; the sink {used:.0%}")
    print(f"  {small.peak:7.1f} MB of memory with an attachment of one octet")
    print(
        f"  {large.peak:7.1f} MB at its peak, target below {TARGET_MB}: {'ok' if large.peak < TARGET_MB else 'MISSED'}"
    )
    return int(large.peak >= TARGET_MB)


if __name__ == "__main__":
    raise SystemExit(main())
