"""What a batch may do, shared among its processes."""

from __future__ import annotations

import errno
import tempfile

import pytest

from mailjobs.errors import OutputError
from mailjobs.model import Rate, Send
from mailjobs.steps.limits import connections_of, limits_of, processes_of


def test_no_room_for_what_processes_share_is_told_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(**_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(tempfile, "mkstemp", full)
    with pytest.raises(OutputError, match="cannot write a temporary file: No space left on device"):
        limits_of(Send(message="m", rate=Rate(1), processes=2))


@pytest.mark.parametrize(
    ("connections", "processes", "each"),
    [(3, 2, [2, 1]), (8, 2, [4, 4]), (5, 1, [5]), (2, 3, [1, 1, 1]), (1, 0, [1])],
)
def test_processes_share_the_connections(connections: int, processes: int, each: list[int]) -> None:
    action = Send(message="m", connections=connections, processes=processes)
    assert processes_of(action) == len(each)
    assert [connections_of(action, worker) for worker in range(len(each))] == each
