"""A summary in Markdown, for a page of a CI server or a comment: the steps, who failed, what to look at."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from mailjobs.report.cases import STATES, Case, cases_of, totals_of
from mailjobs.report.visible import visible
from mailjobs.run import RunRecord, StepRecord

MOST: Final = 50  # cases that are listed
_SPECIAL: Final = re.compile(r"([\\`*_{}\[\]()#+!|~@-])")  # also what would mention or link
MARKS: Final = {"ok": "✅", "failed": "❌", "skipped": "⏭️"}


def as_markdown(records: Sequence[RunRecord]) -> str:
    """The report of all runs. What comes from outside can make no markup."""
    return "\n".join([line for record in records for line in _run(record)]) + "\n"


def _run(record: RunRecord) -> Iterator[str]:
    mark = "❌" if record.failed else "✅"
    dry = " (dry run)" if record.dry_run else ""
    yield f"## {mark} {quoted(record.job)}{dry}"
    yield ""
    yield f"Run `{record.run}`, {record.elapsed:.2f} s, exit status {record.exit_status}"
    yield ""
    if record.error is not None:
        yield from (f"> {quoted(line)}" for line in str(record.error).splitlines())
        yield ""
    if record.steps:
        yield from ("| | step | what happened | s |", "| --- | --- | --- | ---: |")
        yield from map(_step, record.steps)
        yield ""
    yield from _people(record)
    yield from _bad(record)
    if record.warnings:
        yield from [f"- ⚠️ {quoted(str(problem))}" for problem in record.warnings]
        yield ""


def _step(step: StepRecord) -> str:
    ignored = " (ignored)" if step.ignored and step.status == "failed" else ""
    words = step.summary if step.error is None else f"{step.summary}; {step.error}" if step.summary else str(step.error)
    return f"| {MARKS[step.status]} | {quoted(step.name)}{ignored} | {quoted(words)} | {step.elapsed:.2f} |"


def _people(record: RunRecord) -> Iterator[str]:
    totals = totals_of([record])
    if any(totals.values()):
        yield f"**Recipients:** {', '.join([f'{totals[state]} {state}' for state in STATES if totals[state]])}"
        yield ""


def _bad(record: RunRecord) -> Iterator[str]:
    bad = [case for case in cases_of(record) if case.verdict == "failed" and case.name != case.step]
    if not bad:
        return
    yield from ("| recipient | step | reply |", "| --- | --- | --- |")
    yield from map(_failed, bad[:MOST])
    if len(bad) > MOST:
        yield f"| … and {len(bad) - MOST} more | | |"
    yield ""


def _failed(case: Case) -> str:
    return f"| {quoted(case.name)} | {quoted(case.step)} | {quoted(case.words)} |"


def quoted(text: str) -> str:
    """`text` in one line, as Markdown that shows it as it is."""
    shown = visible(" ".join(text.split())).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _SPECIAL.sub(r"\\\1", shown)
