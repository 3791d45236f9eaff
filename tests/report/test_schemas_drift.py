"""The public contracts: what is written is what the schemas say, and the schemas say no more than the code."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import jsonschema
import pytest

from mailjobs import errors, events
from mailjobs.job import read_schema
from mailjobs.model import Rate
from mailjobs.rows import changes as rows
from mailjobs.run import changes, plan
from mailjobs.smtp import Reply
from tests.fixtures.running import Listen, run_text
from tests.fixtures.scripted import ScriptedServer

SCRIPT = """
    S: 220 ready
    C: EHLO me
    S: 250-here
    S: 250 PIPELINING
    C: EXPN team
    S: 250-Ann <ann@x.test>
    S: 250 bob@x.test
    C: MAIL FROM:<a@x.test>
    C: RCPT TO:<b@x.test>
    C: RCPT TO:<c@x.test>
    C: DATA
    S: 250 ok
    S: 250 ok
    S: 550 5.1.1 no
    S: 354 go
    C= content
    S: 250 ok
    C: VRFY x
    S: 550 no
    C: QUIT
    S: 221 bye
"""
JOB = """
    server: {{host: localhost, port: {port}, tls: none, hello: me}}
    messages:
      m: {{from: a@x.test, to: b@x.test, bcc: c@x.test, subject: hi, text: hello}}
    steps:
      - {{id: team, expand: team}}
      - {{send: m, id: mail}}
      - {{verify: x, id: who}}
      - command: NOOP
"""


@pytest.fixture
def eventful(scripted: Callable[..., ScriptedServer]) -> tuple[dict[str, object], Listen]:
    """The report and the events of a run in which much happens."""
    record, listen = run_text(JOB.format(port=scripted(SCRIPT).port))
    return json.loads(json.dumps(record.as_dict(), default=str)), listen


def test_a_report_is_as_its_schema_says(eventful: tuple[dict[str, object], Listen]) -> None:
    report, _ = eventful
    jsonschema.validate(report, read_schema("report"))
    assert report["exit_status"] == 69


def test_events_are_as_their_schema_says(eventful: tuple[dict[str, object], Listen]) -> None:
    _, listen = eventful
    validator = jsonschema.Draft7Validator(read_schema("event"))
    heard = [json.loads(json.dumps(stamped.as_dict(), default=str)) for stamped in listen.heard]
    for event in heard:
        validator.validate(event)
    kinds = {event["kind"] for event in heard}
    assert kinds >= {"RunStarted", "StepStarted", "StepFinished", "MessageSettled", "Error", "Expand", "RunFinished"}
    assert kinds >= {"ConnectionStatus", "Trace", "StartTransfer", "Transfer", "EndTransfer"}


def test_schema_and_code_have_the_same_events_and_fields() -> None:
    described = {
        branch["properties"]["kind"]["const"]: set(branch["properties"]) for branch in read_schema("event")["oneOf"]
    }
    stamp = {"kind", "time", "run", "step", "server"}
    written = {kind.__name__: {field.name for field in fields(kind)} | stamp for kind in events.KINDS}
    assert described == written


def test_no_field_of_an_event_hides_its_stamp() -> None:
    for kind in events.KINDS:
        assert not {field.name for field in fields(kind)} & {"kind", "time", "run", "step", "server"}


def test_the_schema_of_an_error_has_the_fields_of_the_code() -> None:
    error = errors.ReplyError("x", code=1, hint="h", place=errors.Place("f", 1, 1), **dict.fromkeys(
        ("stage", "host", "address", "command", "recipient"), "x"), port=1, reply=Reply(250))  # fmt: skip
    error.problems = (errors.Problem("x", errors.Place("f", 1, 1, "p"), hint="h", code=1),)
    for name in ("event", "report"):
        described = read_schema(name)["definitions"]["error"]["properties"]
        assert set(error.describe()["problems"][0]) == set(described["problems"]["items"]["properties"])
        assert set(error.describe()) == set(read_schema(name)["definitions"]["error"]["properties"])


def test_both_schemas_describe_an_error_alike() -> None:
    assert read_schema("event")["definitions"]["error"] == read_schema("report")["definitions"]["error"]


PLANNED = {
    "step": plan.StepPlan, "batch": plan.BatchPlan, "server": plan.ServerPlan, "pace": plan.Pace, "rate": Rate,
    "example": plan.Example, "decision": plan.Decision, "guards": plan.GuardPlan, "changes": changes.Changes,
    "part": changes.PartChange, "file": changes.FileChange, "rows": rows.RowChanges, "row": rows.RowChange,
    "column": rows.ColumnChange,
}  # fmt: skip


def test_the_schema_of_a_plan_has_the_fields_of_the_code() -> None:
    described = read_schema("plan")["definitions"]
    for name, kind in PLANNED.items():
        assert set(described[name]["properties"]) == {field.name for field in fields(kind)}, name
        assert set(described[name]["required"]) == set(described[name]["properties"]), name
    assert set(described) == {*PLANNED, "error", "reply", "recipient"}
    assert set(described["error"]["properties"]) == set(
        {**read_schema("report")["definitions"]["error"]["properties"], "problems": None}
    )
    others = {"version", "mailjobs", "exit_status", "recipients"}
    assert set(read_schema("plan")["properties"]) == {field.name for field in fields(plan.Plan)} | others


def test_every_error_has_an_exit_status_of_its_own_class() -> None:
    for name in errors.__all__:
        kind = getattr(errors, name)
        if isinstance(kind, type) and issubclass(kind, errors.MailjobsError) and kind is not errors.MailjobsError:
            assert kind.exit_status in errors.ExitStatus, name
            assert kind.__doc__


def test_the_schemas_are_valid_themselves() -> None:
    for name in ("job", "event", "report", "plan"):
        jsonschema.Draft7Validator.check_schema(read_schema(name))
        assert Path("schemas", f"{name}.schema.json").is_file()
