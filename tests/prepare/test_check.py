"""What is checked before a job runs: every template there is, in every place where one may stand."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import pytest

from mailjobs.job import load_job
from mailjobs.model import Job, Template
from mailjobs.prepare import cautions, check_job
from mailjobs.prepare.texts import message_texts

HEAD = "version: 1\nserver: relay.example.com\nvars: {known: x}\ndata: {people: {csv: people.csv}}\n"
MESSAGE = "messages: {m: {from: a@x.test, to: b@x.test, subject: s, %s}}\nsteps: [send: m]\n"
SENT = """
messages:
  m:
    from: {name: "{{ vars.a }}", address: "{{ vars.b }}"}
    to: ["{{ vars.c }}", {address: "{{ vars.d }}", options: "{{ vars.e }}"}]
    cc: "{{ vars.f }}"
    bcc: "{{ vars.g }}"
    reply_to: "{{ vars.h }}"
    return_path: "{{ vars.i }}"
    subject: "{{ vars.j }}"
    date: "{{ vars.k }}"
    message_id: "{{ vars.l }}"
    thread: "{{ vars.m }}"
    unsubscribe: {url: "{{ vars.n }}", mailto: "{{ vars.o }}"}
    headers: {X-A: "{{ vars.p }}"}
    text: "{{ vars.q }}"
    html: "{{ vars.r }}"
    attachments: [{content: "{{ vars.s }}", name: "{{ vars.t }}"}]
