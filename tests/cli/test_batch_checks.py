"""What a batch checks before it sends, and what it tells of it, as a user meets it: another process, its output."""

from __future__ import annotations

import csv
import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.fixtures.picky import PickyServer
from tests.fixtures.running import command

HEAD = """
version: 1
server: {{host: 127.0.0.1, port: {port}, tls: none, hello: me}}
data: {{people: {{csv: people.csv, key: id}}}}
messages: {{m: {{from: a@x.test, to: "{to}", subject: "{{{{ row.id }}}}", text: "{text}"{message}}}}}
"""
Job = Callable[..., Path]


@pytest.fixture
def server() -> Iterator[PickyServer]:
    """Takes everybody but those whose address says otherwise."""
    with PickyServer() as picky:
        yield picky


@pytest.fixture
def job(tmp_path: Path, server: PickyServer) -> Job:
    """Write a job with rows (lines of `id,email`), and keys of its one batch; its path."""

    def write(
        *rows: str, keys: str = "", rest: str = "", steps: str = "", to: str = "{{ row.email }}",
        text: str = "hello", message: str = "",
    ) -> Path:  # fmt: skip
        (tmp_path / "people.csv").write_text("\n".join(["id,email", *rows, ""]))
        head = HEAD.format(port=server.port, to=to, text=text, message=f", {message}" if message else "")
        batch = f"  - send: {{message: m, for_each: people{f', {keys}' if keys else ''}}}\n"
        path = tmp_path / "job.yaml"
        path.write_text(f"{head}steps:\n{steps or batch}{rest}\n")
        return path

    return write


def report(path: Path) -> dict[str, object]:
    """The report that stands beside a job."""
    found: dict[str, object] = json.loads((path.parent / "r.json").read_text())
    return found


