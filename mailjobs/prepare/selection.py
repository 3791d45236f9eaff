"""Which rows of a batch are meant: `--only`, then `where`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mailjobs.model import Job, Send
from mailjobs.prepare.sought import Sought
from mailjobs.rows import Row, open_rows
from mailjobs.templates import Templates

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

    def rows(self, scope: Scope) -> Iterator[Row]:
        """Raises DataError for a condition that fails; and as `open_rows`."""
        self._rest = open_rows(self._source)
        for row in self._rest:
            self.read += 1
            if self._sought.keys and not self._sought.meet(row.key):
                continue
            if self._where is None or self._where({**scope, "row": row.values}):
                self.selected += 1
                yield row

    def finish(self) -> None:
        """Where enough rows were found before the end, look for keys that are missing yet in the others."""
        for row in self._rest:
            if not self._sought.missing:
                break
            self._sought.meet(row.key)
        self._sought.looked_through(self._source.name)
