"""`mailjobs queue` as a user meets it: its output, its exit status, and what it does to the files."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mailjobs.cli.which_files import fits
from mailjobs.spool.locked import lock
from mailjobs.spool.names import host_name
from tests.cli.queue_files import HELLO, Queue, ago, claim, said


def ok(*arguments: str | Path, status: int = 0) -> str:
    """What the command prints where all is well."""
    found = said(*arguments)
    assert found.status == status, found
    return found.out


def names(queue: Queue, *arguments: str) -> list[str]:
    """The names that `list` gives with these filters."""
    return [one["file"].split(".")[0] for one in json.loads(ok("list", queue.path, "--json", *arguments))]


def test_a_list_has_what_a_person_wants_to_know(queue: Queue) -> None:
    rows = [re.split(r"  +", line) for line in ok("list", queue.path).splitlines()]
    assert rows == [
        ["file", "state", "age", "size", "tries", "next", "from", "to", "last reply"],
        ["a-new.queued", "waiting", "1h 5m", "52 B", "0", "now", "from@x.example", "ann@x.example"],
        ["b-late.queued", "waiting", "3h", "52 B", "2", "in 30m", "from@x.example", "eve@y.example +1",
         "451 4.7.1 later"],
        ["c-held.held", "held", "1d", "52 B", "1", "from@x.example", "may@z.example", "unknown whether …"],
        ["d-failed.failed", "failed", "4d", "52 B", "1", "from@x.example", "gone@z.example",
         "550 5.1.1 no such user"],
        ["e-left.sending", "sending", "1h 5m", "52 B", "0", "from@x.example", "two@z.example",
         "begun on ci.example.com"],
        ["f-sent.sent", "sent", "1h 5m", "52 B", "1", "from@x.example", "ann@x.example"],
    ]  # fmt: skip


def test_a_list_for_programs(queue: Queue) -> None:
    (late,) = json.loads(ok("list", queue.path, "--json", "b-late"))
    assert late.pop("created").startswith(f"{ago(hours=3):%Y-%m-%dT%H}")
    assert datetime.fromisoformat(late.pop("next_attempt")) > datetime.now(UTC)
    assert 10800 <= late.pop("age") < 10900
    assert late == {
        "file": "b-late.queued", "state": "waiting", "size": 52, "from": "from@x.example",
        "to": [
            {"address": "bob@y.example", "state": "accepted"}, {"address": "eve@y.example", "state": "deferred"},
        ],
        "attempts": 2, "last_reply": "451 4.7.1 later", "why": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        (["--to", "EVE@y.example"], "b"),
        (["--to", "@Z.example"], "cde"),
        (["--to", "*@?.example", "--state", "failed"], "d"),
        (["--to", "*e@y.example"], "b"),
        (["--to", "ann@x.example", "--to", "@y.example"], "abf"),
        (["--older-than", "2h"], "bcd"),
        (["--older-than", "3d"], "d"),
        (["--older-than", "2h", "--state", "waiting"], "b"),
        (["--state", "waiting", "--state", "sent"], "abf"),
        (["a-new", "f-sent.sent"], "af"),
        (["d"], "d"),
    ],
)
def test_filters(queue: Queue, arguments: list[str], wanted: str) -> None:
    assert "".join([name[0] for name in names(queue, *arguments)]) == wanted


def test_addresses_fit_as_a_whole() -> None:
    assert fits("ann@x.example", "@x.example")
    assert not fits("ann@ax.example", "@x.example")
    assert not fits("ann@x.example.org", "*@x.example")
    assert fits("ann@mail.x.example", "@*.x.example")
    assert not fits("a@x.example", "")


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["list", "nowhere"], 66, "cannot read the queue"),
        (["list", ".", "--older-than", "soon"], 64, "--older-than takes an age"),
        (["list", ".", "--to", ""], 64, "--to takes"),
        (["list", ".", "missing"], 66, "there is no file 'missing'"),
        (["show", ".", "a-new", "--raw", "--json"], 64, "one of them"),
        (["retry", "."], 64, "say which"),
        (["remove", ".", "--all"], 64, "nobody has confirmed"),
        (["hold", ".", "c"], 65, "it is held already"),
        (["retry", ".", "c"], 65, "`release` lets it go"),
        (["retry", ".", "f"], 65, "everybody has got it"),
        (["release", ".", "a"], 65, "it is not held"),
        (["remove", ".", "e", "--yes"], 65, "somebody had begun to send it"),
        (["recover", "nowhere"], 66, "cannot open the queue"),
    ],
)
def test_what_cannot_be_done_is_told(queue: Queue, arguments: list[str], status: int, words: str) -> None:
    before = queue.files()
    found = said(arguments[0], queue.path / arguments[1], *arguments[2:])
    assert found.status == status, found
    assert words in found.err
    assert queue.files() == before


def test_a_damaged_file_is_told_and_stops_nothing(queue: Queue) -> None:
    (queue.path / "junk.queued").write_bytes(b"\x1b[31mhello")
    found = said("list", queue.path)
    assert found.status == 74
    assert re.search(r"junk.queued +damaged .* it is no queue file", found.out)
    assert len(found.out.splitlines()) == 8
    assert said("retry", queue.path, "junk").status == 74
    assert said("show", queue.path, "junk").status == 65
    (queue.path / "junk.queued").rename(queue.path / "junk.queued.1.damaged")  # as a run does
    assert names(queue, "--state", "damaged") == ["junk"]
    ok("remove", queue.path, "junk", "--yes")
    assert "junk.queued.1.damaged" not in queue.files()


def test_a_message_is_shown_with_its_history(queue: Queue) -> None:
    text = ok("show", queue.path, "b")
    assert re.search(r"^state +waiting$", text, re.MULTILINE)
    assert re.search(r"^job +invoices$", text, re.MULTILINE)
    assert re.search(r"^tries +2, the next in 30m$", text, re.MULTILINE)
    assert re.search(r"^  deferred +to +eve@y.example  451 4.7.1 later$", text, re.MULTILINE)
    history = [line[23:].split()[0] for line in text.partition("history (UTC)\n")[2].splitlines() if line[2] != " "]
    assert history == ["queued", "taken", "became", "became", "waits"]


def test_a_message_as_it_goes_out(queue: Queue) -> None:
    arguments = [sys.executable, "-m", "mailjobs", "queue", "show", queue.path, "a-new", "--raw"]
    assert subprocess.run(arguments, capture_output=True, check=True).stdout == HELLO
    assert ok("show", queue.path, "a-new", "--headers") == "Subject: Hello\nMessage-ID: <1@x.example>\n"
    told = json.loads(ok("show", queue.path, "d", "--json"))
    assert told["recipients"][0]["reply"] == {"code": 550, "enhanced": "5.1.1", "text": "no such user"}
    assert [one["event"] for one in told["history"]] == ["queued", "claim", "done", "said"]
    assert (told["job"], told["row"], told["notified"]) == ("invoices", "4711", None)


def test_retry_sends_what_failed_again_and_what_waits_at_once(queue: Queue) -> None:
    assert ok("retry", queue.path, "--all").splitlines() == [
        "a-new.queued: goes to ann@x.example",
        "b-late.queued: goes to eve@y.example",
        "d-failed.queued: goes to gone@z.example",
    ]
    assert queue.state("d-failed.queued").letters == {"gone@z.example": "n"}
    late = queue.state("b-late.queued")
    assert late.letters == {"bob@y.example": "a", "eve@y.example": "n"}
    assert late.due(datetime.now(UTC))


def test_hold_and_release(queue: Queue) -> None:
    ok("hold", queue.path, "a", "--reason", "not yet")
    assert queue.state("a-new.held").held == "by hand: not yet"
    assert "by hand: not yet" in ok("list", queue.path, "a")
    ok("release", queue.path, "--all")
    assert queue.state("a-new.queued").letters == {"ann@x.example": "n"}
    assert queue.state("c-held.queued").letters == {"may@z.example": "n"}
    assert queue.state("c-held.queued").held == ""


def test_what_is_being_sent_is_left_alone(queue: Queue) -> None:
    held = lock(queue.path, "a-new.queued")
    assert held is not None
    with held:
        for command in (["retry"], ["hold"], ["remove", "--yes"]):
            found = said(command[0], queue.path, "a", *command[1:])
            assert found == (75, "", "mailjobs: a-new.queued: it is being sent, and is left alone\n")
    ok("hold", queue.path, "a")


def test_remove(queue: Queue) -> None:
    ok("remove", queue.path, "--older-than", "2h", "--yes")
    assert queue.files() == ["a-new.queued", "e-left.sending", "f-sent.sent"]
    assert json.loads(ok("remove", queue.path, "--to", "ann@x.example", "--state", "sent", "-y", "--json")) == [
        {"file": "f-sent.sent", "done": "removed", "problem": None}
    ]
    assert queue.files() == ["a-new.queued", "e-left.sending"]


def test_recover_takes_back_what_another_host_had_begun(queue: Queue) -> None:
    queue.put("g-here", "ann@x.example", suffix="sending", tail=claim(host_name(), 1))
    assert "g-here.held" in ok("recover", queue.path)
    assert "e-left.sending" in queue.files()
    said("recover", queue.path, "--host", "other.example.com")
    assert "e-left.sending" in queue.files()
    assert "e-left.held, begun on ci.example.com: held" in ok("recover", queue.path, "--host", "ci.example.com")
    assert queue.state("e-left.held").letters == {"two@z.example": "u"}
