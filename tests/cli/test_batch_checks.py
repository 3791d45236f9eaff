"""What a batch checks before it sends, and what it tells of it, as a user meets it: another process, its output."""

from __future__ import annotations

import json
import signal
import subprocess
import sys

import pytest

from tests.cli.conftest import Job, report, result, run
from tests.fixtures.choosy import NOBODY, PickyServer

# --- bad rows


def test_a_row_found_bad_when_it_is_sent_is_skipped_and_the_run_is_done(job: Job, server: PickyServer) -> None:
    rows = ["1,a@x.test", "2,b@x.test", "3,c@x.test"]
    path = job(*rows, keys="preflight: off, on_bad_row: skip", text="{{ 1 / (row.id | int - 2) }}")
    done = run(path)
    assert done.returncode == 0, done.stdout
    assert "  warning row 2 (line 3) is not sent: text: division by zero\n" in done.stdout
    assert "ok      send m: 2 accepted (3 rows read: 1 bad)\n" in done.stdout
    assert result(path)["totals"] == {**NOBODY, "accepted": 2}
    assert result(path)["rows"] == {"read": 3, "excluded": 0, "bad": 1, "repeated": 0}
    assert run(path).returncode == 77  # it is finished
    assert server.accepted == [("a@x.test",), ("c@x.test",)]


@pytest.mark.parametrize("processes", [1, 2])
def test_a_row_that_may_not_be_skipped_fails_the_step_in_any_process(job: Job, processes: int) -> None:
    keys = f"preflight: off, processes: {processes}"
    path = job("1,a@x.test", "2,b@x.test", keys=keys, text="{{ 1 / (row.id | int - 2) }}")
    done = run(path)
    assert done.returncode == 65, done.stdout
    assert "1 accepted, 1 not-attempted" in done.stdout
    assert "division by zero" in done.stdout


@pytest.mark.parametrize("processes", [1, 2])
def test_what_a_sample_finds_bad_is_told_once_and_skipped(job: Job, server: PickyServer, processes: int) -> None:
    rows = [f"{n},p{n}@x.test" for n in range(1, 6)]
    keys = f"preflight: sample, on_bad_row: skip, processes: {processes}, connections: 1"
    path = job(*rows, keys=keys, text="{{ 1 / (row.id | int - 2) }}")
    done = run(path)
    assert done.returncode == 0, done.stdout
    assert done.stderr.count("row 2 (line 3)") == 1
    assert "row 2" not in done.stdout
    assert result(path)["rows"] == {"read": 5, "excluded": 0, "bad": 1, "repeated": 0}
    assert result(path)["totals"] == {**NOBODY, "accepted": 4}
    assert run(path).returncode == 77


@pytest.mark.parametrize("how", [(), ("--dry-run",), ("--json",), ("--quiet",)])
def test_all_bad_rows_are_told_wherever_one_looks(job: Job, how: tuple[str, ...]) -> None:
    done = run(path := job(*[f"{n},bad{n}" for n in range(1, 26)]), *how)
    assert done.returncode == 65
    assert done.stderr.count(" is not one address") == 20
    assert "and 5 more rows that cannot be sent" in done.stderr
    error = report(path)["error"]
    assert isinstance(error, dict)
    told = [problem["message"] for problem in error["problems"]]
    assert len(told) == 21
    assert told[19].startswith("row 20 (line 21): to: 'bad20'")
    assert told[20] == "and 5 more rows that cannot be sent"


@pytest.mark.parametrize("how", [(), ("--dry-run",)])
def test_two_bad_batches_are_both_told(job: Job, how: tuple[str, ...]) -> None:
    steps = "  - {name: first, send: {message: m, for_each: people}}\n  - send: {message: m, for_each: people}\n"
    done = run(job("1,a@x.test", "2,nobody", steps=steps), *how)
    assert done.returncode == 65
    assert "first: row 2 (line 3): to: 'nobody'" in done.stderr
    assert "send m: row 2 (line 3): to: 'nobody'" in done.stderr


UNREADABLE = ["1,a@x.test", "2", "3,c@x.test,d", ",e@x.test", "5,f@x.test"]


def test_all_rows_that_cannot_be_read_are_told(job: Job) -> None:
    done = run(job(*UNREADABLE))
    assert done.returncode == 65
    for line, words in ((3, "row 2: 1 cells"), (4, "row 3: 3 cells"), (5, "row 4: the key column")):
        assert f":{line}:1: data.people: {words}" in done.stderr


def test_rows_that_cannot_be_read_may_be_skipped(job: Job, server: PickyServer) -> None:
    done = run(path := job(*UNREADABLE, keys="on_bad_row: skip"))
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("; the row is skipped\n") == 3
    assert result(path)["rows"] == {"read": 5, "excluded": 0, "bad": 3, "repeated": 0}
    assert sorted(server.accepted) == [("a@x.test",), ("f@x.test",)]


