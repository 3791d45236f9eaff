"""The line at the foot of a terminal: what it keeps where there is little room, and when it goes away."""

from __future__ import annotations

import io
import re

import pytest

from mailjobs import events
from mailjobs.clock import now
from mailjobs.events import Event, Stamped
from mailjobs.report.progress import ProgressLine

ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
PROGRESS = events.BatchProgress(4120, 250_000, {"accepted": 4100, "rejected": 20}, 412.0, 597.0)


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch):
    """What a terminal of so many columns gets of an event."""

    def draw(columns: int, *shown: Event, verbose: bool = False) -> str:
        monkeypatch.setenv("COLUMNS", str(columns))
        monkeypatch.setenv("TERM", "xterm")
        out = io.StringIO()
        line = ProgressLine(out, verbose)
        for event in shown:
            line(Stamped(now(), "r", "1", "s", event))
        return out.getvalue()

    return draw


@pytest.mark.parametrize("columns", [20, 30, 40, 60, 80, 200])
def test_the_count_stays_however_narrow_it_is(drawn, columns: int) -> None:
    (line,) = ESCAPE.sub("", drawn(columns, PROGRESS)).strip().splitlines()
    assert "4,120/250,000" in line
    assert len(line.rstrip()) < columns
    assert ("━" in line) is (columns >= 60)
    assert ("412/s, 0:09:57 left, 20 rejected" in line) is (columns >= 60)


def test_checking_is_told_until_it_is_over(drawn) -> None:
    text = drawn(80, events.Preflight(412_000))
    assert "checking 412,000 rows" in text
    over = drawn(80, events.Preflight(412_000), events.Preflight(412_001, finished=True))
    assert over.startswith(text)
    assert len(over) > len(text)


@pytest.mark.parametrize(("verbose", "cleared"), [(True, True), (False, False)])
def test_recipients_clear_it_where_they_are_printed_on_the_same_terminal(drawn, verbose: bool, cleared: bool) -> None:
    alone = drawn(80, PROGRESS, verbose=verbose)
    followed = drawn(80, PROGRESS, events.MessageSettled(1, "a@x.test", "accepted"), verbose=verbose)
    assert (followed != alone) is cleared


def test_a_run_begins_on_a_clean_line(drawn) -> None:
    assert drawn(80, events.Preflight(1), events.RunStarted("j")) != drawn(80, events.Preflight(1))
