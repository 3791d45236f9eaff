"""The examples lie in the source: what is kept of their runs goes elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def state_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAILJOBS_RUN_STATE_DIR", str(tmp_path / "state"))
