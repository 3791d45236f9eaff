"""GitHub Actions: annotations at lines of the job, the outputs of a step, its summary."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from mailjobs.errors import Place, Problem
from mailjobs.model import Job
from mailjobs.report.cases import totals_of
from mailjobs.report.visible import visible
from mailjobs.run import RunRecord

OUTPUTS: Final = ("accepted", "rejected", "deferred", "unknown", "not-attempted")


def problem_annotation(problem: Problem) -> str:
    """The annotation of what is wrong in a job."""
    words = f"{problem.message} ({problem.hint})" if problem.hint else problem.message
    return annotation(problem.severity, words, problem.place)


def run_annotations(record: RunRecord, job: Job) -> Iterator[str]:
    """One for each step that failed; what keeps a run from its steps is told where it is raised."""
    for step in record.steps:
        if step.error is not None:
            place = step.error.place or job.steps[step.index].place
            yield annotation("warning" if step.ignored else "error", f"{step.name}: {step.error}", place)


def annotation(level: str, words: str, place: Place | None = None) -> str:
    """A workflow command; `level` is error or warning. Nothing in `words` can begin another command."""
    where = {} if place is None else {"file": str(place.file), "line": place.line, "col": place.column}
    given = ",".join([f"{name}={_property(str(value))}" for name, value in where.items() if value])
    return f"::{level}{' ' if given else ''}{given}::{_data(words)}"


def outputs(records: Sequence[RunRecord]) -> str:
    """Lines for the file that GITHUB_OUTPUT names: recipients by state, and the exit status."""
    totals: Mapping[str, int] = totals_of(records)
    status = records[-1].exit_status if records else 0
    return "".join([f"{name}={totals[name]}\n" for name in OUTPUTS]) + f"exit-status={status}\n"


def _data(text: str) -> str:
    lines = [visible(line) for line in text.replace("%", "%25").splitlines()]
    return "%0A".join(lines)


def _property(text: str) -> str:
    return visible(text.replace("%", "%25")).replace(":", "%3A").replace(",", "%2C")
