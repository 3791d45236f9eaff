"""Past runs of a job, for `mailjobs runs`: as values."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from mailjobs.frozen import frozen
from mailjobs.ledger import lines
from mailjobs.ledger.accounts import ALL, accounts
from mailjobs.ledger.folder import StateFolder
from mailjobs.ledger.known import Known
from mailjobs.ledger.once import OnceIndex
from mailjobs.ledger.replay import restore
from mailjobs.ledger.run import Run
from mailjobs.rows import Row
from mailjobs.rows.snapshot import Snapshot


@frozen
class Recipient:
    """What became of one recipient of a run. `before`: an earlier run had delivered to it."""

    step: str
    row: Row
    address: str
    state: str
    reply: str
    before: bool = False

    def as_dict(self) -> dict[str, Any]:
        """As `runs show --json` and `runs export` give it: the columns of the row come first."""
        return {
            **self.row.values,
            "mailjobs_step": self.step,
            "mailjobs_key": self.row.key,
            "mailjobs_address": self.address,
            "mailjobs_state": self.state,
            "mailjobs_reply": self.reply,
        }


def past(folder: StateFolder) -> list[Run]:
    """All runs, the newest first; totals of those that did not end are counted. Raises OutputError."""
    runs = folder.runs()
    for run in runs:
        if run.finished is None:
            for step, state in run.steps.items():
                files = folder.files(run.id, step)
                known = restore(files.journals(), state.rows, files.kept)
                state.totals = totals_of(known)
    return runs


def totals_of(known: Known) -> dict[str, int]:
    """Recipients by state, and those "kept": delivered to by an earlier run. Rows nobody has touched count in none."""
    found: dict[str, int] = {}
    for letter, count in known.totals.items():
        if count > 0:
            name = "kept" if letter == "b" else lines.STATES[letter]
            found[name] = found.get(name, 0) + count
    return found


def show(folder: StateFolder, run: Run, states: str = ALL) -> Iterator[Recipient]:
    """The recipients of a run whose state has one of these letters (a r d u n; b: before), by step and row."""
    for step in run.steps:
        files = folder.files(run.id, step)
        if not files.rows.exists():
            continue
        rows = Snapshot(files.rows)
        for one in accounts(files, len(rows), states):
            yield Recipient(step, rows.row(one.position), one.address, one.state, one.reply, one.letter == "b")
        rows.close()


def forget(folder: StateFolder, run: str) -> None:
    """Remove a run: what it delivered may be sent again. The caller holds the lock. Raises OutputError."""
    if (folder.path / "once.sqlite").exists():
        index = OnceIndex(folder)
        index.forget(run)
        index.close()
    folder.remove(run)


def forget_before(folder: StateFolder, moment: datetime) -> list[str]:
    """Remove the runs that were started before a moment; gives their ids. Raises OutputError."""
    old = [run.id for run in folder.runs() if run.started < moment]
    for run in old:
        forget(folder, run)
    return old
