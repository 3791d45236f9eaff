"""The kinds of data sources. Adding one: one file here, one line in this table."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any, NamedTuple

from mailjobs.model import Kind, Source
from mailjobs.rows.records import Bad, refuse
from mailjobs.rows.row import Row


class Reader(NamedTuple):
    """The module that reads a kind, and whether the names of its columns are known before its rows."""

    module: str
    has_columns: bool


SOURCES: dict[Kind, Reader] = {
    "csv": Reader("csv_source", True),
    "jsonl": Reader("jsonl_source", False),
    "json": Reader("json_source", False),
    "yaml": Reader("yaml_source", False),
    "sqlite": Reader("sqlite_source", True),
    "command": Reader("command_source", False),
}


def open_rows(source: Source, bad: Bad = refuse) -> Iterator[Row]:
    """The rows of `source`, one at a time. Raises FileError, EncodingError, DataError; SetupError.

    `bad` is told of each row that cannot be read behind which reading can go on; by default it raises that.
    """
    read: Callable[[Source, Bad], Iterator[Row]] = _module(source).rows
    return read(source, bad)


def columns(source: Source) -> tuple[str, ...] | None:
    """The names of its columns; None where each row has its own. Raises as `open_rows` does."""
    if not SOURCES[source.kind].has_columns:
        return None
    read: Callable[[Source], tuple[str, ...] | None] = _module(source).columns
    return read(source)


def _module(source: Source) -> Any:
    """Imported when it is used: a job has one kind, or none."""
    return import_module(f"mailjobs.rows.{SOURCES[source.kind].module}")
