"""Rows of a query to an SQLite database, which is opened for reading alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from typing import Any
from urllib.parse import quote

from mailjobs.errors import FileError
from mailjobs.model import Source
from mailjobs.rows.records import Bad, attempt, record, refuse, wrong
from mailjobs.rows.row import Row


def columns(source: Source) -> tuple[str, ...]:
    """The names of the query's columns. Raises as `rows` does."""
    with _asked(source) as cursor:
        return _names(source, cursor)


def rows(source: Source, bad: Bad = refuse) -> Iterator[Row]:
    """The rows in the order of the query. Raises FileError, DataError."""
    import sqlite3

    number = 0
    with _asked(source) as cursor:
        names = _names(source, cursor)
        try:
            for number, cells in enumerate(cursor, 1):
                row = attempt(partial(_row, source, number, names, cells), bad)
                if row is not None:
                    yield row
        except sqlite3.Error as error:
            raise wrong(source, f"row {number + 1}", str(error)) from None


def _row(source: Source, number: int, names: tuple[str, ...], cells: tuple[Any, ...]) -> Row:
    values = dict(zip(names, cells, strict=True))
    binary = [name for name, cell in values.items() if isinstance(cell, bytes)]
    if binary:
        raise wrong(source, f"row {number}", f"the column '{binary[0]}' holds a BLOB, which is no text")
    return record(source, number, values)


@contextmanager
def _asked(source: Source) -> Iterator[Any]:
    import sqlite3

    if not source.path.is_file():
        raise FileError(f"there is no database {source.shown}", place=source.place)
    where = f"file:{quote(str(source.path))}?mode=ro"
    try:
        with closing(sqlite3.connect(where, uri=True)) as connection:
            connection.execute("PRAGMA query_only = ON")
            yield connection.execute(source.query)
    except (sqlite3.Error, sqlite3.Warning) as error:
        raise wrong(source, "the query", str(error), hint="one SELECT is expected") from None


def _names(source: Source, cursor: Any) -> tuple[str, ...]:
    names = tuple([column[0] for column in cursor.description or ()])
    doubled = [name for name, count in Counter(names).items() if count > 1]
    if not names:
        raise wrong(source, "the query", "it gives no columns", hint="one SELECT is expected")
    if doubled:
        raise wrong(source, "the query", f"there are several columns '{doubled[0]}'", hint="name them with AS")
    if source.key is not None and source.key not in names:
        raise wrong(source, "the query", f"it has no key column '{source.key}' (columns: {', '.join(names)})")
    return names
