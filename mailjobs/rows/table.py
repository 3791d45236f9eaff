"""The kinds of data sources. Adding one: one file here, one line in this table."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from mailjobs.model import CsvSource
from mailjobs.rows import csv_source
from mailjobs.rows.row import Row

SOURCES: dict[type[CsvSource], tuple[Callable[[CsvSource], Iterator[Row]], Callable[[CsvSource], tuple[str, ...]]]] = {
    CsvSource: (csv_source.rows, csv_source.columns),
}


def open_rows(source: CsvSource) -> Iterator[Row]:
    """The rows of `source`, one at a time. Raises FileError, EncodingError, DataError."""
    return SOURCES[type(source)][0](source)


def columns(source: CsvSource) -> tuple[str, ...]:
    """The names of its columns. Raises FileError, EncodingError, DataError."""
    return SOURCES[type(source)][1](source)