def run(path: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return command("run", path, "--report", path.parent / "r.json", *options)


def result(path: Path) -> dict[str, object]:
    steps = report(path)["steps"]
    assert isinstance(steps, list)
    return dict(steps[-1]["result"])


# --- bad rows


def test_a_row_found_bad_when_it_is_sent_is_skipped_and_the_run_is_done(job: Job, server: PickyServer) -> None:
    rows = ["1,a@x.test", "2,b@x.test", "3,c@x.test"]
    path = job(*rows, keys="preflight: off, on_bad_row: skip", text="{{ 1 / (row.id | int - 2) }}")
    done = run(path)
    assert done.returncode == 0, done.stdout
    assert "  warning row 2 (line 3) is not sent: text: division by zero\n" in done.stdout
    assert "ok      send m: 2 accepted (3 rows read: 1 bad)\n" in done.stdout
    assert result(path)["totals"] == {"accepted": 2, "not-attempted": 0}
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
    assert result(path)["totals"] == {"accepted": 4, "not-attempted": 0}
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
    assert result(path)["totals"] == {"accepted": 8, "not-attempted": 0}


def test_repeated_addresses_are_looked_for_without_preflight_where_the_job_says_what_they_mean(job: Job) -> None:
    rows = ["1,a@x.test", "2,a@x.test"]
    assert run(job(*rows, keys="duplicates: error, preflight: off")).returncode == 65
    done = run(job(*rows, keys="duplicates: skip, preflight: off"))
    assert "1 accepted (2 rows read: 1 repeated address)" in done.stdout


# --- guards

TWO_MORE = "cc: [k@x.test, l@x.test]"


@pytest.mark.parametrize("preflight", ["full", "sample", "off"])
@pytest.mark.parametrize(("guard", "status"), [("max_recipients: 3", 77), ("confirm_above: 3", 64)])
def test_every_recipient_counts(job: Job, server: PickyServer, preflight: str, guard: str, status: int) -> None:
    rows = ["1,a@x.test", "2,b@x.test"]
    done = run(job(*rows, keys=f"preflight: {preflight}", message=TWO_MORE, rest=f"guards: {{{guard}}}"))
    assert done.returncode == status
    assert "to 6 recipients" in done.stderr
    assert server.accepted == []


MEMBERS = "{{ steps.staff.members | map(attribute='address') | join(', ') | addresses }}"
ASKED = "  - {id: staff, expand: staff}\n"


@pytest.mark.parametrize(("guard", "status"), [("max_recipients: 2", 77), ("confirm_above: 2", 64)])
def test_recipients_that_a_step_names_are_counted_before_they_are_sent_to(
    job: Job, server: PickyServer, guard: str, status: int
) -> None:
    path = job(steps=f"{ASKED}  - send: m\n", to=MEMBERS, rest=f"guards: {{{guard}}}")
    path.write_text(path.read_text().replace('"{{ row.id }}"', "hi"))
    done = run(path)
    assert done.returncode == status, done.stdout
    assert "to 3 recipients" in done.stdout
    assert server.accepted == []
    assert run(path, "--yes").returncode == (77 if status == 77 else 0)


@pytest.mark.parametrize(("most", "status"), [(6, 77), (8, 0)])
def test_recipients_of_a_batch_that_a_step_names_are_counted_too(
    job: Job, server: PickyServer, most: int, status: int
) -> None:
    rows = ["1,a@x.test", "2,b@x.test"]
    steps = f"{ASKED}  - send: {{message: m, for_each: people, connections: 1}}\n"
    path = job(*rows, steps=steps, message=f'cc: "{MEMBERS}"', rest=f"guards: {{max_recipients: {most}}}")
    done = run(path)
    assert done.returncode == status, done.stdout
    assert [len(people) for people in server.accepted] == ([] if status else [4, 4])
    if not status:
        assert result(path)["totals"] == {"accepted": 8, "not-attempted": 0}


def test_a_dry_run_does_not_count_those_who_have_theirs(job: Job) -> None:
    keys, guards = "once_per: '{{ row.id }}'", "guards: {max_recipients: 3}"
    rows = ["1,a@x.test", "2,b@x.test", "3,c@x.test"]
    assert run(job(*rows, keys=keys, rest=guards)).returncode == 0
    path = job(*rows, "4,d@x.test", keys=keys, rest=guards)
    before = sorted((path.parent / ".mailjobs").rglob("*"))
    done = run(path, "--dry-run")
    assert done.returncode == 0, done.stderr
    assert "would send 4 messages, one for each row of people; 3 recipients have theirs already" in done.stdout
    assert sorted((path.parent / ".mailjobs").rglob("*")) == before


def test_a_dry_run_of_a_job_that_never_ran_keeps_nothing(job: Job) -> None:
    path = job("1,a@x.test", keys="once_per: '{{ row.id }}'")
    assert run(path, "--dry-run").returncode == 0
    assert not (path.parent / ".mailjobs").exists()


# --- the files of failed rows


def failed_rows(path: Path, name: str = "failed") -> list[dict[str, str]]:
    found = list((path.parent / ".mailjobs").rglob(f"*.{name}.csv"))
    if not found:
        return []
    with found[0].open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_a_row_of_which_only_a_bcc_was_refused_did_not_fail(job: Job) -> None:
    bcc = "bcc: \"{{ 'rejected' if row.id != '3' else 'fine' }}.{{ row.id }}@x.test\""
    path = job("1,a@x.test", "2,rejected@x.test", "3,deferred@x.test", message=bcc)
    assert run(path).returncode == 69
    assert [(row["id"], row["mailjobs_address"]) for row in failed_rows(path)] == [
        ("2", "rejected.2@x.test, rejected@x.test"), ("3", "deferred@x.test")
    ]  # fmt: skip


def test_where_only_a_bcc_was_refused_there_is_no_file(job: Job) -> None:
    path = job("1,a@x.test", message="bcc: rejected@x.test")
    done = run(path)
    assert done.returncode == 0
    assert "failed rows" not in done.stdout
    assert (result(path)["failed"], failed_rows(path)) == (None, [])


@pytest.mark.parametrize("stop", ["", "stop_on: [bcc]"])
def test_a_bcc_that_stops_the_message_or_is_all_there_is_fails_its_row(job: Job, stop: str) -> None:
    path = job("1,a@x.test", keys=stop, message="bcc: rejected@x.test")
    if not stop:
        text = path.read_text().replace('to: "{{ row.email }}"', "allow_empty_to: true")
        path.write_text(text)
    assert run(path).returncode == 69
    assert [row["id"] for row in failed_rows(path)] == ["1"]


def test_failed_rows_are_data_again_and_again(job: Job) -> None:
    path = job("1,rejected@x.test", "2,a@x.test")
    expected = [{"id": "1", "email": "rejected@x.test"}]
    for number in range(3):
        assert run(path, "--state-dir", str(path.parent / ".mailjobs" / str(number))).returncode == 69
        (made,) = (path.parent / ".mailjobs" / str(number)).rglob("*.failed.csv")
        with made.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        assert list(rows[0]) == ["id", "email", "mailjobs_address", "mailjobs_state", "mailjobs_reply"]
        assert [{name: row[name] for name in ("id", "email")} for row in rows] == expected
        (path.parent / "people.csv").write_bytes(made.read_bytes())


def test_failed_rows_have_the_columns_of_all_of_them(job: Job) -> None:
    path = job()
    lines = [{"id": 1, "email": "rejected@x.test"}, {"id": 2, "email": "a@x.test", "no": 1},
             {"id": 3, "email": "rejected.b@x.test", "more": "x"}]  # fmt: skip
    (path.parent / "people.jsonl").write_text("\n".join(map(json.dumps, lines)))
    path.write_text(path.read_text().replace("csv: people.csv", "jsonl: people.jsonl"))
    assert run(path).returncode == 69
    rows = failed_rows(path)
    assert [(row["id"], row["more"]) for row in rows] == [("1", ""), ("3", "x")]
    assert "no" not in rows[0]


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
