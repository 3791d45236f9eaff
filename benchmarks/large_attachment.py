"""One message with a large attachment, streamed to Postfix's smtp-sink: megabytes a second, and peak memory.

The attachment is a sparse file, encoded in base64 while it is sent. A child process sends it, so that the peak is that
of the sending alone; the peak of the same process before the message is printed beside it. Exit status 1 where the
target is missed.
"""

from __future__ import annotations

import argparse
import binascii
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from servers import smtp_sink

TARGET_MB = 100
MEGABYTE = 1_000_000
LINE = 57  # octets that make one line of 76 characters
READ = LINE * 4096
HEAD = b"From: a@example.com\r\nTo: b@example.com\r\nSubject: large\r\nMIME-Version: 1.0\r\n" \
    b"Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\n"  # fmt: skip


class Attachment:
    """The head, then `path` in base64."""

    def __init__(self, path: Path) -> None:
        self._path = path
        length = path.stat().st_size
        full, rest = divmod(length, LINE)
        self.size = len(HEAD) + full * 78 + (((rest + 2) // 3) * 4 + 2 if rest else 0)

    def __iter__(self) -> Iterator[bytes]:
        yield HEAD
        with self._path.open("rb") as file:
            while piece := file.read(READ):
                lines = [binascii.b2a_base64(piece[at : at + LINE], newline=False) for at in range(0, len(piece), LINE)]
                yield b"\r\n".join(lines) + b"\r\n"


def peak() -> float:
    """This process's largest resident size so far, in megabytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / MEGABYTE


def send(port: int, path: Path) -> dict[str, float]:
    """Send the file as one message over one connection; what it took."""
    from mailjobs.delivery import Courier
    from mailjobs.events import Publish, Sink, Stamped, Trace, Transfer
    from mailjobs.model import Retry, Server, Tls
    from mailjobs.session import open_conversation
    from mailjobs.smtp import Envelope

    class Count(Sink):
        """As a trace and a progress bar listen, so that what they cost is measured too."""

        hears = frozenset({Trace, Transfer})
        heard = 0

        def __call__(self, stamped: Stamped) -> None:
            self.heard += 1

    @dataclass(frozen=True)
    class Note:
        content: Attachment
        envelope: Envelope
        stop_indexes: frozenset[int] = frozenset()

    count = Count()
    conversation = open_conversation(Server("127.0.0.1", port, tls=Tls(mode="none")), Publish([count]))
    content = Attachment(path)
    note = Note(content, Envelope("a@example.com", ("b@example.com",), content.size))
    before, start = peak(), time.perf_counter()
    (settled,) = Courier[Note](lambda: conversation, Retry()).deliver([note])
    elapsed = time.perf_counter() - start
    conversation.quit()
    if settled.outcomes[0].state != "accepted":
        raise SystemExit(f"the message was not accepted: {settled}")
    facts = {"octets": content.size, "seconds": elapsed, "before": before, "peak": peak()}
    return {**facts, "events": count.heard}


def main() -> int:
    """Print speed and peak; 1 where the target is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=1000, help="length of the file (1000)")
    parser.add_argument("--send", nargs=2, metavar=("PORT", "FILE"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.send:
        print(json.dumps(send(int(options.send[0]), Path(options.send[1]))))
        return 0
    with tempfile.NamedTemporaryFile() as file, smtp_sink() as port:
        file.truncate(options.megabytes * MEGABYTE)
        command = [sys.executable, __file__, "--send", str(port), file.name]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    facts = json.loads(done.stdout)
    print(f"One message of {facts['octets'] / MEGABYTE:.0f} MB, streamed, over one connection")
    print(f"  {facts['octets'] / MEGABYTE / facts['seconds']:7.1f} MB/s on the wire, {facts['events']} events")
    print(f"  {facts['before']:7.1f} MB of memory before it")
    verdict = "ok" if facts["peak"] < TARGET_MB else "MISSED"
    print(f"  {facts['peak']:7.1f} MB at its peak, target below {TARGET_MB}: {verdict}")
    return int(facts["peak"] >= TARGET_MB)


if __name__ == "__main__":
    raise SystemExit(main())
