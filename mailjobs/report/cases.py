"""A run as the cases that a CI server counts: one for each recipient that is known, else one for each step."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, Literal

from mailjobs.frozen import frozen
from mailjobs.run import RunRecord, StepRecord

Verdict = Literal["passed", "failed", "broken", "skipped"]
STATES: Final = ("accepted", "rejected", "deferred", "unknown", "not-attempted")


@frozen
class Case:
    """What is judged by itself. `words` say why it did not pass, or what there is to know; `elapsed` is in seconds.

    failed: a server or an expectation has refused; broken: something else kept it from being done.
    """

    step: str
    name: str
    verdict: Verdict
    words: str = ""
    kind: str = ""
    elapsed: float = 0


def cases_of(record: RunRecord) -> Iterator[Case]:
    """The cases of a run in order. What kept the job from running its steps is a case, too."""
    for step in record.steps:
        yield from _of_step(step)
    if record.error is not None:
        yield Case("", record.job, "broken", str(record.error), type(record.error).__name__, record.elapsed)


def totals_of(records: Sequence[RunRecord]) -> dict[str, int]:
    """Recipients by state over all steps of all runs; of a batch those of all its sessions."""
    found: Counter[str] = Counter(dict.fromkeys(STATES, 0))
    for record in records:
        for step in record.steps:
            totals = step.result.get("totals")
            if isinstance(totals, Mapping):
                found.update({state: int(totals.get(state, 0)) for state in STATES})
            for recipient in _recipients(step):
                found[recipient["state"]] += 1
    return dict(found)


def _of_step(step: StepRecord) -> Iterator[Case]:
    people = _recipients(step)
    if step.status == "skipped":
        yield Case(step.name, step.name, "skipped", step.summary)
        return
    for one in people:
        yield _recipient_case(step, one)
    failures = step.result.get("failures")
    for one in failures if isinstance(failures, list) else []:
        yield _recipient_case(step, one)
    if not people:  # a step by itself, or a batch, whose recipients are known where they failed
        yield _step_case(step)


def _recipients(step: StepRecord) -> Sequence[Mapping[str, Any]]:
    found = step.result.get("recipients")
    if step.kind != "send" or not isinstance(found, list):
        return ()
    return found


def _recipient_case(step: StepRecord, one: Mapping[str, Any]) -> Case:
    key = f" (row {one['row']}, {one['key']})" if one.get("key") else ""
    state, reply = one["state"], one.get("reply")
    words = f"{state}: {_said(reply)}" if reply else state
    excused = state == "rejected" and one["kind"] == "bcc" and step.status == "ok"
    passed = state == "accepted" or excused or step.ignored
    return Case(step.name, f"{one['address']}{key}", "passed" if passed else "failed", words, state, step.elapsed)


def _said(reply: Mapping[str, Any]) -> str:
    return " ".join([str(reply[part]) for part in ("code", "enhanced", "text") if reply[part]])


def _step_case(step: StepRecord) -> Case:
    if step.error is None or step.ignored:
        return Case(step.name, step.name, "passed", step.summary, "", step.elapsed)
    error = step.error
    refused = error.who == "server"
    words = f"{error}\n{step.summary}" if step.summary else str(error)
    return Case(step.name, step.name, "failed" if refused else "broken", words, type(error).__name__, step.elapsed)
