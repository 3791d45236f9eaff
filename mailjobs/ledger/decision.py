"""What a new run may do, seeing the runs before it. A function of values alone.

What earlier runs say is asked for each batch (`verdict`). A run is one, though: its id stands in the Message-ID of all
that it sends. So the newest run is gone on with in which nothing of what is at hand was otherwise and something is
left, and what it lacks is added to it. Else a new one begins. Either way each batch leaves out who had it from the
runs that its verdict names.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from mailjobs.errors import RepeatError
from mailjobs.ledger.refusals import left_behind, left_out, nobody_to_retry, not_finished, was_sent
from mailjobs.ledger.run import Run
from mailjobs.ledger.verdict import Kind, Verdict, stored_name, verdict
from mailjobs.prepare.wishes import AtHand, Wishes

NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})


class TakenOver(NamedTuple):
    """Whose deliveries count for a batch, as in `StepState.kept`; `alike`: for rows alone that are the same.

    `rejected`: who was rejected is left out as well, since nothing but the same would be sent.
    """

    sources: tuple[str, ...]
    alike: bool = False
    rejected: bool = False


class New(NamedTuple):
    """Begin a run, of which batches leave out who is `kept`, by the name of the batch.

    Where that leaves nobody, `repeat` says why nothing is sent. `notes` are for people, by batch.
    """

    kept: Mapping[str, TakenOver] = NOTHING
    repeat: RepeatError | None = None
    notes: Mapping[str, str] = NOTHING


class Resume(NamedTuple):
    """Go on with a run; `stored` are the names that batches have in it. Others are added, and leave out who is `kept`.

    Where nothing comes to be sent, since all that was left are steps whose conditions turn out false, `repeat` says so.
    """

    run: str
    stored: Mapping[str, str]
    kept: Mapping[str, TakenOver] = NOTHING
    repeat: RepeatError | None = None


class Refuse(NamedTuple):
    """Nothing may be sent. `run` is the one that stands in the way, None where there is none."""

    error: RepeatError
    run: str | None = None


Decision = New | Resume | Refuse
Found = list[tuple[AtHand, Verdict]]


def decide(
    before: Sequence[Run],
    batches: Sequence[AtHand],
    wishes: Wishes,
    staging: str | None = None,
    names: Collection[str] = (),
) -> Decision:
    """`before` are all runs of the job, the newest first, with totals that are true (see `history.past`). `names` are
    those of all batches of the job, whether at hand or not.
    """
    lineage = [run for run in before if run.staging == staging]
    return _Case(lineage, batches, wishes, names or [batch.name for batch in batches]).decide()


class _Case:
    def __init__(
        self, lineage: Sequence[Run], batches: Sequence[AtHand], wishes: Wishes, names: Collection[str]
    ) -> None:
        self._lineage = lineage
        self._wishes = wishes
        self._names = names
        self._found: Found = [(batch, verdict(batch, lineage, names)) for batch in batches]

    def decide(self) -> Decision:
        if self._wishes.again:
            return New(notes=_notes(self._of("open", "changed"), left_behind))
        changed = [one for one in self._of("changed") if not one[0].again]
        if self._wishes.accept_changes and (changed or self._differing()):
            had = [one for one in self._found if _lasts(*one)]
            return New({name: one._replace(alike=False) for name, one in _taken_over(had).items()})
        if changed:
            return _refuse(not_finished(changed), changed)
        if self._wishes.retries and not self._can_retry():
            told = [] if self._of("other", "alike", "changed") else self._of("done")
            return _refuse(nobody_to_retry(told, self._wishes), told)
        if self._of("open"):
            return self._go_on()
        return self._all_finished()

    def _of(self, *kinds: Kind) -> Found:
        return [one for one in self._found if one[1].kind in kinds]

    def _differing(self) -> Found:
        """What is finished, and would be sent otherwise now; not what is meant to, or known by its key."""
        return [one for one in self._of("other", "alike") if _lasts(*one)]

    def _can_retry(self) -> bool:
        """Whether somebody can be tried again, and nothing else would be sent. The index knows who is unknown."""
        others = self._of("other", "alike", "changed")
        return all(_keyed(*one) for one in others) and bool(others or self._of("open"))

    # --- somebody is left

    def _go_on(self) -> Decision:
        left = {found.at.run.id for _, found in self._of("open") if found.at is not None}
        run = next((run for run in self._lineage if run.id in left and self._fits(run)), None)
        if run is not None:
            return self._resume(run)
        if self._differing():
            (_, found), *_ = self._of("open")
            told = [(batch, Verdict("changed", found.at, one.parts)) for batch, one in self._differing()]
            return _refuse(not_finished(told), told)
        return New(_taken_over(self._of("open", "done")), None, _notes(self._of("changed"), left_behind))

    def _fits(self, run: Run) -> bool:
        """Whether all that is at hand is in the run as it is now, or not at all."""
        return all(
            found.kind == "new"
            or (found.kind in ("open", "done") and _is_in(run, found))
            or stored_name(run, batch, self._names) is None
            for batch, found in self._found
        )

    def _resume(self, run: Run, repeat: RepeatError | None = None) -> Resume:
        stored = {batch.name: found.at.name for batch, found in self._found if found.at and _is_in(run, found)}
        added = [one for one in self._of("open", "done", "alike") if one[0].name not in stored]
        return Resume(run.id, stored, _taken_over([one for one in added if not _recurs(*one)]), repeat)

    # --- nobody is left

    def _all_finished(self) -> Decision:
        done = [one for one in self._of("done") if not one[0].again and not one[0].once]
        new = [batch for batch, _ in self._of("new") if batch.recipients and batch.chance != "failure"]
        recurring = [one for one in self._of("done") if _recurs(*one)]
        if self._of("other", "alike", "changed"):
            return self._begin(done)
        if done and (recurring or not new):
            return _refuse(was_sent(done), done)
        if recurring or not self._of("done"):
            return self._begin([])
        run = next((run for run in self._lineage if self._holds(run) and self._fits(run)), None)
        if run is None:
            return New(_taken_over(self._of("done")))
        sure = any(batch.chance == "sure" for batch in new)
        return self._resume(run, was_sent(done) if done and not sure else None)

    def _holds(self, run: Run) -> bool:
        return any(_is_in(run, found) for _, found in self._of("done"))

    def _begin(self, done: Found) -> New:
        """A run in which what is `done` is left out, and who had the same when other rows were chosen."""
        alike = [one for one in self._of("alike") if not one[0].again]
        keyed = [one for one in self._of("done") if one[0].once and not one[0].again]
        notes = _notes(done, left_out) | _notes(self._of("changed"), left_behind)
        return New(_taken_over([*alike, *done, *keyed]), was_sent([*alike, *done]) if alike else None, notes)


def last(before: Sequence[Run], staging: str | None = None) -> Run | None:
    """The newest of the runs that a new one goes by: those that went to the same people, or the same mailbox."""
    return next((run for run in before if run.staging == staging), None)


def _refuse(error: RepeatError, told: Found) -> Refuse:
    return Refuse(error, next((found.at.run.id for _, found in told if found.at is not None), None))


def _is_in(run: Run, found: Verdict) -> bool:
    return found.at is not None and found.at.run.id == run.id


def _keyed(batch: AtHand, found: Verdict) -> bool:
    """Whether it is known by key who had it, whatever changed."""
    return bool(batch.once) and found.at is not None and found.at.state.once == batch.once


def _recurs(batch: AtHand, found: Verdict) -> bool:
    """Whether it was finished, and is meant to be sent again."""
    return batch.again and found.kind in ("done", "alike", "other")


def _lasts(batch: AtHand, found: Verdict) -> bool:
    """Whether who has got it is to be left out when something else is sent."""
    return not _recurs(batch, found) and not (found.kind == "other" and _keyed(batch, found))


def _taken_over(found: Found) -> dict[str, TakenOver]:
    return {
        batch.name: TakenOver(one.sources, one.kind == "alike", one.kind in ("open", "done", "alike"))
        for batch, one in found
        if one.sources
    }


def _notes(found: Found, words: Callable[[Verdict], str]) -> dict[str, str]:
    return {batch.name: words(one) for batch, one in found}
