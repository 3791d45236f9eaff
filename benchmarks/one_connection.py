"""One connection to Postfix's smtp-sink at a 10 ms round trip: a mailjobs batch beside `smtp-source -d -s 1`.

mailjobs sends a personalised two-part message of about 3 KB for each row of a CSV file, and its time is that of the
whole command, with start-up and the check of all rows; smtp-source sends one fixed message again and again. Exit
status 1 where the target is missed.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from measured import run
from servers import delayed, tool
from sinks import smtp_sink

ONE_WAY_US = 5000
TARGET = 3.2
MESSAGE_SIZE = 3000
PARAGRAPH = "This line stands for the text of a newsletter that a real sender would have written here.\n" * 13

JOB = """\
version: 1
name: one-connection
data: {rows: {csv: rows.csv, key: number}}
server: {host: 127.0.0.1, port: %(port)d, tls: none}
messages:
  news:
    from: News <news@example.com>
    to: "{{ row.name }} <{{ row.email }}>"
    subject: "News for {{ row.name }}, number {{ row.number }}"
    text: {file: body.txt.j2}
    html: {file: body.html.j2}
steps:
  - send: {message: news, for_each: rows, connections: 1}
"""


def write_job(folder: Path, port: int, rows: int) -> Path:
    """A job, its two bodies and its rows."""
    (folder / "body.txt.j2").write_text("Dear {{ row.name }},\n\n" + PARAGRAPH)
    (folder / "body.html.j2").write_text("<p>Dear {{ row.name }},</p>\n<p>" + PARAGRAPH + "</p>\n")
    lines = [f"{number},Reader {number},reader{number}@example.com" for number in range(1, rows + 1)]
    (folder / "rows.csv").write_text("\n".join(["number,name,email", *lines]) + "\n")
    job = folder / "job.yaml"
    job.write_text(JOB % {"port": port})
    return job


def main() -> int:
    """Print both rates and their ratio; 1 where the target is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=500, help="to send with each (500)")
    count = parser.parse_args().messages
    source = tool("smtp-source", "postfix")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with smtp_sink() as sink, delayed(sink.port, ONE_WAY_US, folder) as port:
            job = write_job(folder, port, count)
            ours = count / run([sys.executable, "-m", "mailjobs", "run", "--quiet", str(job)]).seconds
            sink.check(count, "mailjobs")
            addresses = ["-f", "news@example.com", "-t", "reader@example.com"]
            fixed = [source, "-d", "-s", "1", "-l", str(MESSAGE_SIZE), "-m", str(count), *addresses]
            theirs = count / run([*fixed, f"127.0.0.1:{port}"]).seconds
            sink.check(count, "smtp-source")
    ratio = ours / theirs
    print(f"One connection, {2 * ONE_WAY_US / 1000:.0f} ms round trip, {count} messages: messages a second")
    print(f"  mailjobs run              {ours:7.1f}")
    print(f"  smtp-source -d -s 1       {theirs:7.1f}")
    verdict = "ok" if ratio >= TARGET else "MISSED"
    print(f"  ratio {ratio:.2f}, target at least {TARGET}: {verdict}")
    return int(ratio < TARGET)


if __name__ == "__main__":
    raise SystemExit(main())