def test_what_ends_the_reading_refuses_whatever_may_be_skipped(job: Job, server: PickyServer) -> None:
    path = job("1,a@x.test", "2", '3,"open', keys="on_bad_row: skip")
    done = run(path)
    assert done.returncode == 65
    assert "row 2: 1 cells" in done.stderr
    assert "this is not CSV" in done.stderr
    assert server.accepted == []


def test_a_condition_that_fails_names_its_rows_and_may_be_skipped(job: Job, server: PickyServer) -> None:
    lines = ['{"id": 1, "email": "a@x.test", "land": "DE"}', '{"id": 2, "email": "b@x.test"}']
    path = job(keys="where: row.land == 'DE'")
    (path.parent / "people.jsonl").write_text("\n".join(lines))
    path.write_text(path.read_text().replace("csv: people.csv", "jsonl: people.jsonl"))
    done = run(path)
    assert done.returncode == 65
    assert "row 2 (line 2): " in done.stderr
    path.write_text(path.read_text().replace("where:", "on_bad_row: skip, where:"))
    assert run(path).returncode == 0
    assert server.accepted == [("a@x.test",)]


def test_files_that_are_missing_are_that(job: Job) -> None:
    path = job(*[f"{n},p{n}@x.test" for n in range(1, 26)], message='attachments: ["out/{{ row.id }}.pdf"]')
    (path.parent / "out").mkdir()
    done = run(path)
    assert done.returncode == 66, done.stderr
    assert "and 5 more rows" in done.stderr
    (path.parent / "people.csv").write_text("id,email\n1,a@x.test\n2,nobody\n")
    assert run(path).returncode == 65


# --- warnings


@pytest.mark.parametrize("how", [(), ("--dry-run",)])
def test_warnings_are_shown_unless_it_is_to_be_quiet(job: Job, how: tuple[str, ...]) -> None:
    path = job("1,a@x.test", "2,a@x.test", "3,nobody", keys="on_bad_row: skip, again: true")
    done = run(path, *how)
    assert done.returncode == 0, done.stdout
    assert "warning: steps[0].send: row 2 (line 3): a@x.test is in row 1 too, and gets both messages" in done.stderr
    assert "warning: messages.m.to: row 3 (line 4): to: 'nobody'" in done.stderr
    assert "(3 rows read: 1 bad, 1 repeated address)" in done.stdout
    assert len(report(path)["warnings"]) == 2  # type: ignore[arg-type]
    assert run(path, *how, "--quiet").stderr == ""


def test_a_sum_of_warnings_is_one(job: Job) -> None:
    done = run(job(*[f"{n},a@x.test" for n in range(1, 26)]), "--dry-run")
    assert "warning: and 4 more rows with an address that stands in another\n" in done.stderr


# --- duplicates


def test_an_address_that_comes_again_gets_one_message_and_the_others_of_its_row_get_theirs(
    job: Job, server: PickyServer
) -> None:
    rows = ["1,a@x.test", '2,"A@x.test, b@x.test"', "3,a@x.test", '4,"C@x.test, c@x.test"', "5,d@x.test"]
    path = job(*rows, keys="duplicates: skip, connections: 1", to="{{ row.email | addresses }}", message="cc: k@x.test")
    done = run(path)
    assert done.returncode == 0, done.stdout
    assert server.accepted == [
        ("a@x.test", "k@x.test"), ("b@x.test", "k@x.test"), ("C@x.test", "k@x.test"), ("d@x.test", "k@x.test")
    ]  # fmt: skip
    assert "(5 rows read: 3 repeated addresses)" in done.stdout
    assert "row 4 (line 5): c@x.test is in it twice, and gets one message" in done.stderr
    assert result(path)["totals"] == {**NOBODY, "accepted": 8}


def test_repeated_addresses_are_looked_for_without_preflight_where_the_job_says_what_they_mean(job: Job) -> None:
    rows = ["1,a@x.test", "2,a@x.test"]
    assert run(job(*rows, keys="duplicates: error, preflight: off")).returncode == 65
    done = run(job(*rows, keys="duplicates: skip, preflight: off"))
    assert "1 accepted (2 rows read: 1 repeated address)" in done.stdout


# --- how far it is, and stopping it


def test_ctrl_c_ends_the_checks_at_once_and_keeps_nothing(job: Job) -> None:
    path = job(*[f"{n},p{n}@x.test" for n in range(200_000)])
    arguments = [sys.executable, "-m", "mailjobs", "run", str(path), "--events", "-", "--quiet"]
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    first = json.loads(process.stdout.readline())
    assert (first["kind"], first["run"], first["step"], first["finished"]) == ("Preflight", None, "1", False)
    assert first["read"] > 0
    process.send_signal(signal.SIGINT)
    rest, _ = process.communicate(timeout=30)
    assert process.returncode == 130
    kinds = [json.loads(line)["kind"] for line in rest.splitlines()]
    assert kinds[-2:] == ["RunStarted", "RunFinished"]
    assert list((path.parent / ".mailjobs" / "job.yaml" / "runs").iterdir()) == []
