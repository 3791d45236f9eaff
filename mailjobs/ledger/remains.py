"""What is left of one step of a run: who was in it and what became of them, as far as its files can be read."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Final

from mailjobs.errors import OutputError
from mailjobs.ledger.accounts import accounts_of
from mailjobs.ledger.folder import StepFiles
from mailjobs.ledger.kept import Kept
from mailjobs.ledger.known import UNTOUCHED, Known, totals_of
from mailjobs.ledger.recipient import Recipient
from mailjobs.ledger.replay import highest, restore
from mailjobs.ledger.rows_left import RowsLeft
from mailjobs.ledger.run import Run, StepState
from mailjobs.ledger.wanted import Wanted
from mailjobs.rows import Row

EVERYBODY: Final = Wanted()


class Remains:
    """A step that is opened to be looked at. A context manager.

    Where journals are gone, what nothing is known of is unknown, since it may have been sent.
    """

    def __init__(self, files: StepFiles, run: Run) -> None:
        self.step = files.step
        self._told: list[str] = []
        self._run = run
        self._state = run.steps.get(files.step, StepState())
        self._rows = RowsLeft(files.rows)
        self._journals = self._readable(files.journals())
        self._kept = self._readable([files.kept])
        self._taken_over: Kept | None = None
        self._doubt = False

    @cached_property
    def _known(self) -> Known:
        """Read when it is asked for: a run that somebody is not in need not be read at all."""
        return self._restored()

    @property
    def damage(self) -> list[str]:
        """What cannot be read, in words; more may be found while recipients are."""
        told = [f"its rows are not known: {self._rows.failure}"] if self._rows.failure else []
        told += self._told
        if unread := self._rows.unread:
            told.append(f"rows that cannot be read: {len(unread)} (position {min(unread) + 1} is the first)")
        return [f"step {self.step}: {words}" for words in told]

    def totals(self) -> dict[str, int]:
        """Recipients by state, and those "kept": delivered to by an earlier run. A row nobody has touched counts as
        one recipient, where it is not known how many it has.
        """
        if self._run.finished is not None:
            return self._state.totals
        found = totals_of(self._known)
        untouched = self._known.states.count(UNTOUCHED)
        left = max(sum(self._state.totals.values()) - sum(found.values()), untouched)
        state = "unknown" if self._doubt else "not-attempted"
        return found | {state: found.get(state, 0) + left}

    def recipients(self, wanted: Wanted = EVERYBODY) -> Iterator[Recipient]:
        """Those that are wanted, by row. Raises OutputError."""
        positions = wanted.positions([*self._journals, *self._kept], self._rows)
        if positions is not None and not positions:
            return
        for account in accounts_of(self._known, self._journals, wanted.letters, positions):
            if self._run.finished is not None and account.letter == "n" and not account.address:
                continue  # all that there was to do is done: the row is for nobody
            row = self._rows.row(account.position)
            if wanted.takes(account, row, ("", self._run.staging)):
                yield Recipient(self.step, row, account.address, account.state, account.reply, account.letter == "b")

    def rows_with(self, letters: str) -> Iterator[Row]:
        """The rows that may have recipients in one of these states."""
        return (
            self._rows.row(position)
            for position in range(len(self._known.states))
            if self._known.open(position, letters)
        )

    def __enter__(self) -> Remains:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._rows.close()
        if self._taken_over is not None:
            self._taken_over.close()

    def _readable(self, paths: list[Path]) -> list[Path]:
        found = []
        for path in paths:
            try:
                with path.open("rb") as file:
                    file.read(1)
                found.append(path)
            except FileNotFoundError:
                continue
            except OSError as error:
                self._told.append(f"cannot read {path}: {error.strerror}")
        return found

    def _restored(self) -> Known:
        snapshot = self._rows.snapshot
        rows = len(snapshot) if snapshot is not None else max(self._state.rows, highest(self._journals) + 1)
        try:
            known = restore(self._journals, rows, *self._kept)
        except OutputError as error:
            self._told.append(error.message)
            known = restore(self._journals, rows)
        self._taken_over = known.kept
        self._doubt = bool(self._told) or self._less(known)
        if known.garbage:
            self._told.append(f"lines of its journals that cannot be read: {known.garbage}")
        elif self._doubt and not self._told:
            self._told.append("files are missing that say what became of whom")
        if self._doubt:
            for position in [at for at, letter in enumerate(known.states) if letter == UNTOUCHED]:
                known.lose(position)
        return known

    def _less(self, known: Known) -> bool:
        """Whether the journals tell less than was counted when the run was last closed."""
        found, counted = totals_of(known), self._state.totals
        settled = sum(count for state, count in counted.items() if state not in ("kept", "not-attempted"))
        fewer = any(found.get(state, 0) < counted.get(state, 0) for state in ("accepted", "kept"))
        return fewer or (settled > 0 and not self._journals)
