"""What a new run may do, seeing the runs before it. A function of values alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from mailjobs.errors import RepeatError
from mailjobs.frozen import frozen
from mailjobs.ledger.run import Run

SELECTION: Final = frozenset({"limit", "only", "where"})  # which rows, not what they get


@frozen
class Wishes:
    """What the user has said. `again` also where every batch of the job says so; `once_per` where each has one."""

    again: bool = False
    accept_changes: bool = False
    retry_failed: bool = False
    retry_unknown: bool = False
    resend_unknown: bool = False
    once_per: bool = False

    @property
    def opened(self) -> str:
        """The letters of the states that are sent to again."""
        unknown = self.retry_unknown or self.resend_unknown
        return "nd" + ("r" if self.retry_failed else "") + ("u" if unknown else "")


@frozen
class New:
    """Begin a run. What the runs `kept` have delivered is left out, by (row key, recipient)."""

    kept: tuple[str, ...] = ()


@frozen
class Resume:
    """Go on with a run; `opened` are the letters of the states that are sent to."""

    run: str
    opened: str


@frozen
class Refuse:
    """Nothing may be sent. `run` is the one that stands in the way, None where there is none."""

    error: RepeatError
    run: str | None = None


def decide(
    before: Sequence[Run], fingerprint: Mapping[str, str], wishes: Wishes, staging: str | None = None
) -> New | Resume | Refuse:
    """`before` are all runs of the job, the newest first, with totals that are true (see `history.past`)."""
    lineage = [run for run in before if run.staging == staging]
    replaced = {run for one in lineage if one.counts for run in one.kept if not _finished(run, lineage)}
    for run in lineage:
        if not run.complete and run.counts and run.id not in replaced:
            return _unfinished(run, fingerprint, wishes)
    same = next((run for run in lineage if run.complete and not changed(run, fingerprint)), None)
    if same is not None:
        return _finished_before(same, wishes, lineage, fingerprint)
    if wishes.retry_failed or wishes.retry_unknown:
        return _refuse("there is no run of the job, as it is now, to try again", "run it without --retry-…")
    return New(() if wishes.again else _delivered_alike(lineage, fingerprint))


def last(before: Sequence[Run], staging: str | None = None) -> Run | None:
    """The newest of the runs that a new one goes by: those that went to the same people, or the same mailbox."""
    return next((run for run in before if run.staging == staging), None)


def changed(run: Run, fingerprint: Mapping[str, str]) -> list[str]:
    """The parts that are not what they were."""
    return sorted(
        part for part in {*run.fingerprint, *fingerprint} if run.fingerprint.get(part) != fingerprint.get(part)
    )


def _finished(run: str, lineage: Sequence[Run]) -> bool:
    return any(one.id == run and one.complete for one in lineage)


def _unfinished(run: Run, fingerprint: Mapping[str, str], wishes: Wishes) -> New | Resume | Refuse:
    parts = changed(run, fingerprint)
    if not parts:
        return Resume(run.id, wishes.opened)
    if wishes.once_per:  # whoever has got it is known by that key, whatever changed
        return New()
    if wishes.accept_changes:
        return New((run.id, *run.kept))
    return _refuse(
        f"the run of {_when(run)} is not finished ({_amounts(run)}), and since then {_list(parts)} changed",
        "--accept-changes sends the rest as it is now, and leaves out who has got it",
        run,
    )


def _finished_before(
    run: Run, wishes: Wishes, lineage: Sequence[Run], fingerprint: Mapping[str, str]
) -> New | Resume | Refuse:
    rejected, unknown = run.total("rejected"), run.total("unknown")
    if (wishes.retry_failed and rejected) or (wishes.retry_unknown and unknown):
        return Resume(run.id, wishes.opened)
    if wishes.retry_failed or wishes.retry_unknown:
        what = "rejected" if wishes.retry_failed else "unknown"
        return _refuse(
            f"nobody is {what} in the run of {_when(run)} ({_amounts(run)})", "there is nothing to try again", run
        )
    if wishes.again or wishes.once_per:
        return New()
    retries = [option for option, count in (("--retry-failed", rejected), ("--retry-unknown", unknown)) if count]
    also = f"; {' or '.join(retries)} sends to those who have not got it" if retries else ""
    return _refuse(
        f"this was sent in the run of {_when(run)} ({_amounts(run)})",
        f"--again, or again: true on the step, sends it once more{also}",
        run,
    )


def _delivered_alike(lineage: Sequence[Run], fingerprint: Mapping[str, str]) -> tuple[str, ...]:
    """The finished runs that sent the same to other rows."""
    return tuple(run.id for run in lineage if run.counts and run.complete and {*changed(run, fingerprint)} <= SELECTION)


def _refuse(message: str, hint: str, run: Run | None = None) -> Refuse:
    return Refuse(RepeatError(message, hint=hint), run.id if run else None)


def _when(run: Run) -> str:
    return f"{run.started:%Y-%m-%d %H:%M} UTC"


def _amounts(run: Run) -> str:
    states = [("accepted", "accepted"), ("rejected", "rejected"), ("deferred", "deferred"), ("unknown", "unknown")]
    return ", ".join(f"{run.total(state)} {word}" for state, word in states if run.total(state)) or "to nobody"


def _list(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
