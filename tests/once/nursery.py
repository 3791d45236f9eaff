"""Runs of the command that cost little: forked from a process that has imported everything.

    LD_PRELOAD=faults.so python -W error -m tests.once.nursery

It reads an order a line, as JSON: `arguments` of the command, `folder` to run in, `environment` to add, and files for
`out` and `err`. For each it forks, and says `[number, status]` when that has ended; below 0 a signal ended it. Several
may be under way. A child is as a user's process, but that its modules are imported already.
"""

from __future__ import annotations

import ctypes
import json
import os
import subprocess
import sys
import threading
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from tests.once.batch import Ended
from tests.once.sink import ROOT

# What a run would import late.
MODULES = (
    "mailjobs.cli.main", "mailjobs.cli.run", "mailjobs.steps.batch", "mailjobs.report.console",
    "mailjobs.delivery.pool", "mailjobs.session.login", "mailjobs.rows.csv_source", "mailjobs.report.colour",
    "jsonschema",
)  # fmt: skip


class Nursery:
    """A context manager; for several threads."""

    def __init__(self, library: Path, *modules: str) -> None:
        environment = {**os.environ, "LD_PRELOAD": str(library), "PYTHONPATH": str(ROOT)}
        self._process = subprocess.Popen(
            [sys.executable, "-W", "error", "-m", "tests.once.nursery", str(library), *MODULES, *modules],
            cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self._lock = threading.Lock()
        self._waiting: dict[int, Future[int]] = {}
        self._number = 0
        threading.Thread(target=self._listen, daemon=True).start()

    def __enter__(self) -> Nursery:
        return self

    def __exit__(self, *what: object) -> None:
        with self._process:
            assert self._process.stdin
            self._process.stdin.close()
            self._process.wait(60)

    def run(self, *arguments: str | Path, folder: Path, environment: dict[str, str] | None = None) -> Ended:
        """The command with these arguments, to its end."""
        future: Future[int] = Future()
        with self._lock:
            self._number += 1
            number = self._number
            self._waiting[number] = future
        out, err = folder / f"out{number}", folder / f"err{number}"
        order = {
            "number": number, "arguments": list(map(str, arguments)), "folder": str(folder),
            "environment": environment or {}, "out": str(out), "err": str(err),
        }  # fmt: skip
        assert self._process.stdin
        with self._lock:
            self._process.stdin.write(json.dumps(order) + "\n")
            self._process.stdin.flush()
        status = future.result(timeout=60)
        ended = Ended(status, out.read_text(), err.read_text())
        out.unlink()
        err.unlink()
        return ended

    def _listen(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            number, status = json.loads(line)
            self._waiting.pop(number).set_result(status)
        for future in list(self._waiting.values()):
            future.set_exception(AssertionError("the nursery has ended"))


# --- the process itself


def _serve(library: Path) -> None:
    faults = ctypes.CDLL(str(library))
    running: dict[int, int] = {}
    orders = sys.stdin.buffer
    reader = threading.Thread(target=_reap, args=(running,), daemon=True)
    condition.acquire()
    reader.start()
    condition.release()
    for line in orders:
        order = json.loads(line)
        with condition:
            child = os.fork()
            if child == 0:
                _live(order, faults)
            running[child] = order["number"]
            condition.notify()


condition = threading.Condition()


def _reap(running: dict[int, int]) -> None:
    while True:
        with condition:
            while not running:
                condition.wait()
        child, status = os.waitpid(-1, 0)
        with condition:
            number = running.pop(child)
        os.write(1, (json.dumps([number, os.waitstatus_to_exitcode(status)]) + "\n").encode())


def _live(order: dict[str, Any], faults: ctypes.CDLL) -> None:
    """The life of a child."""
    status = 70
    try:
        for descriptor, name in ((1, order["out"]), (2, order["err"])):
            file = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600)
            os.dup2(file, descriptor)
            os.close(file)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.chdir(order["folder"])
        os.environ.update(order["environment"])
        faults.faults_begin()
        from mailjobs.cli.main import mailjobs

        status = mailjobs(order["arguments"])
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(status)


if __name__ == "__main__":
    import importlib

    for module in sys.argv[2:]:
        importlib.import_module(module)
    _serve(Path(sys.argv[1]))
