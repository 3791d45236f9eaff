"""The sink, started for a test, given orders, and asked what it took."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from tests.fixtures.readable import readable

ROOT = Path(__file__).parents[2]


class Sink:
    """A context manager. `habits` are those of `tests.once.server`."""

    def __init__(self, folder: Path, **habits: Any) -> None:
        self.log = folder / "taken"
        self.log.touch()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.once.server", json.dumps({"log": str(self.log), **habits})],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        self._said = b""
        self.port = int(self.line().split()[1])

    def __enter__(self) -> Sink:
        return self

    def __exit__(self, *what: object) -> None:
        with self._process:
            assert self._process.stdin
            self._process.stdin.close()
            self._process.wait(20)

    def line(self, process: subprocess.Popen[str] | None = None) -> str:
        """What it says next, waited for; "" where `process` ends before it says anything."""
        assert self._process.stdout
        said = self._process.stdout.fileno()
        end = os.pidfd_open(process.pid) if process is not None else -1
        try:
            while b"\n" not in self._said:
                ready = readable([said, *([end] if process else [])], 60)
                assert ready, "nothing happened for a minute"
                if said not in ready:
                    return ""
                data = os.read(said, 4096)
                assert data, "the sink has ended"
                self._said += data
        finally:
            if end >= 0:
                os.close(end)
        line, _, self._said = self._said.partition(b"\n")
        return line.decode()

    def order(self, words: str) -> None:
        """See `tests.once.server`; it is carried out when this returns."""
        assert self._process.stdin
        self._process.stdin.write(words.encode() + b"\n")
        self._process.stdin.flush()
        while self.line() != "done":
            pass

    def paused(self, process: subprocess.Popen[str]) -> bool:
        """Wait until it pauses, as it was ordered to; False where `process` ends before."""
        return self.line(process) == "paused"

    def lines(self) -> list[str]:
        """What it has written down: address, row and connection of each recipient."""
        return self.log.read_text().splitlines()

    def taken(self) -> Counter[str]:
        """How often each recipient was taken; their letters must have been their own."""
        found: Counter[str] = Counter()
        for line in self.lines():
            address, row, _ = line.split()
            assert address.partition("@")[0].strip("uv") == row, f"{address} got the letter of row {row}"
            found[address] += 1
        return found
