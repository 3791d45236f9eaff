"""`mailjobs queue` as a user meets it: its output, its exit status, and what it does to the files."""

from __future__ import annotations

import io
import json
import os
import pty
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import pytest

from mailjobs.cli.main import mailjobs
from mailjobs.cli.which_files import fits
from mailjobs.smtp import Outcome, Reply
from mailjobs.spool import Entry, Person, lines, queue_message, read
from mailjobs.spool.locked import lock
from mailjobs.spool.names import host_name
from mailjobs.spool.state import State

HELLO = b"Subject: Hello\r\nMessage-ID: <1@x.example>\r\n\r\nhello\r\n"
Terminal = Callable[..., tuple[int, str]]


def ago(**span: float) -> datetime:
    return datetime.now(UTC) - timedelta(**span)


class Queue:
    """A queue that is filled for a test."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir()

    def put(
        self, name: str, *to: str, suffix: str = "queued", since: datetime | None = None, tail: bytes = b""
    ) -> None:
        entry = Entry(
            since or ago(minutes=65.5), "from@x.example", tuple([Person("to", one) for one in to]), len(HELLO),
            job="invoices", run="20261101T000000Z-aaaaaaaa", row="4711", message_id="<1@x.example>",
        )  # fmt: skip
        queue_message(self.path, name, entry, [HELLO])
        with (self.path / f"{name}.queued").open("ab") as file:
            file.write(tail)
        (self.path / f"{name}.queued").rename(self.path / f"{name}.{suffix}")

    def files(self) -> list[str]:
        return sorted(one.name for one in self.path.iterdir())

    def state(self, file: str) -> State:
        descriptor = os.open(self.path / file, os.O_RDONLY)
        try:
            return read(descriptor).state
        finally:
            os.close(descriptor)


def claim(host: str = "ci.example.com", pid: int = 77) -> bytes:
    return lines.claim(ago(minutes=30), host, pid, "")


def done(address: str, state: str, code: int, words: str) -> bytes:
    return lines.done(ago(minutes=30), [Outcome(address, state, Reply(code, (words,)), "RCPT")])  # type: ignore[arg-type]


DEFERRED = (
    claim() + done("bob@y.example", "accepted", 250, "ok") + done("eve@y.example", "deferred", 451, "4.7.1 later")
)
WAITS = DEFERRED + lines.wait(ago(minutes=30), ago(minutes=-30.5), 2)
REFUSED = claim() + done("gone@z.example", "rejected", 550, "5.1.1 no such user")
UNKNOWN = claim() + lines.dot(ago(minutes=30), ["may@z.example"]) + lines.hold(ago(minutes=29), "unknown whether …")


@pytest.fixture
def queue(tmp_path: Path) -> Queue:
    """One message in each state."""
    made = Queue(tmp_path / "outbox")
    made.put("a-new", "ann@x.example")
    made.put("b-late", "bob@y.example", "eve@y.example", since=ago(hours=3), tail=WAITS)
    made.put("c-held", "may@z.example", suffix="held", since=ago(days=1), tail=UNKNOWN)
    made.put("d-failed", "gone@z.example", suffix="failed", since=ago(days=4), tail=REFUSED)
    made.put("e-left", "two@z.example", suffix="sending", tail=claim())
    made.put("f-sent", "ann@x.example", suffix="sent", tail=claim() + done("ann@x.example", "accepted", 250, "ok"))
    return made


class Done(NamedTuple):
    """What a command did."""

    status: int
    out: str
    err: str


def said(*arguments: str | Path) -> Done:
    """Run the command in this process, which takes a tenth of the time."""
    out, err = io.StringIO(newline=""), io.StringIO(newline="")
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        with redirect_stdout(out), redirect_stderr(err):
            status = mailjobs(["queue", *map(str, arguments)])
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    assert "Traceback" not in err.getvalue(), err.getvalue()
    return Done(status, out.getvalue(), err.getvalue())


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


# --- on a terminal


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
