"""What earlier runs say about one batch. A function of values alone."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import takewhile
from typing import Final, Literal, NamedTuple

from mailjobs.ledger.run import Run, StepState, source
from mailjobs.prepare.wishes import AtHand

SELECTION: Final = frozenset({"limit", "only", "where", "exclude"})  # which rows, not what they get
ROWS: Final = "data"  # of the rows that are selected, so it differs with the selection

Kind = Literal["new", "open", "done", "changed", "alike", "other"]


class Earlier(NamedTuple):
    """A batch of an earlier run, by the name that it had there."""

    run: Run
    name: str
    state: StepState

    @property
    def sources(self) -> tuple[str, ...]:
        """Where to look for who had it: there, and where that run had looked."""
        return (source(self.run.id, self.name), *self.state.kept)


class Verdict(NamedTuple):
    """`new`: nothing is known of the batch. `open`: a run is to be gone on with. `done`: it was sent as it is now.
    `changed`: a run is not finished, and what it sent is not what would be sent now (`parts`). `alike`: what was sent
    is the same, to other rows. `other`: something else was sent, and that is finished or does not matter. `at` is the
    run that it is about, `sources` are whose deliveries count where who has got it is left out.
    """

    kind: Kind
    at: Earlier | None = None
    parts: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()


def stored_name(run: Run, batch: AtHand, names: Collection[str]) -> str | None:
    """What a batch was called in a run, where it was part of it: an id may have been given to it, or taken away.

    `names` are those that batches of the job have now.
    """
    if batch.name in run.steps:
        return batch.name
    alike = (name for name, state in run.steps.items() if state.made == batch.made and name not in names)
    return next(alike, None)


def changed(state: StepState, batch: AtHand) -> tuple[str, ...]:
    """The parts that are not what they were."""
    before, now = state.parts, batch.parts
    parts = sorted(part for part in {*before, *now} if before.get(part) != now.get(part))
    if batch.once and state.once == batch.once and state.keys != batch.keys:
        parts.append("once_per")
    return tuple(parts)


def verdict(batch: AtHand, lineage: Sequence[Run], names: Collection[str] = ()) -> Verdict:
    """`lineage`: the runs to the same people, or to the same staging address, the newest first."""
    history = list(_history(batch, lineage, names))
    if not history:
        return Verdict("new")
    newest = history[0]
    parts = changed(newest.state, batch)
    if not parts:
        return _same(newest, batch)
    keyed = bool(batch.once) and newest.state.once == batch.once  # who had it is known by the key, whatever changed
    if newest.state.unfinished:
        return Verdict("other" if keyed else "changed", newest, parts, newest.sources)
    older = _older(history, batch)
    if older is not None:
        # Who had the same since, when other rows were chosen, is not known to a run that would go on.
        alike = [one for one in history[: history.index(older)] if _only_selected(changed(one.state, batch))]
        if not (older.state.unfinished and alike and not keyed):
            return _same(older, batch)
        return _alike([*alike, older], batch)
    if keyed or not _only_selected(parts):
        return Verdict("other", newest, parts, newest.sources)
    return _alike(list(takewhile(lambda one: _only_selected(changed(one.state, batch)), history)), batch)


def _alike(runs: Sequence[Earlier], batch: AtHand) -> Verdict:
    sources = tuple(dict.fromkeys(source for one in runs for source in one.sources))
    return Verdict("alike", runs[0], changed(runs[0].state, batch), sources)


def _only_selected(parts: Iterable[str]) -> bool:
    """Whether no more than other rows were selected."""
    found = set(parts)
    return bool(SELECTION & found) and found <= SELECTION | {ROWS}


def _history(batch: AtHand, lineage: Iterable[Run], names: Collection[str]) -> Iterator[Earlier]:
    """The runs that count: not one that was for nobody, nor one that nobody had anything of and that has changed."""
    for run in lineage:
        name = stored_name(run, batch, names)
        if name is None:
            continue
        state = run.steps[name]
        idle = not state.tried and not state.reached
        nothing = idle if not state.unfinished else not state.reached and changed(state, batch)
        if not nothing:
            yield Earlier(run, name, state)


def _same(earlier: Earlier, batch: AtHand) -> Verdict:
    left = earlier.state.unfinished or earlier.state.has(batch.opened)
    return Verdict("open" if left else "done", earlier, (), earlier.sources)


def _older(history: Sequence[Earlier], batch: AtHand) -> Earlier | None:
    """The newest run that sent the same, unless a later one has taken it over before it was finished."""
    taken_over = {kept for one in history for kept in one.state.kept}
    for one in history[1:]:
        over = one.state.unfinished and source(one.run.id, one.name) in taken_over
        if not over and not changed(one.state, batch):
            return one
    return None
