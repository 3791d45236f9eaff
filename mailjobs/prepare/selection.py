"""Which rows of a batch are meant: `--only`, then `where`."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from mailjobs.errors import DataError, JobError, Problem
from mailjobs.model import Job, Send
from mailjobs.prepare.choice import Choice
from mailjobs.prepare.told import in_row
from mailjobs.rows import Row, open_rows
from mailjobs.templates import Expression, Templates

Scope = Mapping[str, Any]
REMEMBERED = 10_000  # keys among which the nearest to a wrong one is looked for


class Selection:
    """The rows of `action`'s data that are meant. `read` counts all of them, `selected` those that are meant."""

    def __init__(self, job: Job, action: Send, templates: Templates, choice: Choice) -> None:
        assert action.for_each is not None, "a batch names its data"
        self._source = job.data[action.for_each]
        self._only = frozenset(choice.only)
        self._where = templates.expression(action.where) if action.where is not None else None
        self.read = self.selected = 0

    def rows(
        self, scope: Scope, bad: Callable[[Sequence[Problem]], None], heard: Callable[[int], None]
    ) -> Iterator[Row]:
        """`bad` is told what is wrong with a row that cannot be read, or whose condition fails, and `heard` how many
        were read. Raises DataError for a key of `--only` that no row has; and as `open_rows` what ends the reading.
        """
        missing = set(self._only)
        known: list[str] = []

        def unreadable(error: DataError) -> None:
            self.read += 1
            bad(error.problems)

        for row in open_rows(self._source, unreadable):
            self.read += 1
            heard(self.read)
            if self._only:
                if row.key not in self._only:
                    if len(known) < REMEMBERED:
                        known.append(row.key)
                    continue
                missing.discard(row.key)
            if self._where is None or self._is_meant(self._where, row, scope, bad):
                self.selected += 1
                yield row
        if missing:
            raise self._unknown(min(missing), known)

    def _is_meant(self, where: Expression, row: Row, scope: Scope, bad: Callable[[Sequence[Problem]], None]) -> bool:
        try:
            return bool(where({**scope, "row": row.values}))
        except JobError as error:
            bad([in_row(problem, row) for problem in error.problems])
            return False

    def _unknown(self, key: str, known: list[str]) -> DataError:
        near = difflib.get_close_matches(key, known, 1)
        hint = f"did you mean '{near[0]}'?" if near else None
        return DataError(f"--only: no row of {self._source.name} has the key '{key}'", hint=hint)
