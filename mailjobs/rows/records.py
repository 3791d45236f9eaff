"""Rows that are mappings already: counted, and known by their key. Those that are none are told, one by one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from mailjobs.errors import DataError, Place
from mailjobs.model import Source
from mailjobs.rows.row import Row, hash_key

Bad = Callable[[DataError], None]


def refuse(error: DataError) -> None:
    """Raise it: a row that cannot be read ends the reading, unless somebody wants to hear of all of them."""
    raise error


def attempt(make: Callable[[], Row], bad: Bad) -> Row | None:
    """The row that `make` gives; None for one that cannot be read, which `bad` is told of."""
    try:
        return make()
    except DataError as error:
        bad(error)
        return None


def record(source: Source, number: int, values: Any, line: int = 0) -> Row:
    """The row of `values`. Raises DataError for what is no mapping of names, and for a key that is no text."""
    if not isinstance(values, Mapping) or not all(isinstance(name, str) for name in values):
        raise wrong(source, f"row {number}", "a mapping of names to values is expected", line)
    if source.key is None:
        return Row(number, hash_key(values), values, line)
    if source.key not in values:
        raise wrong(source, f"row {number}", f"it has no key column '{source.key}'", line)
    key = values[source.key]
    if isinstance(key, bool | Mapping | list) or key is None or not str(key):
        raise wrong(source, f"row {number}", f"the key column '{source.key}' holds no text and no number", line)
    return Row(number, str(key), values, line)


def wrong(source: Source, where: str, words: str, line: int = 0, hint: str | None = None) -> DataError:
    """What is wrong with the data of `source`."""
    place = Place(source.shown, line, 1 if line else 0, source.path_in_job) if line else source.place
    shown = where if line else f"{source.shown}: {where}"
    return DataError(f"{shown}: {words}", place=place, hint=hint)
