"""A batch over several processes as a user meets it: signals, and a worker that is killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.taking import SILENCE, TakingServer

Taking = Callable[..., TakingServer]
Start = Callable[..., subprocess.Popen[str]]
PATIENCE = 30  # seconds; timeout.idle is twenty times as much
JOB = """\
version: 1
server: {{host: 127.0.0.1, port: {port}, tls: none, hello: me, timeout: {{idle: 600}}}}
data: {{people: {{csv: rows.csv, key: to}}}}
messages: {{m: {{from: a@x.test, to: "{{{{ row.to }}}}", subject: s, text: x}}}}
steps: [{{send: {{message: m, for_each: people, {said}}}}}]
"""


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start a run over so many rows, in a process group of its own."""
    running: list[subprocess.Popen[str]] = []

    def run(server: TakingServer, said: str, rows: int = 300) -> subprocess.Popen[str]:
        (tmp_path / "job.yaml").write_text(JOB.format(port=server.port, said=said))
        (tmp_path / "rows.csv").write_text("to\n" + "".join(f"r{number}@x.test\n" for number in range(rows)))
        command = [sys.executable, "-W", "error", "-m", "mailjobs", "run", "job.yaml", "--json"]
        pipe = subprocess.PIPE
        process = subprocess.Popen(command, cwd=tmp_path, stdout=pipe, stderr=pipe, text=True, start_new_session=True)
        running.append(process)
        return process

    yield run
    for process in running:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()


def workers_of(process: subprocess.Popen[str]) -> list[int]:
    return [int(pid) for pid in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()]


def step_of(out: str) -> dict[str, Any]:
    report = json.loads(out)
    return (report[0] if isinstance(report, list) else report)["steps"][0]


@pytest.mark.parametrize("group", [False, True])
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_a_run_whose_connections_are_being_opened(
    taking: Taking, start: Start, number: int, status: int, group: bool
) -> None:
    server = taking(lambda connection, verb, line: SILENCE if verb == "greeting" and connection > 1 else None)
    process = start(server, "connections: 2, processes: 2, rate: 20/s")
    assert server.silent.wait(PATIENCE)
    (os.killpg if group else os.kill)(process.pid, number)
    out, err = process.communicate(timeout=PATIENCE)
    totals = step_of(out)["result"]["totals"]
    assert (process.returncode, sum(totals.values()), totals.get("accepted", 0)) == (status, 300, len(server.taken))
    assert "Traceback" not in err


def test_the_report_of_a_run_whose_worker_was_killed_agrees_with_itself(taking: Taking, start: Start) -> None:
    """The worker dies when a message of each connection is out, and before it has told what it knows."""
    killed = threading.Event()

    def answer(connection: int, verb: str, line: str) -> str | None:
        if verb == "dot" and len(server.taken) >= 100 and not killed.is_set():
            for pid in workers_of(process):
                os.kill(pid, signal.SIGKILL)
            killed.set()
            return SILENCE
        return None

    server = taking(answer)
    process = start(server, "connections: 2, processes: 2")
    out, err = process.communicate(timeout=PATIENCE)
    step = step_of(out)
    totals, failures = step["result"]["totals"], step["result"]["failures"]
    told = ", ".join(f"{count} {state}" for state, count in totals.items() if count)
    assert sorted(step["summary"].split(";")[0].split(", ")) == sorted(told.split(", "))
    assert "has ended by itself" in step["summary"]
    assert totals["unknown"] >= 1
    unknown = [failure for failure in failures if failure["state"] == "unknown"]
    assert (len(unknown), {failure["kind"] for failure in unknown}) == (totals["unknown"], {"to"})
    assert (process.returncode, err.count("Traceback")) == (69, 0)


def test_connections_are_those_of_all_processes_together(taking: Taking, start: Start) -> None:
    server = taking()
    process = start(server, "connections: 2, processes: 2", rows=1500)
    process.communicate(timeout=PATIENCE)
    assert (process.returncode, len(server.taken), server.connections) == (0, 1500, 2)
