"""`mailjobs runs` as a user meets it: another process, its output, its exit status."""

from __future__ import annotations

import csv
import fcntl
import io
import json
import os
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from mailjobs.ledger import state_folder
from mailjobs.rows import Row
from mailjobs.rows.snapshot import SnapshotWriter
from tests.cli.in_process import Done, in_process
from tests.fixtures.running import command
from tests.fixtures.terminals import Terminal
from tests.ledger.conftest import Runs

PEOPLE = [("k1", "a@x"), ("k2", "b@x c@x"), ("k3", "d@x"), ("k4", "e@x"), ("k5", "f@x")]
STATES = {"c@x": "deferred", "d@x": "rejected", "e@x": None}
FIRST, SECOND, THIRD = "20261101T000000Z-aaaaaaaa", "20261102T000000Z-bbbbbbbb", "20261103T000000Z-cccccccc"


class Made(Runs):
    """Makes runs of `job.yaml`, whose rows have a name and the address."""

    def make(self, name: str, states: dict[str, str | None], people: list[tuple[str, str]] = PEOPLE) -> None:
        files = self.begin(name, [(key, to.split()) for key, to in people])
        with SnapshotWriter(files.rows) as writer:
            for number, (key, to) in enumerate(people, 1):
                writer.append(Row(number, key, {"id": key, "to": to, "name": f"Ünï {number}"}, number + 1))
        self.deliver(files, states)


@pytest.fixture
def job(tmp_path: Path) -> Path:
    """The job, whose file is not there; its three runs: unfinished, redirected, finished."""
    path = tmp_path / "job.yaml"
    folder = state_folder(path)
    folder.lock()
    made = Made(folder)
    made.make(FIRST, {})
    made.finish(FIRST)
    made.make(SECOND, {}, PEOPLE[:1])
    run = folder.runs()[0]
    run.staging = "dev@x"
    folder.save(run)
    made.finish(SECOND)
    made.make(THIRD, STATES)
    folder.unlock()
    return path


def said(*arguments: str | Path) -> Done:
    return in_process("runs", *arguments)


def ok(*arguments: str | Path, status: int = 0) -> str:
    """What the command prints where all is well."""
    done = said(*arguments)
    assert (done.status, "Traceback" in done.err) == (status, False), done.err
    return done.out


def test_the_list_has_the_newest_first(job: Path) -> None:
    assert ok("list", job).splitlines() == [
        "run                        started (UTC)     state       recipients",
        f"{THIRD}  2026-11-03 00:00  unfinished  3 accepted, 1 rejected, 1 deferred, 1 unknown",
        f"{SECOND}  2026-11-02 00:00  finished    1 accepted (redirected to dev@x)",
        f"{FIRST}  2026-11-01 00:00  finished    6 accepted",
    ]
    listed = json.loads(ok("list", job, "--json"))
    assert [one["id"] for one in listed] == [THIRD, SECOND, FIRST]
    assert [one["state"] for one in listed] == ["unfinished", "finished", "finished"]
    assert [one["redirected_to"] for one in listed] == [None, "dev@x", None]
    assert listed[0]["totals"] == {
        "accepted": 3, "rejected": 1, "deferred": 1, "unknown": 1, "not-attempted": 0, "kept": 0,
    }  # fmt: skip
    assert listed[0]["steps"]["send"]["totals"] == listed[0]["totals"]


def test_a_job_without_runs(tmp_path: Path) -> None:
    done = said("list", tmp_path / "no.yaml")
    told = f"{tmp_path}/no.yaml: no such file, and no runs are kept in {tmp_path}/.mailjobs/no.yaml\n"
    assert done == (0, "", told)
    (tmp_path / "no.yaml").touch()
    done = said("list", tmp_path / "no.yaml", "--json")
    assert (done.status, json.loads(done.out)) == (0, [])
    assert done.err == told.replace("no such file, and ", "")
    assert list(tmp_path.iterdir()) == [tmp_path / "no.yaml"]
    for arguments in (["show"], ["export"], ["show", "--to", "a@x", "--all-runs"]):
        ok(arguments[0], tmp_path / "no.yaml", *arguments[1:], status=66)


