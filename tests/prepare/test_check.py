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
from mailjobs.prepare import check_job
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
