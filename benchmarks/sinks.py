"""The two ends that take mail and keep none, with their own count of it: Postfix's smtp-sink, and csink.c."""

from __future__ import annotations

import json
import os
import re
import socket
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from servers import compiled, free_port, started, tool

LATEST_SECONDS = 2.0  # for a count to arrive that a client has heard of already
TICKS = os.sysconf("SC_CLK_TCK")


class Sink:
    """A sink that runs. `port` is its own, `pid` its process."""

    def __init__(self, port: int, pid: int, count: Callable[[], int]) -> None:
        self.port = port
        self.pid = pid
        self._count = count
        self._before = count()

    def check(self, sent: int, who: str) -> None:
        """Ends the measurement unless exactly `sent` messages have come since the last check."""
        end = time.monotonic() + LATEST_SECONDS
        while self._count() - self._before < sent and time.monotonic() < end:
            time.sleep(0.005)
        now = self._count()
        taken, self._before = now - self._before, now
        if taken != sent:
            raise SystemExit(f"{who} has sent {sent} messages, and the sink has counted {taken}")

    def cpu(self) -> float:
        """Seconds of processor time that the sink has used so far."""
        return cpu_of(self.pid)


def cpu_of(pid: int) -> float:
    """Seconds of processor time that a running process has used so far, all of its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


@contextmanager
def smtp_sink() -> Iterator[Sink]:
    """Postfix's smtp-sink: PIPELINING, no CHUNKING. It prints its counts into a file."""
    port = free_port()
    # It refuses to run as root unless told whom to become.
    become = ["-u", "nobody"] if os.geteuid() == 0 else []
    command = [tool("smtp-sink", "postfix"), "-c", *become, f"127.0.0.1:{port}", "100"]
    with tempfile.TemporaryFile() as out, started(command, port, out) as pid:

        def count() -> int:
            end = os.fstat(out.fileno()).st_size
            last = os.pread(out.fileno(), 200, max(0, end - 200))
            found = re.findall(rb"mesg=\s*(\d+)", last)
            return int(found[-1]) if found else 0

        yield Sink(port, pid, count)


@contextmanager
def counting_sink(folder: Path, *options: str) -> Iterator[Sink]:
    """csink.c: PIPELINING and CHUNKING; `options` are those at its head."""
    port = free_port()
    with started([compiled("csink", folder), *options, str(port)], port) as pid:
        yield Sink(port, pid, lambda: int(statistics_of(port)["messages"]))


def statistics_of(port: int) -> dict[str, Any]:
    """What csink has counted: `messages`, `rcpts`, `rcpt_sum` (order does not matter to it), `bytes`, and more."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as sock, sock.makefile("rwb") as stream:
        stream.readline()
        stream.write(b"XSTATS\r\nQUIT\r\n")
        stream.flush()
        found: dict[str, Any] = json.loads(stream.readline()[4:])
        return found


def recipient_sum(addresses: Iterator[str]) -> int:
    """The `rcpt_sum` that csink comes to for these: FNV-1a of 64 bits each, added up."""
    total = 0
    for address in addresses:
        number = 1469598103934665603
        for octet in address.encode():
            number = ((number ^ octet) * 1099511628211) & 0xFFFFFFFFFFFFFFFF
        total += number
    return total & 0xFFFFFFFFFFFFFFFF
