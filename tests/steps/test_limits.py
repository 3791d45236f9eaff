"""What a batch may do, shared among its processes."""

from __future__ import annotations

import errno
import tempfile

import pytest

from mailjobs.errors import OutputError
from mailjobs.model import Rate, Send
from mailjobs.steps.limits import limits_of


def test_no_room_for_what_processes_share_is_told_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(**_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(tempfile, "mkstemp", full)
    with pytest.raises(OutputError, match="cannot write a temporary file: No space left on device"):
        limits_of(Send(message="m", rate=Rate(1), processes=2))
