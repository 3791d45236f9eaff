"""Rows written as CSV with columns of ours: the original columns first, so that the file can be data again."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, Protocol

from mailjobs.rows.json_text import json_text
from mailjobs.rows.row import Row

OURS: Final = ("mailjobs_step", "mailjobs_key", "mailjobs_address", "mailjobs_state", "mailjobs_reply")


class Writable(Protocol):
    """What takes text."""

    def write(self, text: str, /) -> object:
        """Take it."""


class CsvRows:
    """Writes lines of CSV to `out`; `columns` are the original ones, `ours` are put behind."""

    def __init__(self, out: Writable, columns: Sequence[str], ours: Sequence[str]) -> None:
        self._columns = columns
        self._writer = csv.writer(out)
        self._writer.writerow([*columns, *ours])

    def write(self, values: Mapping[str, Any], ours: Sequence[str]) -> None:
        """A row; a column that it lacks is empty."""
        self._writer.writerow([*[_cell(values.get(column)) for column in self._columns], *ours])


def columns_of(rows: Iterable[Row]) -> tuple[str, ...]:
    """The columns of any of the rows, in the order of first rows, without those that an earlier file got of us."""
    found: dict[str, None] = {}
    for row in rows:
        if not row.values.keys() <= found.keys():
            found.update(dict.fromkeys(row.values))
    return tuple([column for column in found if column not in OURS])


def original(values: Mapping[str, Any]) -> dict[str, Any]:
    """What a row has without the columns that an earlier file got of us."""
    return {column: value for column, value in values.items() if column not in OURS}


def _cell(value: Any) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    return json_text(value) if isinstance(value, dict | list) else str(value)
