"""Every sender of a batch as a method that runs it once and has the sink's count checked.

One whose peer is not installed says what installs it, and ends the measurement.
"""

from __future__ import annotations

import importlib.util
import itertools
import os
import pty
import shutil
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from batch_workload import write_job, write_workload
from measured import Run, run
from servers import tool
from sinks import Sink

PEERS = Path(__file__).parent / "peers"
SIZE = 3000  # octets of the fixed message of smtp-source
NPM = "npm install --prefix benchmarks/peers --no-package-lock"
PIP = "python -m pip install -e '.[bench]'"
SETTLED = b'"MessageSettled"'


class Senders:
    """The senders of `count` rows to `sink`, or to `port` where that is a relay before it."""

    def __init__(self, folder: Path, count: int, sink: Sink, port: int | None = None) -> None:
        self.count = count
        self._folder = folder / f"rows-{count}"
        if not self._folder.exists():
            write_workload(self._folder, count)
        self._sink = sink
        self._port = sink.port if port is None else port
        self._numbers = itertools.count()
        self.longest = 600.0

    def mailjobs(self, server: Mapping[str, Any] | None = None, seen: bool = False, **send: Any) -> Run:
        """A new run with a ledger of its own, every event written down; `seen` draws its progress on a terminal.

        `send` and `server` add to those mappings of the job.
        """
        job = write_job(self._folder, self._port, send, server)
        state, events = self._folder / "state", self._folder / "events.jsonl"
        command = [sys.executable, "-m", "mailjobs", "run", "--yes", "--state-dir", str(state), "--events", str(events)]
        try:
            if seen:
                with _terminal() as terminal:
                    found = self._run("mailjobs", [*command, str(job)], terminal)
            else:
                found = self._run("mailjobs", [*command, "--quiet", str(job)])
            told = _lines_with(SETTLED, events)
            if told != self.count:
                raise SystemExit(f"mailjobs has sent {self.count} messages and written {told} events of them")
        finally:
            shutil.rmtree(state, ignore_errors=True)
            events.unlink(missing_ok=True)
        return found

    def smtplib(self) -> Run:
        """smtplib, EmailMessage and Jinja2 over one connection."""
        return self._run("smtplib", self._python("smtplib_peer.py"))

    def aiosmtplib(self, connections: int) -> Run:
        """aiosmtplib, EmailMessage and Jinja2."""
        if importlib.util.find_spec("aiosmtplib") is None:
            raise SystemExit(f"aiosmtplib is missing; it is in the extra `bench`: {PIP}")
        return self._run("aiosmtplib", self._python("aiosmtplib_peer.py", str(connections)))

    def nodemailer(self, connections: int) -> Run:
        """Nodemailer's pool, templates filled by a dozen lines of JavaScript."""
        return self._run("Nodemailer", [*nodemailer("nodemailer_peer.js"), *self._where(), str(connections)])

    def smtp_source(self, sessions: int) -> Run:
        """Postfix's smtp-source, which sends one fixed message again and again over connections that it keeps."""
        fixed = ["-d", "-s", str(sessions), "-l", str(SIZE), "-m", str(self.count)]
        addresses = ["-f", "news@example.com", "-t", "reader@example.com"]
        command = [tool("smtp-source", "postfix"), *fixed, *addresses, f"127.0.0.1:{self._port}"]
        return self._run("smtp-source", command)

    def sketch(self, how: str, connections: int) -> Run:
        """peers/sketch.py; `how` is data or bdat."""
        return self._run("the sketch", self._python("sketch.py", how, str(connections)))

    def _python(self, program: str, *arguments: str) -> list[str]:
        return [sys.executable, str(PEERS / program), *self._where(), *arguments]

    def _where(self) -> tuple[str, str]:
        return str(self._folder), str(self._port)

    def _run(self, who: str, command: Sequence[str], terminal: int | None = None) -> Run:
        before = self._sink.cpu()
        found = run(command, terminal, self.longest)
        used = self._sink.cpu() - before
        self._sink.check(self.count, who)
        return found._replace(messages=self.count, sink=used / found.seconds)


def nodemailer(program: str) -> list[str]:
    """The command of one of the peers in JavaScript."""
    node = tool("node", "nodejs")
    if not (PEERS / "node_modules" / "nodemailer").is_dir():
        raise SystemExit(f"Nodemailer is missing; this installs it: {NPM}")
    return [node, str(PEERS / program)]


@contextmanager
def _terminal() -> Iterator[int]:
    """The descriptor of a terminal whose screen nobody looks at."""
    master, slave = pty.openpty()

    def look_away() -> None:
        with suppress(OSError):
            while os.read(master, 65536):
                pass

    thread = threading.Thread(target=look_away)
    thread.start()
    try:
        yield slave
    finally:
        os.close(slave)
        thread.join()
        os.close(master)


def _lines_with(mark: bytes, path: Path) -> int:
    with path.open("rb") as file:
        return sum(mark in line for line in file)
