"""How the rows of a batch differ from those of an earlier one."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailjobs.rows import Row
from mailjobs.rows.changes import LONGEST, SHOWN, ColumnChange, RowChange, RowChanges, row_changes
from mailjobs.rows.row import hash_key
from mailjobs.rows.snapshot import Snapshot, SnapshotWriter

Rows = Sequence[tuple[str, dict[str, Any]]]


def snapshot(path: Path, rows: Rows) -> Snapshot:
    with SnapshotWriter(path) as writer:
        for number, (key, values) in enumerate(rows, 1):
            writer.append(Row(number, key, values, number + 1))
    return Snapshot(path)


def compared(folder: Path, before: Rows, now: Rows) -> RowChanges:
    earlier, present = snapshot(folder / "before", before), snapshot(folder / "now", now)
    try:
        return row_changes(earlier, present)
    finally:
        earlier.close()
        present.close()


def test_each_kind_is_counted_and_named(tmp_path: Path) -> None:
    before = [("1", {"to": "a@x", "n": "1"}), ("2", {"to": "b@x", "n": "2"}), ("3", {"to": "c@x", "n": "3"})]
    now = [("3", {"to": "c@x", "n": "4"}), ("4", {"to": "d@x", "n": "4"}), ("1", {"to": "a@x", "n": "1"})]
    assert compared(tmp_path, before, now) == RowChanges(
        1, 1, 1, 1, ("4",), ("2",), (RowChange("3", (ColumnChange("n", "3", "4"),)),)
    )


def test_another_order_of_rows_and_columns_is_no_change(tmp_path: Path) -> None:
    before = [("1", {"a": "x", "b": "y"}), ("2", {"a": "z", "b": "y"})]
    now = [("2", {"b": "y", "a": "z"}), ("1", {"b": "y", "a": "x"})]
    assert compared(tmp_path, before, now) == RowChanges(0, 0, 0, 2)


def test_columns_that_come_and_go_and_values_of_another_type(tmp_path: Path) -> None:
    changes = compared(
        tmp_path,
        [("1", {"old": "x", "n": 1, "d": Decimal("1.50"), "none": None})],
        [("1", {"new": "", "n": "1", "d": Decimal("1.50"), "none": "None"})],
    )
    (row,) = changes.first_changed
    assert row.columns == (
        ColumnChange("old", "x", None),
        ColumnChange("n", "1", "1"),
        ColumnChange("none", "null", "None"),
        ColumnChange("new", None, ""),
    )


def test_the_first_twenty_are_named_and_all_are_counted(tmp_path: Path) -> None:
    old = [(f"o{n}", {"v": "1"}) for n in range(30)]
    both = [(f"b{n}", {"v": "1"}) for n in range(30)]
    changed = [(key, {"v": "2"}) for key, _ in both]
    new = [(f"n{n}", {"v": "1"}) for n in range(30)]
    found = compared(tmp_path, [*old, *both], [*changed, *new])
    assert (found.added, found.removed, found.changed, found.same) == (30, 30, 30, 0)
    assert found.first_added == tuple(f"n{n}" for n in range(SHOWN))
    assert found.first_removed == tuple(f"o{n}" for n in range(SHOWN))
    assert [row.key for row in found.first_changed] == [f"b{n}" for n in range(SHOWN)]


def test_long_values_are_cut_and_still_compared(tmp_path: Path) -> None:
    long = "x" * 1000
    found = compared(tmp_path, [("1", {"v": f"{long}1"})], [("1", {"v": f"{long}2"})])
    (column,) = found.first_changed[0].columns
    assert column == ColumnChange("v", f"{'x' * (LONGEST - 1)}…", f"{'x' * (LONGEST - 1)}…")


def test_rows_without_a_key_are_called_by_their_values(tmp_path: Path) -> None:
    before, now = {"to": "a@x", "name": "Ann"}, {"to": "a@x", "name": "Eve"}
    found = compared(tmp_path, [(hash_key(before), before)], [(hash_key(now), now)])
    assert (found.first_added, found.first_removed) == (("a@x, Eve",), ("a@x, Ann",))


@pytest.mark.parametrize("key", ["", "\udcff", "\0", "ü"])
def test_any_key_will_do(tmp_path: Path, key: str) -> None:
    assert compared(tmp_path, [(key, {"v": 1})], [(key, {"v": 1})]) == RowChanges(0, 0, 0, 1)


KEYED = st.dictionaries(st.sampled_from("abcdefgh"), st.dictionaries(st.sampled_from("xy"), st.integers(0, 2)))


@given(KEYED, KEYED)
def test_as_mappings_would_be_compared(tmp_path_factory: pytest.TempPathFactory, before, now) -> None:
    found = compared(tmp_path_factory.mktemp("rows"), list(before.items()), list(now.items()))
    both = before.keys() & now.keys()
    assert found.first_added == tuple(key for key in now if key not in before)
    assert found.first_removed == tuple(key for key in before if key not in now)
    assert found.changed == sum(before[key] != now[key] for key in both)
    assert (found.added, found.same) == (len(now) - len(both), len(both) - found.changed)
