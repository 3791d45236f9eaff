"""Past runs, as a person or a program reads them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from textwrap import wrap
from typing import Any, TextIO

from mailjobs.ledger import PastRun
from mailjobs.report.table import print_table
from mailjobs.report.visible import visible

STATES = ("accepted", "rejected", "deferred", "unknown", "not-attempted", "kept")
WORDS = {"kept": "delivered by an earlier run"}
FACT = len("redirected") + 2
WIDTH = 80 - FACT
DIGEST = 8  # digits that are shown of one


def print_runs(out: TextIO, found: Sequence[PastRun]) -> None:
    """A table of runs."""
    rows = [(one.id, f"{one.run.started:%Y-%m-%d %H:%M}", one.state, became(one)) for one in found]
    print_table(out, ("run", "started (UTC)", "state", "recipients"), rows, wrapped=3)


def print_run(out: TextIO, past: PastRun, job: str) -> None:
    """One run: when it was, what it was made of, and its totals by step."""
    for name, text in _facts(past, job):
        out.write(f"{name:<{FACT}}{visible(text)}\n")
    steps = past.run.steps
    used = [one for one in STATES if one in STATES[:2] or any(step.totals.get(one) for step in steps.values())]
    if steps:
        out.write("\n")
        rows = [(name, str(step.rows), *[str(step.totals.get(one, 0)) for one in used]) for name, step in steps.items()]
        print_table(out, ("step", "rows", *["earlier" if one == "kept" else one for one in used]), rows)


def heading(past: PastRun) -> str:
    """A run in a line, without what became of it."""
    return f"{past.id}, {past.run.started:%Y-%m-%d %H:%M} UTC, {past.state}"


def became(past: PastRun) -> str:
    """Such as `12 accepted, 1 rejected (redirected to dev@example.com)`."""
    told = [f"{count} {WORDS.get(state, state)}" for state, count in totals(past).items() if count]
    redirected = f" (redirected to {past.run.staging})" if past.run.staging else ""
    return (", ".join(told) or ("not known" if past.damage else "nobody")) + redirected


def totals(past: PastRun) -> dict[str, int]:
    """Recipients by state, over all steps; "kept" are those to whom an earlier run had delivered."""
    return {one: past.run.total(one) for one in STATES}


def as_dict(past: PastRun, damage: Sequence[str]) -> dict[str, Any]:
    """A run as `--json` has it; `damage` is what of it cannot be read."""
    run = past.run
    return {
        "id": run.id,
        "job": run.job or None,
        "started": run.started.isoformat(),
        "finished": run.finished.isoformat() if run.finished else None,
        "state": past.state,
        "redirected_to": run.staging,
        "totals": totals(past),
        "steps": {
            name: {"rows": step.rows, "totals": {one: step.totals.get(one, 0) for one in STATES}}
            for name, step in run.steps.items()
        },
        "made_of": run.fingerprint,
        "leaves_out": list(run.kept),
        "damage": list(damage),
    }


def _facts(past: PastRun, job: str) -> Iterator[tuple[str, str]]:
    run = past.run
    yield "run", run.id
    if run.job:
        yield "job", run.job
    yield "started", f"{run.started:%Y-%m-%d %H:%M:%S} UTC"
    if run.finished:
        yield "finished", f"{run.finished:%Y-%m-%d %H:%M:%S} UTC"
    elif not past.damage:
        yield "finished", f"no: `mailjobs run {job}` goes on with it"
    if run.staging:
        yield "redirected", f"to {run.staging}"
    if run.kept:
        yield "leaves out", f"what was delivered by {', '.join(run.kept)}"
    if run.fingerprint:
        parts = [f"{part} {digest[:DIGEST]}" for part, digest in run.fingerprint.items()]
        for number, line in enumerate(wrap(", ".join(parts), WIDTH)):
            yield "" if number else "made of", line
