"""The keys of `--only`: each must be that of a row, in one batch at least."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from mailjobs.errors import DataError

REMEMBERED = 10_000  # keys among which the nearest to a wrong one is looked for


class Sought:
    """Keys that are looked for in all batches of a run."""

    def __init__(self, keys: Sequence[str]) -> None:
        self.keys = frozenset(keys)
        self.missing = set(keys)
        self._known: list[str] = []
        self._sources: dict[str, None] = {}

    def meet(self, key: str) -> bool:
        """Whether the row with this key is meant."""
        if key in self.keys:
            self.missing.discard(key)
            return True
        if len(self._known) < REMEMBERED:
            self._known.append(key)
        return False

    def looked_through(self, source: str) -> None:
        """These are all rows of the data of that name."""
        self._sources[source] = None

    def check(self) -> None:
        """When all batches were looked through. Raises DataError for a key that no row has."""
        if self.missing and self._sources:
            key = min(self.missing)
            near = difflib.get_close_matches(key, self._known, 1)
            hint = f"did you mean '{near[0]}'?" if near else None
            raise DataError(f"--only: no row of {' or '.join(self._sources)} has the key '{key}'", hint=hint)
