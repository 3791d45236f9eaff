"""Past runs of a job: those that decide about a new one, their recipients, and how they are forgotten."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mailjobs.errors import OutputError
from mailjobs.ledger.accounts import ALL
from mailjobs.ledger.folder import StateFolder, StepFiles
from mailjobs.ledger.known import everybody
from mailjobs.ledger.look import leftovers
from mailjobs.ledger.once import OnceIndex
from mailjobs.ledger.recipient import Recipient
from mailjobs.ledger.remains import Remains
from mailjobs.ledger.replay import restore
from mailjobs.ledger.run import Run, StepState
from mailjobs.ledger.wanted import Wanted


def past(folder: StateFolder) -> list[Run]:
    """All runs, the newest first; batches that did not end are counted.

    Raises OutputError, also where less is found than was written down.
    """
    runs = folder.runs()
    for run in runs:
        for step, state in run.steps.items():
            if state.state == "open":
                _count(folder.files(run.id, step), state)
    return runs


def _count(files: StepFiles, state: StepState) -> None:
    known = restore(files.journals(), state.rows, files.kept)
    if known.kept is not None:
        known.kept.close()
    totals = {name: count for name, count in everybody(known, state.recipients).items() if count}
    for name in ("accepted", "kept"):
        if totals.get(name, 0) < state.totals.get(name, 0):
            raise OutputError(
                f"journals of {files.folder / files.step} are missing, so nobody knows who had it",
                hint="restore them, or move the folder of that run away to go on",
            )
    state.totals = totals
    if not state.has("dn"):
        state.state = "finished"


def show(folder: StateFolder, run: Run, states: str = ALL) -> Iterator[Recipient]:
    """The recipients of a run whose state has one of these letters (a r d u n; b: before), by step and row."""
    for step in run.steps:
        with Remains(folder.files(run.id, step), run) as remains:
            yield from remains.recipients(Wanted(states))


def forget(folder: StateFolder, run: str) -> None:
    """Remove a run: what it delivered may be sent again. The caller holds the lock. Raises OutputError."""
    if (folder.path / "once.sqlite").exists():
        index = OnceIndex(folder)
        index.forget(run)
        index.close()
    folder.remove(run)


def forget_all(folder: StateFolder, runs: Iterable[str]) -> None:
    """Remove these, which are all there are, as `forget` does; and what a run has left that was broken off early."""
    index = folder.path / "once.sqlite"
    try:
        index.unlink(missing_ok=True)  # without runs it says nothing; where one is left it is made anew of its journals
    except OSError as error:
        raise OutputError(f"cannot remove {index}: {error.strerror}") from None
    for run in [*runs, *leftovers(folder)]:
        folder.remove(run)
