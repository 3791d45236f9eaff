"""A sandbox in a process of its own, for tests that want a server which keeps what it gets."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

MAILJOBS = (sys.executable, "-m", "mailjobs")


class Sandbox:
    """`mailjobs sandbox DIRECTORY --port 0 …`, started and listening."""

    def __init__(self, directory: Path, *options: str) -> None:
        self.directory = directory
        self.process = subprocess.Popen(
            [*MAILJOBS, "sandbox", str(directory), "--port", "0", *options],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8",
        )  # fmt: skip
        self.first = self.line()
        found = re.search(r':(\d+)[ ,]|"port": (\d+)', self.first)
        if found is None:
            raise RuntimeError(f"the sandbox did not start: {self.first!r} {self.stop()}")
        self.port = int(found[1] or found[2])

    def line(self) -> str:
        """The next line of its output, waited for."""
        assert self.process.stdout
        return self.process.stdout.readline().removesuffix("\n")

    def messages(self) -> list[Path]:
        """The kept messages, in the order of their numbers."""
        return sorted(self.directory.glob("[0-9]*.eml"))

    def envelope(self, number: int) -> dict[str, Any]:
        """The envelope of message `number`."""
        loaded: dict[str, Any] = json.loads((self.directory / f"{number:04}.json").read_text(encoding="utf-8"))
        return loaded

    def stop(self, number: int = signal.SIGTERM) -> tuple[int, str, str]:
        """Its exit status, and what was left on its output and error output. One that does not end is killed."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            out, err = self.process.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            out, err = self.process.communicate()
        return self.process.returncode, out, err

    def end(self) -> None:
        """End it, if it has not ended, and close what is open."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                self.process.kill()
        with self.process:
            pass


@contextmanager
def running(directory: Path, *options: str) -> Iterator[Sandbox]:
    """A sandbox that is certain to end."""
    sandbox = Sandbox(directory, *options)
    try:
        yield sandbox
    finally:
        sandbox.end()