def test_the_latest_run_with_those_who_have_not_got_it(job: Path) -> None:
    assert ok("show", job).splitlines() == [
        f"run         {THIRD}",
        "job         job.yaml",
        "started     2026-11-03 00:00:00 UTC",
        f"finished    no: `mailjobs run {job}` goes on with it",
        "",
        "step  rows  accepted  rejected  deferred  unknown",
        "send     5         3         1         1        1",
        "",
        "deferred       c@x  k2  451 4.7.1 later",
        "rejected       d@x  k3  550 5.1.1 no such user",
        "unknown        e@x  k4",
    ]


def test_a_run_that_is_named(job: Path) -> None:
    shown = ok("show", job, FIRST[:10], "--state", "accepted", "--state", "rejected")
    assert shown.splitlines()[-6:] == [
        f"accepted       {one}"
        for one in ("a@x  k1", "b@x  k2", "c@x  k2", "d@x  k3", "e@x  k4", "f@x  k5")
    ]  # fmt: skip
    assert "finished    2026-12-01 00:00:00 UTC" in shown
    assert "redirected  to dev@x" in ok("show", job, SECOND)


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["show", "2026"], 64, f"several runs begin with '2026': {THIRD}, {SECOND}, {FIRST}"),
        (["show", FIRST[:-1] + "b"], 64, f"there is no run '{FIRST[:-1]}b' (did you mean '{FIRST}'?)"),
        (["export", "x"], 64, f"there is no run 'x' (there are: {THIRD}, {SECOND}, {FIRST})"),
        (["show", ""], 64, "there is no run ''"),
        (["show", FIRST, "--all-runs"], 64, "leave out RUN"),
        (["show", "--to", ""], 64, "--to takes an address"),
        (["show", "--state", "sent"], 64, "not-attempted"),
        (["show", "--to", "z@x"], 65, "nobody with the address 'z@x' is in this run"),
        (["show", "--key", "k9", "--all-runs"], 65, "nobody with the key 'k9' is in any run"),
        (["forget"], 64, "say which runs"),
        (["forget", FIRST, "--all"], 64, "say which runs"),
        (["forget", "x", "--yes"], 64, "there is no run 'x'"),
        (["forget", "--before", "soon"], 64, "90d"),
        (["forget", "--all"], 64, "3 runs would be forgotten, and nobody has confirmed that (--yes forgets)"),
    ],
)
def test_what_cannot_be_carried_out(job: Path, arguments: list[str], status: int, words: str) -> None:
    done = said(arguments[0], job, *arguments[1:])
    assert (done.status, done.out) == (status, ""), done.err
    assert words in done.err
    assert len(json.loads(ok("list", job, "--json"))) == 3


def test_what_became_of_one_person(job: Path) -> None:
    assert ok("show", job, "--to", "D@x") == (
        f"{THIRD}, 2026-11-03 00:00 UTC, unfinished\n  rejected       d@x  k3  550 5.1.1 no such user\n"
    )
    assert ok("show", job, "--to", "a@x", "--all-runs").splitlines() == [
        f"{THIRD}, 2026-11-03 00:00 UTC, unfinished",
        "  accepted       a@x  k1",
        f"{SECOND}, 2026-11-02 00:00 UTC, finished, redirected to dev@x",
        "  accepted       a@x  k1",
        f"{FIRST}, 2026-11-01 00:00 UTC, finished",
        "  accepted       a@x  k1",
    ]
    assert [line.split()[1] for line in ok("show", job, "--key", "k2").splitlines()[1:]] == ["b@x", "c@x"]


