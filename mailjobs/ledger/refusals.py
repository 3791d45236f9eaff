"""Why a run is refused, in words, and which option sends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mailjobs.errors import RepeatError
from mailjobs.ledger.run import Run
from mailjobs.ledger.verdict import Earlier, Verdict
from mailjobs.prepare.wishes import AtHand, Wishes

Told = Sequence[tuple[AtHand, Verdict]]


def not_finished(told: Told) -> RepeatError:
    """A run is not finished, and batches changed."""
    words = [f"{batch.label}: {_list(found.parts)} changed since the {_unfinished(found.at)}" for batch, found in told]
    return RepeatError(
        "; ".join(words), hint="--accept-changes sends the rest as it is now, and leaves out who has got it"
    )


def was_sent(told: Told) -> RepeatError:
    """Batches were sent as they are now."""
    words = [f"{batch.label} was sent in the {_finished(found.at)}" for batch, found in told]
    states = [found.at.state for _, found in told if found.at is not None]
    options = (("--retry-failed", "r"), ("--retry-unknown", "u"))
    retries = [option for option, letter in options if any(state.has(letter) for state in states)]
    also = f"; {' or '.join(retries)} sends to those who have not got it" if retries else ""
    return RepeatError("; ".join(words), hint=f"--again, or again: true on the step, sends it once more{also}")


def nobody_to_retry(told: Told, wishes: Wishes) -> RepeatError:
    """Nobody of an earlier run can be tried again."""
    if not told:
        words = "there is no run of the job, as it is now, to try again"
        return RepeatError(words, hint="run it without --retry-…")
    what = "rejected" if wishes.retry_failed else "unknown"
    tried = [f"{batch.label}: nobody is {what} in the {_finished(found.at)}" for batch, found in told]
    return RepeatError("; ".join(tried), hint="there is nothing to try again")


def left_behind(found: Verdict) -> str:
    """What stays as it is of a run that is not finished, while a new one begins."""
    return f"begins anew, and leaves the {_unfinished(found.at)}, as it is"


def left_out(found: Verdict) -> str:
    """A batch that is not sent while others are."""
    return f"was sent as it is now in the {_finished(found.at)}; --again sends it once more"


def amounts(totals: Mapping[str, int]) -> str:
    """Such as `3 accepted, 1 deferred`."""
    states = ("accepted", "rejected", "deferred", "unknown", "not-attempted")
    told = [f"{totals[state]} {state}" for state in states if totals.get(state)]
    if totals.get("kept"):
        told.append(f"{totals['kept']} before")
    return ", ".join(told) or "to nobody"


def _finished(earlier: Earlier | None) -> str:
    assert earlier is not None, "the verdict is about a run"
    return f"{_run(earlier.run)} ({amounts(earlier.state.totals)})"


def _unfinished(earlier: Earlier | None) -> str:
    assert earlier is not None, "the verdict is about a run"
    return f"{_run(earlier.run)}, which is not finished ({amounts(earlier.state.totals)})"


def _run(run: Run) -> str:
    return f"run of {run.started:%Y-%m-%d %H:%M} UTC"


def _list(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
