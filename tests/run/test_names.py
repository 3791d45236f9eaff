"""What batches are called."""

from __future__ import annotations

import re

from mailjobs.job import load_job
from mailjobs.run.names import BatchName, batch_names

JOB = """
version: 1
server: relay.example.com
data: {c: {command: [ls]}, %s: {command: [ls]}}
messages: {m: {from: a@x.test, to: b@x.test, text: x}}
steps: [%s]
"""


def names(*steps: str, data: str = "d") -> list[BatchName]:
    return list(batch_names(load_job("job.yaml", text=JOB % (data, ", ".join(steps))).job).values())


def test_a_name_is_made_of_message_and_data_and_never_of_the_place() -> None:
    batch, other = "{send: {message: m, for_each: c}}", "{send: {message: m, for_each: d}}"
    alone = names(batch)
    assert alone == [BatchName("m.c", "m.c", "'send m'")]
    assert names("{connect: true}", "{send: m}", other, batch)[1:] == alone
    assert [one.name for one in names(batch, other, batch)] == ["m.c", "m.d", "m.c.2"]


def test_a_batch_with_an_id_does_not_change_the_names_of_others() -> None:
    found = names("{id: x, send: {message: m, for_each: c}}", "{send: {message: m, for_each: c}}")
    assert [(one.name, one.made) for one in found] == [("x", "m.c"), ("m.c", "m.c")]


def test_an_id_is_a_name_and_the_made_one_is_known_too() -> None:
    (named,) = names("{id: invoices, send: {message: m, for_each: c}}")
    assert named == BatchName("invoices", "m.c", "invoices")


def test_names_are_names_of_files() -> None:
    long = "d" * 300
    (found,) = names(f"{{send: {{message: m, for_each: {long}}}}}", data=long)
    assert re.fullmatch(r"[A-Za-z0-9_.~-]{1,130}", found.name)
