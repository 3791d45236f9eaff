"""The same address in the To of two rows, and what a batch wants of it: `duplicates`."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType

from mailjobs.errors import Problem
from mailjobs.message import Recipient
from mailjobs.model import Send
from mailjobs.prepare.told import Told, where_of
from mailjobs.rows import Row
from mailjobs.rows.keys import Keys

OTHERS = "more rows with an address that stands in another"


class Repeats:
    """Those of one batch. `count` is of addresses that an earlier row has."""

    def __init__(self, action: Send) -> None:
        self._place = action.place
        self._wanted = action.duplicates
        self._looks = action.preflight != "off" or action.duplicates != "warn"
        self._addresses = Keys()
        self._told = Told(OTHERS, "error" if action.duplicates == "error" else "warning")
        self.count = 0

    def of(self, row: Row, people: Sequence[Recipient]) -> tuple[str, ...] | None:
        """Whom the row goes without. None where it is not sent, since that leaves nobody of its To."""
        if not self._looks:
            return ()
        found: list[str] = []
        kept = False
        for person in people:
            if person.kind == "to":
                first = self._addresses.add(person.address.lower(), row.number)
                if first is None:
                    kept = True
                else:
                    found.append(person.address)
                    self._tell(row, person.address, first)
        if not found or self._wanted != "skip":
            return ()
        return tuple(found) if kept else None

    def _tell(self, row: Row, address: str, first: int) -> None:
        self.count += 1
        words = f"{where_of(row)}: {address} is in {'it twice' if first == row.number else f'row {first} too'}"
        if self._wanted == "error":
            self._told.add([Problem(words, self._place, hint="`duplicates` says what that means")])
        else:
            gets = "one message" if self._wanted == "skip" else "both messages"
            self._told.add([Problem(f"{words}, and gets {gets}", self._place)])

    @property
    def refused(self) -> list[Problem]:
        """What keeps the batch from being sent."""
        return self._told.problems() if self._wanted == "error" else []

    @property
    def warnings(self) -> list[Problem]:
        """What does not."""
        return [] if self._wanted == "error" else self._told.problems()

    def __enter__(self) -> Repeats:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._addresses.__exit__(kind, error, trace)