steps: [send: m]
"""


def loaded(text: str, folder: Path) -> Job:
    (folder / "people.csv").write_text("name\nx\n")
    path = folder / "job.yaml"
    path.write_text(text)
    return load_job(path).job


def told(text: str, folder: Path) -> list[str]:
    return [problem.message for problem in check_job(loaded(text, folder))]


def templates(value: Any) -> Iterator[Template]:
    """Every template that is anywhere in a value of the model."""
    if isinstance(value, Template):
        yield value
    elif is_dataclass(value):
        for field in fields(value):
            yield from templates(getattr(value, field.name))
    elif isinstance(value, tuple | list):
        for item in value:
            yield from templates(item)


def test_no_template_of_a_message_is_left_out(tmp_path: Path) -> None:
    message = loaded(HEAD + SENT, tmp_path).messages["m"]
    assert {text.source for text in message_texts(message)} == {text.source for text in templates(message)}
    assert len(list(message_texts(message))) == len(re.findall("{{", SENT))


def test_a_variable_that_is_nowhere_is_told_for_each_of_them(tmp_path: Path) -> None:
    letters = re.findall(r"{{ vars\.(.) }}", SENT)
    assert sorted(told(HEAD + SENT, tmp_path)) == [f"'vars.{letter}' is undefined" for letter in letters]


@pytest.mark.parametrize(
    "step",
    ["verify: '{{ vars.x }}'", "expand: '{{ vars.x }}'", "command: 'NOOP {{ vars.x }}'", "if: vars.x\n    send: m"],
)
def test_steps_are_checked_too(tmp_path: Path, step: str) -> None:
    text = HEAD + MESSAGE.replace("[send: m]", f"\n  - {step}") % "text: x"
    assert told(text, tmp_path) == ["'vars.x' is undefined"]


@pytest.mark.parametrize(
    ("steps", "words"),
    [
        ("[send: m]", ["'row.name' is undefined"]),
        ("[{send: {message: m, for_each: people}}]", []),
        ("[command: 'NOOP {{ row.name }}', {send: {message: m, for_each: people}}]", ["'row.name' is undefined"]),
        ("[connect: true]", []),  # a message that no step sends may be meant for rows
    ],
)
def test_rows_are_seen_where_there_are_any(tmp_path: Path, steps: str, words: list[str]) -> None:
    text = HEAD + MESSAGE.replace("[send: m]", steps) % 'text: "{{ row.name }}"'
    assert told(text, tmp_path) == words


def test_a_message_that_no_step_sends_is_checked_for_all_but_rows_and_steps(tmp_path: Path) -> None:
    text = HEAD + MESSAGE.replace("[send: m]", "[connect: true]") % 'text: "{{ row.x }}{{ steps.y }}{{ vars.z }}"'
    assert told(text, tmp_path) == ["'vars.z' is undefined"]


def test_a_message_that_is_sent_twice_is_told_once(tmp_path: Path) -> None:
    text = HEAD + MESSAGE.replace("[send: m]", "[{send: m}, {send: m}]") % 'text: "{{ vars.z }}"'
    assert told(text, tmp_path) == ["'vars.z' is undefined"]


def test_results_are_seen_by_later_steps_alone(tmp_path: Path) -> None:
    steps = "[{id: one, command: 'NOOP {{ steps.two }}'}, {id: two, command: 'NOOP {{ steps.one.reply }}'}]"
    assert told(HEAD + MESSAGE.replace("[send: m]", steps) % "text: x", tmp_path) == ["'steps.two' is undefined"]


@pytest.mark.parametrize(
    ("action", "words"),
    [
        ("command: DATA", "a raw DATA would put"),
        ("command: starttls", "a raw STARTTLS would put"),
        ('command: "NOOP\\r\\nRSET"', "the command has a line end"),
        ('verify: "a@x.test\\n"', "what is to be verified has a line end"),
        ('expand: "staff\\tall"', "the list to expand has a line end or another control character"),
    ],
)
def test_what_cannot_be_said_is_told_before_anything_is(tmp_path: Path, action: str, words: str) -> None:
    job = loaded(f"{HEAD}steps:\n  - connect: true\n  - {action}\n", tmp_path)
    (problem,) = check_job(job)
    assert words in problem.message
    assert problem.place
    assert (problem.place.line, problem.source) == (7, f"  - {action}")


def test_what_a_template_will_say_is_not_judged_by_its_braces(tmp_path: Path) -> None:
    assert told(f'{HEAD}steps:\n  - command: "{{{{ vars.known }}}}"\n', tmp_path) == []


BATCH = HEAD + "%s\nsteps: [send: {message: m, for_each: people, %s}]\n"
PLAIN = "messages: {m: {from: a@x.test, to: b@x.test, subject: s, text: t}}"


def batch(keys: str, guards: str = "") -> str:
    return BATCH % (f"{PLAIN}\n{guards}", keys)


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ("where: row.nmae == 'x'", "'row.nmae' is undefined (did you mean 'row.name'?)"),
        ("where: '{{ row.name == vars.knwon }}'", "'vars.knwon' is undefined (did you mean 'vars.known'?)"),
        ("where: name == 'x'", "'name' is undefined (there are: vars, row, run)"),
        ("where: steps.relay.status == 'ok'", "'steps' is undefined (there are: vars, row, run)"),
        ("where: row.name ==", "unexpected 'end of template'"),
        ("once_per: '{{ row.invoice }}'", "'row.invoice' is undefined (there are: name)"),
        ("once_per: '{{ vars.knwon }}'", "'vars.knwon' is undefined (did you mean 'vars.known'?)"),
        ("once_per: '{{ row.name'", "unexpected end of template"),
        ("exclude: {csv: people.csv, column: nmae}", "has no column 'nmae' (columns: name)"),
        ("exclude: {csv: two.csv}", "has no column 'email' (columns: address, reason) (say which"),
    ],
)
def test_keys_of_a_batch_are_checked(tmp_path: Path, keys: str, words: str) -> None:
    (tmp_path / "two.csv").write_text("address,reason\na@x.test,gone\n")
    (problem,) = check_job(loaded(batch(keys), tmp_path))
    assert words in str(problem)
    assert problem.place
    assert problem.place.line == 7
    assert problem.place.path.startswith(f"steps[0].send.{keys.partition(':')[0]}")


@pytest.mark.parametrize(
    "keys",
    [
        "where: row.name == 'x' and vars.known is defined",
        "where: false",
        "where: run.id == 'x'",
        "once_per: '{{ row.name }} {{ vars.known }}'",
        "exclude: {csv: people.csv}",
    ],
)
def test_good_keys_of_a_batch_are_passed(tmp_path: Path, keys: str) -> None:
    assert told(batch(keys), tmp_path) == []


def test_rows_that_have_no_columns_may_have_any_name(tmp_path: Path) -> None:
    (tmp_path / "people.jsonl").write_text('{"name": "x"}\n')
    text = batch("where: row.nmae == 'x', once_per: '{{ row.z }}'").replace("csv: people.csv", "jsonl: people.jsonl")
    assert told(text, tmp_path) == []


@pytest.mark.parametrize(
    ("guards", "words"),
    [
        ("allow_domains: [ada@example.com]", "'ada@example.com' is not a domain"),
        ("allow_domains: ['*']", "'*' is not a domain"),
        ("allow_domains: [example.com, 'x y']", "'x y' is not a domain"),
        ("allow_domains: ['*.bücher.example']", "(write *.xn--bcher-kva.example)"),
        ("redirect_all_to: 'a(b)@x.test'", "is not one address"),
    ],
)
def test_guards_that_say_no_address_and_no_domain_are_told(tmp_path: Path, guards: str, words: str) -> None:
    (problem,) = check_job(loaded(batch("again: true", f"guards: {{{guards}}}"), tmp_path))
    assert words in str(problem)
    assert problem.place
    assert problem.place.line == 6


@pytest.mark.parametrize(
    "guards", ["allow_domains: [Example.com, '*.example.com']", "redirect_all_to: dev@x.test, allow_domains: [x.test]"]
)
def test_good_guards_are_passed(tmp_path: Path, guards: str) -> None:
    job = loaded(batch("again: true", f"guards: {{{guards}}}"), tmp_path)
    assert (check_job(job), cautions(job)) == ([], [])


@pytest.mark.parametrize(
    ("keys", "guards", "words"),
    [
        ("limit: 3", "", "a finished run is not sent again by itself"),
        ("again: false", "", "a finished run is not sent again by itself"),
        ("again: true, stop_on: [to], recipients_per_message: 50", "", "`recipients_per_message` does nothing"),
        ("again: true, stop_on: [to], in_flight: 8", "", "`in_flight` does nothing"),
        ("again: true", "guards: {redirect_all_to: dev@x.test, allow_domains: [y.test]}", "every run is refused"),
    ],
)
def test_what_is_seldom_meant_is_a_warning(tmp_path: Path, keys: str, guards: str, words: str) -> None:
    job = loaded(batch(keys, guards), tmp_path)
    (problem,) = cautions(job)
    assert words in problem.message
    assert problem.severity == "warning"
    assert problem.hint
    assert check_job(job) == []


@pytest.mark.parametrize(
    "keys",
    ["again: true", "once_per: '{{ row.name }}'", "again: true, in_flight: 8, recipients_per_message: 5",
     "again: true, stop_on: [to], in_flight: 1"],
)  # fmt: skip
def test_what_is_meant_is_not_warned_about(tmp_path: Path, keys: str) -> None:
    assert cautions(loaded(batch(keys), tmp_path)) == []


def test_a_message_without_rows_is_always_sent_and_not_warned_about(tmp_path: Path) -> None:
    assert cautions(loaded(HEAD + MESSAGE % "text: x", tmp_path)) == []
