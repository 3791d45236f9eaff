"""Which rows of a batch are meant, and who of them gets a message."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailjobs.errors import DataError, GuardError, MailjobsError, UsageError
from mailjobs.job import load_job
from mailjobs.model import Send
from mailjobs.prepare import Choice, Found, Preparation, RunFacts, preflight

JOB = """
version: 1
server: relay.example.com
%s
data: {people: {csv: people.csv, key: id}}
messages: {m: {from: a@x.test, to: "{{ row.to }}", cc: "{{ row.cc }}", subject: hi, text: "{{ row.text | upper }}"}}
steps: [{send: {message: m, for_each: people%s}}]
"""
ALL = Choice()
FACTS = RunFacts.parse("20260301T212452Z-5f0c9a12")
ROWS = ("1,a@x.test,,", "2,b@x.test,c@y.test,", "3,A@x.test,,")


def prepared(
    folder: Path, keys: str = "", *rows: str, guards: str = "", choice: Choice = ALL
) -> tuple[Preparation, Send]:
    (folder / "people.csv").write_text("\n".join(["id,to,cc,text", *(rows or ROWS), ""]))
    (folder / "job.yaml").write_text(JOB % (guards, f", {keys}" if keys else ""))
    model = load_job(folder / "job.yaml").job
    action = model.steps[0].action
    assert isinstance(action, Send)
    return Preparation(model, FACTS, choice=choice), action


def found(folder: Path, keys: str = "", *rows: str, guards: str = "", choice: Choice = ALL) -> Found:
    preparation, action = prepared(folder, keys, *rows, guards=guards, choice=choice)
    result = preflight(preparation, action, preparation.scope())
    preparation.sought.check()
    return result


def refusal(folder: Path, keys: str = "", *rows: str, guards: str = "", choice: Choice = ALL) -> MailjobsError:
    with pytest.raises(MailjobsError) as caught:
        found(folder, keys, *rows, guards=guards, choice=choice)
    return caught.value


@pytest.mark.parametrize(
    ("keys", "choice", "messages"),
    [
        ("", Choice(), 3),
        ("limit: 2", Choice(), 2),
        ("limit: 2", Choice(limit=1), 1),
        ("limit: 1", Choice(limit=5), 1),
        ("where: row.cc", Choice(), 1),
        ('where: "{{ row.id | int > 1 }}"', Choice(), 2),
        ("where: false", Choice(), 0),
        ("where: row.id | int > 1, limit: 1", Choice(), 1),
        ("", Choice(only=("3", "1")), 2),
        ("preflight: sample", Choice(), 3),
        ("preflight: off", Choice(), 3),
        ("duplicates: skip", Choice(), 2),
    ],
)
def test_rows_are_selected(tmp_path: Path, keys: str, choice: Choice, messages: int) -> None:
    assert found(tmp_path, keys, choice=choice).messages == messages


def test_a_key_that_no_row_has_is_told_with_the_nearest(tmp_path: Path) -> None:
    error = refusal(tmp_path, "", "inv-17,a@x.test,,", choice=Choice(only=("inv-71",)))
    assert isinstance(error, DataError)
    assert (error.message, error.hint) == (
        "--only: no row of people has the key 'inv-71'", "did you mean 'inv-17'?"
    )  # fmt: skip


def test_a_wrong_key_is_told_though_enough_rows_were_found_before(tmp_path: Path) -> None:
    choice = Choice(limit=1, only=("1", "9"))
    assert "has the key '9'" in str(refusal(tmp_path, choice=choice))
    assert found(tmp_path, choice=Choice(limit=1, only=("1", "3"))).messages == 1


def test_a_condition_that_fails_names_the_column(tmp_path: Path) -> None:
    assert "nmae" in str(refusal(tmp_path, "where: row.nmae == 'x'"))


def test_nobody_on_the_list_gets_a_message(tmp_path: Path) -> None:
    (tmp_path / "gone.csv").write_text("since,mail\n2026,B@X.test\n2026,C@Y.TEST\n")
    keys = "exclude: {csv: gone.csv, column: mail}"
    result = found(tmp_path, keys, *ROWS, "4,d@x.test,c@y.test,")
    assert (result.messages, result.excluded, result.recipients) == (3, 1, 3)
    preparation, action = prepared(tmp_path, keys, "4,d@x.test,c@y.test,")
    (letter,) = preparation.letters(action, preparation.scope())
    assert [one.address for one in letter.outgoing.recipients] == ["d@x.test"]


@pytest.mark.parametrize(
    ("text", "column", "words"),
    [("a,b\n1,2\n", "", "has no column 'email'"), ("a,b\n1,2\n", ", column: c", "has no column 'c'")],
)
def test_a_list_without_its_column_is_told(tmp_path: Path, text: str, column: str, words: str) -> None:
    (tmp_path / "gone.csv").write_text(text)
    assert words in str(refusal(tmp_path, f"exclude: {{csv: gone.csv{column}}}"))


def test_an_address_in_two_rows_is_a_warning_or_an_error(tmp_path: Path) -> None:
    (warning,) = found(tmp_path).warnings
    assert warning.message == "row 3 (line 4): A@x.test is in row 1 too, and gets both messages"
    error = refusal(tmp_path, "duplicates: error")
    assert isinstance(error, DataError)
    assert "A@x.test is in row 1 too" in error.message


def test_bad_rows_may_be_skipped(tmp_path: Path) -> None:
    result = found(tmp_path, "on_bad_row: skip", *ROWS, "4,nobody,,", "1,z@x.test,,")
    assert (result.messages, result.bad) == (3, 2)
    assert [problem.severity for problem in result.warnings] == ["warning"] * 3


def test_a_sample_renders_some_and_checks_all_addresses(tmp_path: Path) -> None:
    rows = [f"{n},p{n}@x.test,," for n in range(1, 1001)]
    assert found(tmp_path, "preflight: sample", *rows).recipients == 1000
    rows[777] = "778,nobody,,"
    assert "row 778" in str(refusal(tmp_path, "preflight: sample", *rows))


@pytest.mark.parametrize("mode", ["full", "sample", "off"])
def test_keys_are_always_checked(tmp_path: Path, mode: str) -> None:
    assert "its key '1'" in str(refusal(tmp_path, f"preflight: {mode}", "1,a@x.test,,", "1,b@x.test,,"))


@pytest.mark.parametrize("mode", ["full", "sample", "off"])
def test_domains_that_are_not_allowed_refuse_the_run(tmp_path: Path, mode: str) -> None:
    error = refusal(tmp_path, f"preflight: {mode}", guards="guards: {allow_domains: [x.test]}")
    assert isinstance(error, GuardError)
    assert error.exit_status == 77
    assert "row 2 (key 2)" in error.message
    assert "c@y.test" in error.message


@pytest.mark.parametrize(
    ("domains", "good"), [("[x.test, y.test]", True), ("['*.test']", True), ("['*.x.test']", False), ("[test]", False)]
)
def test_a_star_is_every_subdomain(tmp_path: Path, domains: str, good: bool) -> None:
    guards = f"guards: {{allow_domains: {domains}}}"
    if good:
        assert found(tmp_path, guards=guards).messages == 3
    else:
        assert isinstance(refusal(tmp_path, guards=guards), GuardError)


def test_a_redirected_message_goes_to_one_and_tells_whom_it_was_for(tmp_path: Path) -> None:
    guards = "guards: {redirect_all_to: dev@z.test, allow_domains: [z.test]}"
    preparation, action = prepared(tmp_path, "", "2,b@x.test,c@y.test,", guards=guards)
    (letter,) = preparation.letters(action, preparation.scope())
    head = letter.outgoing.head.decode()
    assert letter.envelope.recipients == ("dev@z.test",)
    assert "\r\nTo: dev@z.test\r\nX-Original-To: b@x.test\r\n" in head
    assert "\r\nX-Original-Cc: c@y.test\r\n" in head
    assert "\r\nCc:" not in head


def test_the_command_line_redirects_before_the_job_does(tmp_path: Path) -> None:
    choice = Choice(redirect_to="me@z.test")
    preparation, action = prepared(tmp_path, guards="guards: {redirect_all_to: dev@z.test}", choice=choice)
    letters = list(preparation.letters(action, preparation.scope()))
    assert {letter.envelope.recipients for letter in letters} == {("me@z.test",)}


@pytest.mark.parametrize("text", ["", "me"])
def test_a_redirect_that_is_no_address_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(UsageError, match="is not one address"):
        prepared(tmp_path, choice=Choice(redirect_to=text))
