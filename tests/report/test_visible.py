"""What reaches a terminal steers nothing."""

from __future__ import annotations

import io
import json

import pytest

from mailjobs import events
from mailjobs.clock import now
from mailjobs.errors import Place, Problem
from mailjobs.events import Stamped
from mailjobs.report.console import Console
from mailjobs.report.json_lines import JsonLines
from mailjobs.report.problems import problems_text
from mailjobs.report.trace import TraceWriter
from mailjobs.report.visible import _STEERING, visible, visible_json

EVIL = "a\x1b[31m\x07\r\n\x9b2J\u202eb\x00"
SHOWN = "a\\x1b[31m\\x07\\x0d\\x0a\\x9b2J\\u202eb\\x00"


def test_controls_are_shown_and_text_stays() -> None:
    assert visible(EVIL) == SHOWN
    assert visible("plain, 漢字, עברית, 👩\u200d👧\t.") == "plain, 漢字, עברית, 👩\u200d👧\t."


@pytest.mark.parametrize("code", [code for code in _STEERING if chr(code) != "\t"])
def test_each_of_them_alone_is_shown(code: int) -> None:
    assert chr(code) not in visible(f"é{chr(code)}")
    assert code < 0x20 or chr(code) not in visible_json(f'"é{chr(code)}"')


@pytest.mark.parametrize(
    ("sink", "event"),
    [
        (Console, events.RunStarted(EVIL)),
        (Console, events.Error(161, EVIL, EVIL, EVIL)),
        (Console, events.MessageSettled(1, EVIL, "rejected", EVIL)),
        (TraceWriter, events.Trace("server", EVIL)),
    ],
)
def test_no_sink_lets_them_through(sink: type, event: events.Event) -> None:
    out = io.StringIO()
    sink(out)(Stamped(now(), "run", None, None, event))
    assert SHOWN in out.getvalue()
    assert out.getvalue().count("\n") == 1
    assert out.getvalue().removesuffix("\n").isprintable()


def test_a_caret_stands_below_its_spot_whatever_comes_before() -> None:
    told = problems_text([Problem("x", Place("f", 1, 5), "漢e\u0301\t!")]).splitlines()
    assert told[1:] == ["    漢e\u0301\t!", "       \t^"]


def test_json_means_the_same_and_steers_nothing() -> None:
    text = visible_json(json.dumps([EVIL, "\x7f", "漢字"], ensure_ascii=False))
    assert json.loads(text) == [EVIL, "\x7f", "漢字"]
    assert "漢字" in text
    assert not set(text) & set("\x1b\x07\x9b\x7f\u202e\0")


def test_events_steer_nothing() -> None:
    out = io.StringIO()
    JsonLines(out)(Stamped(now(), "run", None, None, events.RunStarted(EVIL)))
    assert json.loads(out.getvalue())["job"] == EVIL
    assert not set(out.getvalue()) & set("\x1b\x9b\u202e")