def test_json_lines_have_each_run_and_its_recipients(job: Path) -> None:
    lines = [json.loads(line) for line in ok("show", job, "--to", "c@x", "--all-runs", "--json").splitlines()]
    assert [(one["kind"], one.get("id") or one["run"]) for one in lines] == [
        ("Run", THIRD), ("Recipient", THIRD), ("Run", FIRST), ("Recipient", FIRST),
    ]  # fmt: skip
    assert lines[1] == {
        "kind": "Recipient", "run": THIRD, "step": "send", "row": 2, "key": "k2", "address": "c@x",
        "state": "deferred", "reply": "451 4.7.1 later", "before": False,
        "values": {"id": "k2", "to": "b@x c@x", "name": "Ünï 2"},
    }  # fmt: skip
    everything = [json.loads(line)["kind"] for line in ok("show", job, "--json").splitlines()]
    assert everything == ["Run", "Recipient", "Recipient", "Recipient"]


def test_an_export_is_the_rows_and_what_became_of_them(job: Path) -> None:
    table = list(csv.reader(io.StringIO(ok("export", job))))
    ours = ["mailjobs_step", "mailjobs_key", "mailjobs_address", "mailjobs_state", "mailjobs_reply"]
    assert table[0] == ["id", "to", "name", *ours]
    assert [row[5:7] for row in table[1:]] == [
        ["a@x", "accepted"], ["b@x", "accepted"], ["c@x", "deferred"], ["d@x", "rejected"], ["e@x", "unknown"],
        ["f@x", "accepted"],
    ]  # fmt: skip
    assert table[4] == ["k3", "d@x", "Ünï 3", "send", "k3", "d@x", "rejected", "550 5.1.1 no such user"]
    (line,) = ok("export", job, "--format", "jsonl", "--state", "rejected").splitlines()
    assert list(json.loads(line).items()) == list(zip(table[0], table[4], strict=True))


def test_an_export_into_a_file(job: Path) -> None:
    out = job.parent / "out.csv"
    assert ok("export", job, "--output", out) == ""
    assert out.read_bytes().decode() == ok("export", job)
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    ok("export", job, FIRST, "--output", out)
    assert "rejected" not in out.read_text("utf-8")
    assert sorted(path.name for path in job.parent.iterdir()) == [".mailjobs", "out.csv"]


GOOD = """\
version: 1
data: {d: {csv: data.csv}}
extends: base.yaml
server: {host: 127.0.0.1, port: 1, tls: none}
messages: {m: {from: a@x.test, to: b@x.test, subject: hi, text: {file: t.j2}}}
steps: [{send: m}]
"""
EXPORT = "mailjobs_step,mailjobs_key,mailjobs_address,mailjobs_state,mailjobs_reply\r\n"


@pytest.mark.parametrize(
    ("target", "status", "words"),
    [
        ("job.yaml", 64, "is a file of the job"),
        ("link", 64, "is a file of the job"),
        ("base.yaml", 64, "is a file of the job"),
        ("data.csv", 64, "is a file of the job"),
        ("t.j2", 64, "exists, and is no earlier export"),
        (".mailjobs/job.yaml/new.csv", 64, "lies in the state of the job"),
        (".mailjobs/job.yaml/lock", 64, "lies in the state of the job"),
        ("no/out.csv", 73, "there is no directory"),
        (".", 73, "it is not a regular file"),
        ("/dev/null", 73, "it is not a regular file"),
    ],
)
def test_an_export_is_written_over_nothing_of_the_job(job: Path, target: str, status: int, words: str) -> None:
    job.write_text(GOOD)
    (job.parent / "link").symlink_to(job)
    (job.parent / "base.yaml").write_text("version: 1\n")
    (job.parent / "data.csv").write_text(EXPORT + "1,2,3,4,5\r\n")
    (job.parent / "t.j2").write_text("hi")
    before = {path: path.read_bytes() for path in job.parent.rglob("*") if path.is_file()}
    done = said("export", job, "--output", job.parent / target)
    assert (done.status, done.out) == (status, ""), done.err
    assert words in done.err
    assert {path: path.read_bytes() for path in job.parent.rglob("*") if path.is_file()} == before


