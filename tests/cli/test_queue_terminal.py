"""`mailjobs queue` on a terminal: how a queue looks, narrow and wide, and what is asked."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from tests.cli.queue_files import Queue

Terminal = Callable[..., tuple[int, str]]


@pytest.fixture
def terminal(queue: Queue) -> Iterator[Terminal]:
    """Runs the command on a terminal, at which `answer` is typed; its exit status and what it showed."""
    masters: list[int] = []

    def run(*arguments: str, answer: str = "", columns: int = 80) -> tuple[int, str]:
        master, slave = pty.openpty()
        masters.append(master)
        os.write(master, answer.encode())
        environment = {**os.environ, "TERM": "xterm", "COLUMNS": str(columns), "NO_COLOR": "1"}
        with subprocess.Popen(
            [sys.executable, "-W", "error", "-m", "mailjobs", "queue", arguments[0], queue.path, *arguments[1:]],
            stdin=slave, stdout=slave, stderr=slave, env=environment, start_new_session=True,
        ) as process:  # fmt: skip
            os.close(slave)
            seen = b""
            while chunk := _read(master):
                seen += chunk
            return process.wait(60), seen.decode().replace("\r\n", "\n")

    yield run
    for master in masters:
        os.close(master)


def _read(master: int) -> bytes:
    try:
        return os.read(master, 4096)
    except OSError:  # Linux says that nobody has the other end any more
        return b""


def test_a_narrow_terminal_has_lines_and_a_wide_one_a_table(terminal: Terminal) -> None:
    status, narrow = terminal("list", columns=60)
    assert status == 0
    assert max(map(len, narrow.splitlines()[:-1])) <= 60
    assert "b-late\n  waiting, 3h old, 52 B, 2 tries, next in 30m\n  from@x.example -> eve@y.example +1\n" in narrow
    assert "6 messages, 312 B: 2 waiting, " in narrow
    wide = terminal("list", columns=150)[1].splitlines()
    assert re.split(r"  +", re.sub(r"\x1b\[[0-9;]*m", "", wide[0]).strip())[:3] == ["file", "state", "age"]
    assert max(map(len, wide[1:])) <= 150
    assert wide[1].startswith("a-new ")


@pytest.mark.parametrize(("answer", "left"), [("y\n", False), ("n\n", True)])
def test_removing_asks(terminal: Terminal, queue: Queue, answer: str, left: bool) -> None:
    status, seen = terminal("remove", "d", answer=answer)
    assert "d-failed.failed: failed, from@x.example -> gone@z.example" in seen
    assert "Remove 1 message from" in seen
    assert status == (64 if left else 0)
    assert ("d-failed.failed" in queue.files()) == left
