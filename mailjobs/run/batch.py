"""One batch of a run: what preflight found, and what is kept of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mailjobs.errors import Problem
from mailjobs.ledger import (
    AtHand,
    Known,
    Run,
    StateFolder,
    StepFiles,
    StepState,
    TakenOver,
    add_elsewhere,
    carry_over,
    everybody,
    move,
    move_keys,
    move_rows,
    restore,
    whole,
)
from mailjobs.model import Step
from mailjobs.prepare import Found
from mailjobs.rows import Row
from mailjobs.steps.shelf import Shelf

if TYPE_CHECKING:
    from mailjobs.prepare.fingerprint import Part

People = Callable[[Row], Sequence[str]]


@dataclass(slots=True)
class Batch:
    """`files` are those of a draft until it is known which run it is part of. `size` and `checksum` are those of its
    rows. `note` is for people: what becomes of an earlier run.
    """

    step: Step
    hand: AtHand
    parts: Mapping[str, Part]
    found: Found
    files: StepFiles
    size: int
    checksum: str
    people: People
    note: str = ""
    kept: Path | None = None  # who is left out, where that is not among the files

    def leave_out(self, folder: StateFolder, taken: TakenOver) -> None:
        """Leave out who had it from earlier runs, besides those whom preflight has left out. Raises OutputError."""
        letters = "a" + ("u" if "u" not in self.hand.opened else "") + ("r" if taken.rejected else "")
        more = carry_over(folder, taken.sources, self.files, letters, alike=taken.alike, people=self.people)
        if self.found.recipients == self.found.messages:  # nobody may have counted whom a row is for
            self.found.recipients = self.found.messages + more

    def begin(self, run: Run, taken: TakenOver | None) -> None:
        """It is part of the run from now on, as new. Raises OutputError."""
        run.steps[self.files.step] = StepState(
            "open",
            self.found.messages,
            everybody(self._known_now(), self.found.recipients),
            self.found.recipients,
            dict(self.hand.parts),
            self.hand.made,
            taken.sources if taken else (),
            self.hand.once,
            self.hand.keys,
            self.size,
            self.checksum,
        )

    def join(self, folder: StateFolder, run: Run, taken: TakenOver | None) -> None:
        """It is added to a run that goes on. Raises OutputError."""
        files = folder.files(run.id, self.hand.name)
        files.remove()
        move(self.files, files)
        self.files = files
        self.begin(run, taken)

    def go_on(self, folder: StateFolder, run: Run, stored: str) -> None:
        """It is in the run already, under the name `stored`. Raises OutputError."""
        draft, self.files = self.files, folder.files(run.id, stored)
        state = run.steps[stored]
        if not whole(self.files, state):  # the same rows in the same order, or this would be another run
            move_rows(draft, self.files)
            state.size, state.checksum = self.size, self.checksum
        if state.kept and not self.files.kept.exists():
            self.leave_out(folder, TakenOver(state.kept))
        if self.hand.once:
            add_elsewhere(self.files, self.found.messages, draft.kept, self.files.kept)
            if (state.once, state.keys) != (self.hand.once, self.hand.keys):
                move_keys(draft, self.files)
                state.once, state.keys = self.hand.once, self.hand.keys
        state.state, state.made = "open", self.hand.made

    def look_on(self, folder: StateFolder, run: str, stored: str) -> None:
        """As `go_on`, for who only looks: what the run has is left as it is. Raises OutputError."""
        draft, self.files = self.files, folder.files(run, stored)
        if self.hand.once:
            self.kept = draft.folder / f"{draft.step}.elsewhere"
            add_elsewhere(self.files, self.found.messages, draft.kept, self.kept)

    def known(self) -> Known:
        """What is known of its rows; the caller closes `kept`. Raises OutputError."""
        kept = self.kept if self.kept is not None and self.kept.exists() else self.files.kept
        return restore(self.files.journals(), self.found.messages, kept)

    def shelf(self) -> Shelf:
        """Its books. Raises OutputError."""
        return Shelf(self.files, self.found, self.hand.opened, self.note)

    def left(self) -> int:
        """To how many recipients it would be sent now. Raises OutputError."""
        return open_recipients(self.found, self._known_now().totals, self.hand.opened)

    def _known_now(self) -> Known:
        known = self.known()
        if known.kept is not None:
            known.kept.close()
        return known

    @property
    def warnings(self) -> list[Problem]:
        """What preflight has to say, and what becomes of an earlier run."""
        noted = [Problem(f"{self.hand.label} {self.note}", self.step.place, severity="warning")] if self.note else []
        return [*self.found.warnings, *noted]


def open_recipients(found: Found, totals: Mapping[str, int], opened: str) -> int:
    """How many of a batch may still be sent to, by the letters of what is known of them."""
    closed = sum(count for letter, count in totals.items() if letter not in opened + "s")
    return max(found.recipients - closed, 0)
