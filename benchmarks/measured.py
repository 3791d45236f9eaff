"""One command measured: wall time, processor time and peak memory of all its processes; and medians of several."""

from __future__ import annotations

import os
import resource
import signal
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

LONGEST_SECONDS = 600.0
MEGABYTE = 1_000_000


class Run(NamedTuple):
    """Seconds of wall and processor time of a command that sent so many messages.

    `peak` is that of the largest process, in megabytes; `sink` the share of a processor that the sink used meanwhile.

    The kernel lets a child begin with its parent's peak, so that none can be told that lies below `own_peak()`.
    """

    seconds: float
    cpu: float
    peak: float
    messages: float = 1
    sink: float = 0.0

    @property
    def rate(self) -> float:
        """Messages a second."""
        return self.messages / self.seconds

    @property
    def cpu_ms(self) -> float:
        """Milliseconds of processor time a message."""
        return self.cpu / self.messages * 1000


def environment() -> dict[str, str]:
    """What every command is run in: ours, less what changes how Python runs, such as that it keeps no bytecode."""
    kept = ("PYTHONPATH", "PYTHONHOME")
    return {name: value for name, value in os.environ.items() if name in kept or not name.startswith("PYTHON")}


def run(command: Sequence[str], terminal: int | None = None, longest: float = LONGEST_SECONDS) -> Run:
    """Run a command that must succeed within `longest` seconds; `terminal` is a descriptor to be its stderr."""
    with tempfile.TemporaryFile() as out:
        start = time.perf_counter()
        errors = terminal or out
        process = subprocess.Popen(command, stdout=out, stderr=errors, start_new_session=True, env=environment())
        # The leader is this process's child until it is waited for below, so the group is its own.
        watch = threading.Timer(longest, os.killpg, (process.pid, signal.SIGKILL))
        watch.start()
        try:
            _, status, usage = os.wait4(process.pid, 0)
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            raise
        finally:
            watch.cancel()
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            out.seek(0)
            told = out.read().decode(errors="replace")[-3000:]
            raise SystemExit(f"{' '.join(command)} failed with {process.returncode} after {seconds:.1f} s:\n{told}")
    return Run(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024 / MEGABYTE)


def own_peak() -> float:
    """The most memory that the measuring process has had, in megabytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / MEGABYTE


def interleaved(rounds: int, attempts: Mapping[str, Callable[[], Run]]) -> dict[str, Run]:
    """The medians of each attempt, by its name: all take turns, so that a busy moment touches all alike."""
    found: dict[str, list[Run]] = {name: [] for name in attempts}
    for _ in range(rounds):
        for name, attempt in attempts.items():
            found[name].append(attempt())
    return {name: Run(*map(statistics.median, zip(*runs, strict=True))) for name, runs in found.items()}


def show(found: Mapping[str, Run]) -> None:
    """A line for each sender."""
    for name, each in found.items():
        print(f"  {name:<44} {each.rate:9,.0f}/s {each.cpu_ms:7.3f} ms of CPU   the sink {each.sink:4.0%}", flush=True)
