"""Events as lines: the short way to write one says what the long way does."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailjobs.events import MessageSettled, RunStarted, Stamped
from mailjobs.report.json_lines import JsonLines

NOW = datetime(2026, 3, 1, 21, 24, 52, 123456, UTC)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]))


@given(st.none() | st.integers(1), TEXTS, st.none() | TEXTS, st.none() | TEXTS)
def test_short_way_and_long_way_are_the_same(row, address, reply, step) -> None:
    stamped = Stamped(NOW, "run", step, None, MessageSettled(row, address, "accepted", reply))
    out = io.StringIO()
    JsonLines(out)(stamped)
    assert json.loads(out.getvalue()) == stamped.as_dict()
    assert out.getvalue().count("\n") == 1


def test_what_is_held_goes_out_before_what_follows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mailjobs.clock.monotonic", lambda: 1000.0)
    out = io.StringIO()
    sink = JsonLines(out)
    for row in range(3):
        sink(Stamped(NOW, "run", "1", None, MessageSettled(row, "a@x.test", "accepted")))
    assert out.getvalue().count("\n") == 1
    sink(Stamped(NOW, "run", "1", None, RunStarted("job")))
    assert [json.loads(line)["kind"] for line in out.getvalue().splitlines()] == [*["MessageSettled"] * 3, "RunStarted"]
