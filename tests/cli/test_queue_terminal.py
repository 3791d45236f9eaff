"""`mailjobs queue` on a terminal: how a queue looks, narrow and wide, and what is asked."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.cli.queue_files import Queue
from tests.fixtures.terminals import Terminal


@pytest.fixture
def terminal(queue: Queue, on_terminal: Terminal) -> Terminal:
    """`mailjobs queue` on a terminal, for this queue."""

    def run(command: str, *arguments: str, **rest: Any) -> tuple[int, str]:
        return on_terminal("queue", command, queue.path, *arguments, NO_COLOR="1", **rest)

    return run


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
