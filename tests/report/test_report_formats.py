"""JUnit, Markdown and GitHub's commands: whatever a server or a job says, they stay what they are."""

from __future__ import annotations

from datetime import UTC, datetime
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from mailjobs.errors import Place, Problem, ReplyError, TransportError
from mailjobs.report.cases import cases_of, totals_of
from mailjobs.report.github import annotation, outputs, problem_annotation
from mailjobs.report.junit import as_junit
from mailjobs.report.markdown import MOST, as_markdown, quoted
from mailjobs.run import RunRecord, StepRecord

STARTED = datetime(2026, 3, 1, 21, 24, 52, tzinfo=UTC)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
REFUSED = {"code": 550, "enhanced": "5.1.1", "text": "no such user"}


def person(address: str, state: str, kind: str = "to") -> dict:
    return {"address": address, "kind": kind, "state": state, "reply": REFUSED if state == "rejected" else None}


def step(name: str, **rest) -> StepRecord:
    return StepRecord(0, rest.pop("kind", "send"), name, None, None, rest.pop("status", "ok"), 0.25, **rest)


def run(*steps: StepRecord, **rest) -> RunRecord:
    return RunRecord("20260301T212452Z-0", "nightly", "job.yaml", STARTED, 1.5, steps=list(steps), **rest)


def verdicts(record: RunRecord) -> list[tuple[str, str]]:
    return [(case.name, case.verdict) for case in cases_of(record)]


def test_a_case_for_each_recipient() -> None:
    people = [person("a@x.test", "accepted"), person("b@x.test", "rejected"), person("c@x.test", "deferred")]
    sent = step("send m", status="failed", error=ReplyError("no"), result={"recipients": people})
    assert verdicts(run(sent)) == [("a@x.test", "passed"), ("b@x.test", "failed"), ("c@x.test", "failed")]
    suite = ElementTree.fromstring(as_junit([run(sent)])).find("testsuite")
    assert suite is not None
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("3", "2", "0")
    failure = suite.find("testcase[2]/failure")
    assert failure is not None
    assert failure.get("message") == "rejected: 550 5.1.1 no such user"


def test_a_refused_bcc_of_a_step_that_is_well() -> None:
    sent = step(
        "send m", result={"recipients": [person("a@x.test", "accepted"), person("b@x.test", "rejected", "bcc")]}
    )
    assert [verdict for _, verdict in verdicts(run(sent))] == ["passed", "passed"]


def test_a_batch_is_a_case_and_one_more_for_each_failure() -> None:
    failure = {"row": 7, "key": "k7", **person("b@x.test", "rejected")}
    totals = {"accepted": 98, "rejected": 1, "kept": 5}
    sent = step("send m", status="failed", error=ReplyError("no"), result={"failures": [failure], "totals": totals})
    assert verdicts(run(sent)) == [("b@x.test (row 7, k7)", "failed"), ("send m", "failed")]
    assert totals_of([run(sent), run(sent)])["accepted"] == 196


@pytest.mark.parametrize(("error", "verdict"), [(ReplyError("no"), "failed"), (TransportError("no"), "broken")])
def test_a_step_without_recipients(error, verdict) -> None:
    steps = step("is it there", kind="connect", status="failed", error=error), step("send", status="skipped")
    assert verdicts(run(*steps)) == [("is it there", verdict), ("send", "skipped")]
    ignored = step("is it there", kind="connect", status="failed", error=error, ignored=True)
    assert verdicts(run(ignored)) == [("is it there", "passed")]


def test_what_keeps_a_run_from_its_steps_is_a_case() -> None:
    assert verdicts(run(error=TransportError("no"))) == [("nightly", "broken")]


@given(TEXTS, TEXTS, TEXTS)
def test_any_words_are_xml_and_come_back(name: str, words: str, address: str) -> None:
    people = [{**person(address, "rejected"), "reply": {**REFUSED, "text": words}}]
    text = as_junit([run(step(name, status="failed", result={"recipients": people}))])
    case = ElementTree.fromstring(text).find("testsuite/testcase")
    assert case is not None
    if address.isprintable():
        assert case.get("name") == address


@given(TEXTS)
def test_any_words_are_shown_by_markdown_as_they_are(words: str) -> None:
    tokens = MarkdownIt().enable("table").parse(f"| a | b |\n| --- | --- |\n| x | {quoted(words)} |\n")
    cell = next(tokens[at + 1] for at, token in enumerate(tokens) if token.type == "td_open" and at > 15)
    assert {child.type for child in cell.children or ()} <= {"text", "text_special"}
    if words.isprintable():
        assert "".join([child.content for child in cell.children or ()]) == " ".join(words.split())


def test_the_summary_lists_only_so_many() -> None:
    people = [person(f"u{number}@x.test", "rejected") for number in range(MOST + 5)]
    text = as_markdown([run(step("send m", status="failed", error=ReplyError("no"), result={"recipients": people}))])
    assert text.count("rejected: 550") == MOST
    assert "and 5 more" in text


@given(TEXTS, TEXTS)
def test_no_words_begin_another_command(words: str, file: str) -> None:
    line = annotation("error", words, Place(file, 3, 4))
    assert len(line.splitlines()) == 1
    given_, _, said = line.removeprefix("::error ").partition("::")
    assert [part.partition("=")[0] for part in given_.split(",")] in (["file", "line", "col"], ["line", "col"])
    assert "%" not in said.replace("%0A", "").replace("%25", "")


def test_a_problem_is_annotated_where_it_stands() -> None:
    problem = Problem("unknown key 'tsl'", Place("a,b.yaml", 4, 2, "server.tsl"), hint="'tls'", severity="warning")
    assert problem_annotation(problem) == "::warning file=a%2Cb.yaml,line=4,col=2::unknown key 'tsl' ('tls')"


def test_outputs_of_a_workflow() -> None:
    record = run(step("send m", result={"recipients": [person("a@x.test", "accepted"), person("b@x.test", "unknown")]}))
    assert outputs([record]).splitlines() == [
        "accepted=1", "rejected=0", "deferred=0", "unknown=1", "not-attempted=0", "exit-status=0",
    ]  # fmt: skip
