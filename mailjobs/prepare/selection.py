"""Which rows of a batch are meant: `--only`, then `where`."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from typing import Any

from mailjobs.errors import DataError
from mailjobs.model import Job, Send
from mailjobs.prepare.choice import Choice
from mailjobs.rows import Row, open_rows
from mailjobs.templates import Templates

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

    def rows(self, scope: Scope) -> Iterator[Row]:
        """Raises DataError for a condition that fails, and for a key of `--only` that no row has; as `open_rows`."""
        missing = set(self._only)
        known: list[str] = []
        for row in open_rows(self._source):
            self.read += 1
            if self._only:
                if row.key not in self._only:
                    if len(known) < REMEMBERED:
                        known.append(row.key)
                    continue
                missing.discard(row.key)
            if self._where is None or self._where({**scope, "row": row.values}):
                self.selected += 1
                yield row
        if missing:
            raise self._unknown(min(missing), known)

    def _unknown(self, key: str, known: list[str]) -> DataError:
        near = difflib.get_close_matches(key, known, 1)
        hint = f"did you mean '{near[0]}'?" if near else None
        return DataError(f"--only: no row of {self._source.name} has the key '{key}'", hint=hint)
