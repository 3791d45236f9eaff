"""How the rows of a batch differ from those of an earlier one: matched by key, in a table on disk."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from hashlib import blake2b
from typing import Any, Final

from mailjobs.frozen import frozen
from mailjobs.rows.row import Row, hash_key
from mailjobs.rows.snapshot import Snapshot

SHOWN: Final = 20  # rows of each kind that are told one by one
LONGEST: Final = 60  # characters of a value that are told
TABLE = """
PRAGMA journal_mode = OFF;
PRAGMA cache_size = -8192;
CREATE TABLE earlier (key INTEGER PRIMARY KEY, position INTEGER, digest BLOB);
BEGIN;
"""


@frozen
class ColumnChange:
    """What a column had and has, as text that is cut where it is long; None where the row has no such column."""

    name: str
    before: str | None
    now: str | None


@frozen
class RowChange:
    """A row that is known by its key, with other values."""

    key: str
    columns: tuple[ColumnChange, ...]


@frozen
class RowChanges:
    """How many rows are new, gone, changed and the same; the first of each kind, in the order of the rows.

    A row without a key of its own is called by its values.
    """

    added: int
    removed: int
    changed: int
    same: int
    first_added: tuple[str, ...] = ()
    first_removed: tuple[str, ...] = ()
    first_changed: tuple[RowChange, ...] = ()


def row_changes(before: Snapshot, now: Snapshot) -> RowChanges:
    """Compare two snapshots whose keys are each of one row. In memory there is a byte for each row of `before`."""
    # a file without a name, in the folder for temporary files
    table = sqlite3.connect("", isolation_level=None)
    try:
        table.executescript(TABLE)
        table.executemany("INSERT OR IGNORE INTO earlier VALUES (?, ?, ?)", _marks(before))
        return _compared(before, now, table)
    finally:
        table.close()


def _marks(rows: Snapshot) -> Iterator[tuple[int, int, bytes]]:
    for position, row in enumerate(rows.rows()):
        yield _hash(row.key), position, _digest(row.values)


def _compared(before: Snapshot, now: Snapshot, table: sqlite3.Connection) -> RowChanges:
    found = bytearray(len(before))
    added: list[str] = []
    changed: list[RowChange] = []
    counts = {"added": 0, "changed": 0, "same": 0}
    for row in now.rows():
        known = table.execute("SELECT position, digest FROM earlier WHERE key = ?", (_hash(row.key),)).fetchone()
        if known is None:
            counts["added"] += 1
            added += [_name(row)] if len(added) < SHOWN else []
            continue
        position, digest = known
        found[position] = 1
        columns = () if digest == _digest(row.values) else _columns(before.row(position), row)
        counts["changed" if columns else "same"] += 1
        if columns and len(changed) < SHOWN:
            changed.append(RowChange(row.key, columns))
    gone = tuple(_name(before.row(position)) for position in _places(found))
    return RowChanges(
        removed=found.count(0), **counts,
        first_added=tuple(added), first_removed=gone, first_changed=tuple(changed),
    )  # fmt: skip


def _places(found: bytearray) -> Iterator[int]:
    """The first positions that nobody has found."""
    position = -1
    for _ in range(SHOWN):
        position = found.find(0, position + 1)
        if position < 0:
            return
        yield position


def _name(row: Row) -> str:
    if row.key != hash_key(row.values):
        return row.key
    return _cut(", ".join(_text(value) for value in row.values.values()))


def _columns(before: Row, now: Row) -> tuple[ColumnChange, ...]:
    names = dict.fromkeys([*before.values, *now.values])
    return tuple(
        ColumnChange(name, _shown(before.values, name), _shown(now.values, name))
        for name in names
        if name not in before.values or name not in now.values or before.values[name] != now.values[name]
    )


def _shown(values: Mapping[str, Any], name: str) -> str | None:
    if name not in values:
        return None
    return _cut(_text(values[name]))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def _hash(key: str) -> int:
    """Eight octets, which is what SQLite finds most quickly."""
    return int.from_bytes(blake2b(key.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big", signed=True)


def _digest(values: Mapping[str, Any]) -> bytes:
    told = json.dumps(values, ensure_ascii=True, separators=(",", ":"), default=repr)
    return blake2b(told.encode(), digest_size=12).digest()