def test_an_export_that_fails_leaves_the_one_before(job: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = job.parent / "out.csv"
    out.write_text(EXPORT)

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("mailjobs.cli.runs_export.write_csv", fail)
    done = said("export", job, "--output", out)
    assert done == (73, "", f"mailjobs: cannot write {out}: No space left on device\n")
    assert out.read_text() == EXPORT.replace("\r\n", "\n")
    assert sorted(path.name for path in job.parent.iterdir()) == [".mailjobs", "out.csv"]


def kept(job: Path) -> list[str]:
    return [one["id"] for one in json.loads(ok("list", job, "--json"))]


def test_runs_are_forgotten_by_name_by_age_or_all(job: Path) -> None:
    assert ok("forget", job, FIRST[:12], SECOND, SECOND, "--yes") == f"Forgotten: {FIRST}, {SECOND}\n"
    assert kept(job) == [THIRD]
    done = said("forget", job, "--before", "2026-11-03", "--yes")
    assert (done.status, done.out, "no run to forget" in done.err) == (0, "", True)
    assert ok("forget", job, "--before", "2026-11-03T00:00:01", "--yes") == f"Forgotten: {THIRD}\n"
    assert kept(job) == []
    (job.parent / ".mailjobs/job.yaml/runs/20261104T000000Z-dddddddd").mkdir()
    ok("forget", job, "--all", "--yes")
    assert list((job.parent / ".mailjobs/job.yaml/runs").iterdir()) == []
    ok("forget", job, "20", "--yes", status=66)
    assert list(job.parent.iterdir()) == [job.parent / ".mailjobs"]


def test_an_age_counts_from_now(job: Path) -> None:
    folder = state_folder(job)
    now = datetime.now(UTC)
    for run, age in zip(folder.runs(), (timedelta(hours=2), timedelta(days=3), timedelta(weeks=2)), strict=True):
        run.started = now - age
        folder.save(run)
    for age, left in (("3w", 3), ("8d", 2), ("4d", 2), ("49h", 1), ("121m", 1), ("119m", 0)):
        ok("forget", job, "--before", age, "--yes")
        assert len(kept(job)) == left, age


def test_nothing_is_forgotten_while_the_job_runs(job: Path) -> None:
    with (job.parent / ".mailjobs/job.yaml/lock").open("w") as lock:
        lock.write("4711\n")
        lock.flush()
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = said("forget", job, "--all", "--yes")
        assert (done.status, "process 4711" in done.err) == (75, True)
        assert kept(job) == [THIRD, SECOND, FIRST]


def test_a_damaged_index_of_once_per_does_not_keep_all_from_being_forgotten(job: Path) -> None:
    index = job.parent / ".mailjobs/job.yaml/once.sqlite"
    index.write_bytes(b"x" * 5000)
    ok("forget", job, FIRST, "--yes", status=73)
    ok("forget", job, "--all", "--yes")
    assert not index.exists()


@pytest.fixture
def terminal(on_terminal: Terminal) -> Terminal:
    """`mailjobs runs` on a terminal."""
    return partial(on_terminal, "runs")


def test_a_table_on_a_terminal(job: Path, terminal: Terminal) -> None:
    _, seen = terminal("list", job, NO_COLOR="1")
    lines = [line.rstrip() for line in seen.replace("\x1b[1m", "").replace("\x1b[0m", "").splitlines()]
    assert lines == [
        "run                        started (UTC)     state       recipients",
        f"{THIRD}  2026-11-03 00:00  unfinished  3 accepted, 1 rejected,",
        " " * 57 + "1 deferred, 1 unknown",
        f"{SECOND}  2026-11-02 00:00  finished    1 accepted (redirected",
        " " * 57 + "to dev@x)",
        f"{FIRST}  2026-11-01 00:00  finished    6 accepted",
    ]
    assert "\x1b[32mfinished " in terminal("list", job, NO_COLOR="")[1]
    assert "\x1b" not in terminal("list", job, TERM="dumb")[1]
    assert all(FIRST in terminal("list", job, columns=columns)[1] for columns in (20, 60, 75))


def test_forgetting_asks_on_a_terminal(job: Path, terminal: Terminal) -> None:
    status, seen = terminal("forget", job, THIRD[:10], FIRST[:10], answer="n\n")
    assert status == 64
    assert f"  {THIRD}, 2026-11-03 00:00 UTC, unfinished: 3 accepted, 1 rejected, 1 deferred, 1 unknown\n" in seen
    assert f"  {FIRST}, 2026-11-01 00:00 UTC, finished: 6 accepted\n" in seen
    assert "Forget 2 runs? What was delivered may be sent again afterwards. [y/N]:" in seen
    assert len(kept(job)) == 3
    status, _ = terminal("forget", job, "--all", answer="y\n")
    assert (status, kept(job)) == (0, [])


STEERING = {"\x1b", "\x07", "\x9b", "\u202e"}
HOSTILE = "\x1b]0;gotcha\x07\x9b31m\u202eevil"


def test_nothing_steers_a_terminal(tmp_path: Path, terminal: Terminal) -> None:
    job = tmp_path / f"job{HOSTILE}.yaml"
    folder = state_folder(job)
    folder.lock()
    made = Made(folder)
    files = made.begin("r1", [("k1", ["a@x"])])
    with SnapshotWriter(files.rows) as writer:
        writer.append(Row(1, HOSTILE, {"to": "a@x", HOSTILE: HOSTILE + "\nb"}, 2))
    made.deliver(files, {"a@x": "rejected"})
    run = folder.runs()[0]
    run.job = run.staging = HOSTILE
    folder.save(run)
    folder.unlock()
    for arguments in (["list"], ["show"], ["export"], ["show", "--to", "a@x"], ["show", "r", "-x"], ["forget", "r"]):
        _, seen = terminal(arguments[0], job, *arguments[1:], answer="n\n", NO_COLOR="1")
        assert "evil" in seen or "-x" in arguments
        assert not STEERING & set(seen.replace("\x1b[1m", "").replace("\x1b[0m", "")), arguments
    for arguments in (["list", "--json"], ["show", "--json"], ["export", "--format", "jsonl"]):
        assert not STEERING & set(ok(arguments[0], job, *arguments[1:])), arguments
    assert next(csv.DictReader(io.StringIO(ok("export", job))))[HOSTILE] == HOSTILE + "\nb"


def test_a_damaged_run_keeps_nobody_from_the_others(job: Path) -> None:
    path = job.parent / f".mailjobs/job.yaml/runs/{FIRST}"
    (path / "run.json").write_text("{")
    done = said("list", job)
    assert done.status == 74
    assert done.out.splitlines()[-1] == f"{FIRST}  2026-11-01 00:00  damaged     6 accepted"
    assert done.err == f"mailjobs: {path}/run.json is damaged, or of another version of mailjobs\n"
    assert "accepted       e@x  k4" in ok("show", job, FIRST, "--state", "accepted", status=74)
    assert ok("show", job, "--to", "e@x", "--all-runs", status=74).count("e@x") == 2
    assert ok("export", job, FIRST, status=74).count("accepted") == 6
    (path / "send.ledger-1.log").unlink()
    (path / "send.rows").unlink()
    ok("show", job, FIRST, status=74)
    ok("forget", job, FIRST, "--yes")
    assert kept(job) == [THIRD, SECOND]


@pytest.mark.parametrize("place", [".mailjobs", ".mailjobs/job.yaml", ".mailjobs/job.yaml/runs"])
def test_a_folder_that_cannot_be_read(job: Path, place: str) -> None:
    folder = job.parent / place
    if os.geteuid() == 0:  # who may read everything finds no folder instead
        folder.rename(job.parent / "away")
        folder.touch()
    else:
        folder.chmod(0)
    for name in ("list", "show", "export", "forget"):
        done = said(name, job, *(["--all", "--yes"] if name == "forget" else []))
        assert (done.status, done.out) == (74, ""), done.err
        assert done.err.startswith(f"mailjobs: cannot read {job.parent}/.mailjobs/job.yaml/runs: ")
    if os.geteuid():
        folder.chmod(0o700)


@pytest.mark.parametrize("arguments", ["list {}", "show {}", "show {} --json", "export {}"])
@pytest.mark.parametrize("ending", [">/dev/full", ">&-", "| head -c 0"])
def test_output_that_goes_nowhere_is_no_bug(job: Path, ending: str, arguments: str) -> None:
    line = f"{sys.executable} -m mailjobs runs {arguments.format(job)} {ending}"
    done = subprocess.run(line, shell=True, capture_output=True, text=True, timeout=60)
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr
    assert ending != ">/dev/full" or done.returncode == 74


def test_another_folder_and_standard_input(job: Path, tmp_path: Path) -> None:
    (job.parent / ".mailjobs").rename(tmp_path / "state")
    assert kept(job) == []
    assert FIRST in ok("list", job, "--state-dir", tmp_path / "state")
    assert FIRST in command("runs", "list", job, MAILJOBS_RUN_STATE_DIR=str(tmp_path / "state")).stdout
    (tmp_path / "state/job.yaml").rename(tmp_path / "state/-")
    (tmp_path / "state").rename(tmp_path / ".mailjobs")
    assert FIRST in command("runs", "list", "-", cwd=tmp_path).stdout


JOB = """\
version: 1
server: {{host: 127.0.0.1, port: {port}, tls: none}}
data: {{people: {{csv: {data}, key: id}}}}
messages: {{m: {{from: a@x.test, to: "{{{{ row.to }}}}", subject: hi, text: "{{{{ row.id }}}}"}}}}
steps: [{{id: mails, send: {{message: m, for_each: people}}}}]
"""


def test_an_export_of_a_real_run_is_data_again(tmp_path: Path, smtp_sink: Callable[..., int]) -> None:
    port = smtp_sink("-f", "RCPT")
    (tmp_path / "d0.csv").write_text("id,to\n" + "".join(f"{n},u{n}@x.test\n" for n in range(20)))
    for number in range(3):
        job = tmp_path / f"job{number}.yaml"
        job.write_text(JOB.format(port=port, data=f"d{number}.csv"))
        assert command("run", job).returncode == 69
        assert "20 rejected" in ok("list", job)
        ok("export", job, "--state", "rejected", "--output", tmp_path / f"d{number + 1}.csv")
    last = list(csv.DictReader(io.StringIO((tmp_path / "d3.csv").read_text("utf-8"))))
    assert [row["id"] for row in last] == [str(n) for n in range(20)]
    assert list(last[0]) == [
        "id", "to", "mailjobs_step", "mailjobs_key", "mailjobs_address", "mailjobs_state", "mailjobs_reply",
    ]  # fmt: skip
    assert last[7]["mailjobs_reply"].startswith("500 5.3.0")


def test_a_run_that_is_killed_says_how_many_are_left(tmp_path: Path, smtp_sink: Callable[..., int]) -> None:
    port = smtp_sink("-w", "1")  # seconds before each reply to DATA
    job = tmp_path / "job.yaml"
    job.write_text(JOB.format(port=port, data="d.csv").replace("subject: hi", "cc: copy@x.test, subject: hi"))
    (tmp_path / "d.csv").write_text("id,to\n" + "".join(f"{n},u{n}@x.test\n" for n in range(30)))
    line = [sys.executable, "-m", "mailjobs", "run", str(job), "--quiet"]
    with subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        end = time.monotonic() + 30
        while not any(" done " in path.read_text() for path in tmp_path.glob(".mailjobs/job.yaml/runs/*/*.log")):
            assert process.poll() is None
            assert time.monotonic() < end
            time.sleep(0.02)
        process.kill()
    (run,) = json.loads(ok("list", job, "--json"))
    assert run["state"] == "unfinished"
    assert run["totals"]["accepted"] >= 2
    assert run["totals"]["not-attempted"] >= 30
    assert sum(run["totals"].values()) == 60
    people = [json.loads(line) for line in ok("show", job, "--json").splitlines()[1:]]
    assert {one["state"] for one in people} <= {"unknown", "not-attempted"}
    assert ok("show", job, "--to", "u29@x.test").splitlines()[1] == "  not-attempted  (row 30)  29"
