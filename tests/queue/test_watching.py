"""A directory that is served by a real process until it is told to stop."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fixtures.taking import TakingServer
from tests.once.batch import ended, stopped
from tests.once.sink import ROOT, Sink, readable
from tests.queue.outbox import Outbox

Process = subprocess.Popen[str]


@pytest.fixture
def sink(tmp_path: Path) -> Iterator[Sink]:
    with Sink(tmp_path) as sink:
        yield sink


def watch(outbox: Outbox, port: int) -> Process:
    """Serve the queue, as a user does it."""
    return subprocess.Popen(
        [
            sys.executable, "-W", "error", "-m", "mailjobs", "queue", "run", "outbox", "--watch",
            "--server", f"smtp://127.0.0.1:{port}", "--set", "server.tls=none",
        ],
        cwd=outbox.folder, env={**os.environ, "PYTHONPATH": str(ROOT)}, text=True, bufsize=1,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def line_with(process: Process, words: str) -> str:
    """The next line with these words that it says."""
    assert process.stdout
    while True:
        assert readable([process.stdout.fileno()], 60), f"nothing was said of {words!r} for a minute"
        line = process.stdout.readline()
        assert line, f"it has ended without {words!r}"
        if words in line:
            return line


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_what_is_queued_meanwhile_is_sent_until_a_signal_comes(
    tmp_path: Path, sink: Sink, number: int, status: int
) -> None:
    outbox = Outbox(tmp_path / "box", sink.port)
    outbox.fill(3)
    sink.order("pause 3 replied")
    with stopped(watch(outbox, sink.port)) as process:
        assert sink.paused(process)
        sink.order("go")
        sink.order("pause 2 taken")
        outbox.fill(2)
        assert sink.paused(process)
        process.send_signal(number)  # with one message whose reply is still to come
        sink.order("go")
        assert ended(process).status == status
    assert sink.taken() == {"u1@example.com": 2, "u2@example.com": 2, "u3@example.com": 1}
    assert list(outbox.path.iterdir()) == []


def test_a_server_that_comes_back_is_found(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    outbox = Outbox(tmp_path / "box", port)
    outbox.fill(2)
    with stopped(watch(outbox, port)) as process:
        assert "it is tried again" in line_with(process, "refused")
        (pause,) = [TakingServer(lambda connection, verb, line: None, port)]
        while len(pause.taken) < 2:
            assert not readable([process.stderr.fileno()], 0.05), process.stderr.read()  # type: ignore[union-attr]
        process.terminate()
        assert ended(process).status == 143
        pause.close()
    assert list(outbox.path.iterdir()) == []
