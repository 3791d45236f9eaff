"""Every row is rendered once before the first message leaves, and what is wrong is told row by row."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailjobs.errors import DataError, FileError, UsageError
from mailjobs.job import load_job
from mailjobs.message import Outgoing
from mailjobs.model import Send
from mailjobs.prepare import Preparation, RunFacts, preflight
from mailjobs.prepare.preparation import Scope
from mailjobs.rows import Row

JOB = """
version: 1
server: relay.example.com
data: {people: {csv: people.csv, key: id}}
messages: {m: {from: a@x.test, to: "{{ row.to }}", cc: "{{ row.cc }}", subject: hi, text: "{{ row.id }}"}}
steps: [{send: {message: m, for_each: people, stop_on: [cc]}}]
"""
FACTS = RunFacts.parse("20260301T212452Z-5f0c9a12")


def prepared(folder: Path, *rows: str, facts: RunFacts = FACTS, job: str = JOB) -> tuple[Preparation, Send]:
    (folder / "people.csv").write_text("\n".join(["id,to,cc", *rows, ""]))
    (folder / "job.yaml").write_text(job)
    model = load_job(folder / "job.yaml").job
    action = model.steps[0].action
    assert isinstance(action, Send)
    return Preparation(model, facts), action


def refused(folder: Path, *rows: str) -> list[str]:
    preparation, action = prepared(folder, *rows)
    with pytest.raises(DataError) as caught:
        preflight(preparation, action, preparation.scope())
    return [problem.message for problem in caught.value.problems]


def test_good_rows_are_counted(tmp_path: Path) -> None:
    preparation, action = prepared(tmp_path, "1,b@x.test,", "2,c@x.test,")
    found = preflight(preparation, action, preparation.scope())
    assert (found.read, found.messages, found.recipients) == (2, 2, 2)


@pytest.mark.parametrize(("bad", "more"), [(1, 0), (20, 0), (21, 1), (45, 25)])
def test_twenty_bad_rows_are_told_and_the_rest_counted(tmp_path: Path, bad: int, more: int) -> None:
    told = refused(tmp_path, "0,good@x.test,", *[f"{number},bad{number}," for number in range(1, bad + 1)])
    rows, rest = told[:20], told[20:]
    assert [message.partition(":")[0] for message in rows] == [
        f"row {number + 1} (line {number + 2})" for number in range(1, min(bad, 20) + 1)
    ]
    assert rest == ([f"and {more} more rows that cannot be sent"] if more else [])


@pytest.mark.parametrize("bad", [20, 23])
def test_rows_that_are_skipped_are_warnings(tmp_path: Path, bad: int) -> None:
    job = JOB.replace("stop_on: [cc]", "on_bad_row: skip")
    rows = [f"{number},bad{number}," for number in range(1, bad + 1)]
    preparation, action = prepared(tmp_path, *rows, job=job)
    found = preflight(preparation, action, preparation.scope())
    told = [problem.message for problem in found.warnings]
    assert {problem.severity for problem in found.warnings} == {"warning"}
    assert (found.bad, found.messages) == (bad, 0)
    assert all(message.endswith("; the row is skipped") for message in told[:20])
    assert told[20:] == (["and 3 more rows that cannot be sent"] if bad > 20 else [])


def test_a_file_of_the_job_is_no_rows_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    job = JOB.replace("stop_on: [cc]", "on_bad_row: skip")
    preparation, action = prepared(tmp_path, "1,b@x.test,", "2,c@x.test,", "3,nobody,", job=job)
    whole = Preparation.outgoing

    def outgoing(self: Preparation, action: Send, scope: Scope, row: Row) -> Outgoing:
        if row.number == 2:
            raise FileError("terms.pdf cannot be read")
        return whole(self, action, scope, row)

    monkeypatch.setattr(Preparation, "outgoing", outgoing)
    with pytest.raises(DataError) as caught:
        preflight(preparation, action, preparation.scope())
    assert [problem.message.partition(":")[0] for problem in caught.value.problems] == [
        "row 2 (line 3)", "row 3 (line 4)"
    ]  # fmt: skip
    assert {problem.severity for problem in caught.value.problems} == {"error"}


def test_what_every_row_lacks_is_told_once(tmp_path: Path) -> None:
    job = JOB.replace('text: "{{ row.id }}"', "text: x, attachments: [nowhere.pdf]")
    with pytest.raises(FileError, match="nowhere"):
        preparation, action = prepared(tmp_path, "1,b@x.test,", "2,c@x.test,", job=job)
        preflight(preparation, action, preparation.scope())


def test_a_key_that_comes_again_is_told_with_the_first(tmp_path: Path) -> None:
    (told,) = refused(tmp_path, "7,b@x.test,", "8,c@x.test,", "7,d@x.test,")
    assert told == "row 3 (line 4): its key '7' is that of row 1 too"


def test_letters_have_row_key_and_whose_refusal_stops_them(tmp_path: Path) -> None:
    preparation, action = prepared(tmp_path, "7,b@x.test,c@x.test", "8,d@x.test,")
    first, second = preparation.letters(action, preparation.scope())
    assert [(letter.row, letter.key) for letter in (first, second)] == [(1, "7"), (2, "8")]
    assert (first.stop_indexes, second.stop_indexes) == ({1}, frozenset())
    assert first.outgoing.message_id != second.outgoing.message_id


@pytest.mark.parametrize(("row", "needs"), [("7,b@x.test,", (False, False)), ("7,jürgen@x.test,", (True, True))])
def test_an_envelope_says_what_the_letter_needs(tmp_path: Path, row: str, needs: tuple[bool, bool]) -> None:
    preparation, action = prepared(tmp_path, row)
    (letter,) = preparation.letters(action, preparation.scope())
    assert (letter.envelope.smtputf8, letter.envelope.eightbit) == needs
    assert letter.envelope.size == letter.outgoing.size


def test_a_sender_needs_smtputf8_and_the_content_does_not(tmp_path: Path) -> None:
    job = JOB.replace("cc:", "return_path: '{{ row.id }}@x.test', cc:")
    preparation, action = prepared(tmp_path, "jürgen,b@x.test,", job=job)
    (letter,) = preparation.letters(action, preparation.scope())
    assert (letter.envelope.smtputf8, letter.envelope.eightbit) == (True, False)


def test_the_id_of_a_run_is_all_that_its_messages_need(tmp_path: Path) -> None:
    facts = RunFacts.new()
    assert RunFacts.parse(facts.id) == facts
    rendered = []
    for known in (facts, RunFacts.parse(facts.id)):
        preparation, action = prepared(tmp_path, "7,b@x.test,", facts=known)
        rendered += [letter.outgoing.head for letter in preparation.letters(action, preparation.scope())]
    assert rendered[0] == rendered[1]


@pytest.mark.parametrize("text", ["", "x", "20261301T212452Z-5f0c9a12", "20260301T212452"])
def test_what_is_no_run_id_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is no run id"):
        RunFacts.parse(text)
