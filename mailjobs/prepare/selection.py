"""Which rows of a batch are meant: `--only`, then `where`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from mailjobs.errors import DataError, JobError, Problem
from mailjobs.model import Job, Send
from mailjobs.prepare.sought import Sought
from mailjobs.prepare.told import in_row
from mailjobs.rows import Row, open_rows
from mailjobs.templates import Expression, Templates

Scope = Mapping[str, Any]


class Selection:
    """The rows of `action`'s data that are meant. `read` counts all that were read, `selected` those that are meant."""

    def __init__(self, job: Job, action: Send, templates: Templates, sought: Sought) -> None:
        assert action.for_each is not None, "a batch names its data"
        self._source = job.data[action.for_each]
        self._sought = sought
        self._where = templates.expression(action.where) if action.where is not None else None
        self._rest: Iterator[Row] = iter(())
        self.read = self.selected = 0

    def rows(
        self, scope: Scope, bad: Callable[[Sequence[Problem]], None], heard: Callable[[int], None]
    ) -> Iterator[Row]:
        """`bad` is told what is wrong with a row that cannot be read, or whose condition fails, and `heard` how many
        were read. Raises as `open_rows` what ends the reading.
        """

        def unreadable(error: DataError) -> None:
            self.read += 1
            bad(error.problems)

        self._rest = open_rows(self._source, unreadable)
        for row in self._rest:
            self.read += 1
            heard(self.read)
            if self._sought.keys and not self._sought.meet(row.key):
                continue
            if self._where is None or self._is_meant(self._where, row, scope, bad):
                self.selected += 1
                yield row

    def finish(self) -> None:
        """Where enough rows were found before the end, look for keys that are missing yet in the others."""
        for row in self._rest:
            if not self._sought.missing:
                break
            self._sought.meet(row.key)
        self._sought.looked_through(self._source.name)

    def _is_meant(self, where: Expression, row: Row, scope: Scope, bad: Callable[[Sequence[Problem]], None]) -> bool:
        try:
            return bool(where({**scope, "row": row.values}))
        except JobError as error:
            bad([in_row(problem, row) for problem in error.problems])
            return False
