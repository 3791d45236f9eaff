"""The files of failed rows, which are data for another run."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from tests.cli.conftest import Job, result, run


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
