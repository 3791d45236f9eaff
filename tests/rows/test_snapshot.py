"""Rows on disk: what comes back is what went in, from anywhere, by any thread."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailjobs.errors import OutputError
from mailjobs.rows import Row
from mailjobs.rows import snapshot as module
from mailjobs.rows.snapshot import Snapshot, SnapshotWriter

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXTS | st.binary() | st.dates()
    | st.decimals(allow_nan=False) | st.datetimes(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)  # fmt: skip
ROWS = st.lists(st.dictionaries(TEXTS, VALUES, max_size=3), max_size=8)


def written(path: Path, rows: Sequence[Row]) -> str:
    with SnapshotWriter(path) as writer:
        for row in rows:
            writer.append(row)
    return writer.digest


def numbered(count: int, width: int = 0) -> list[Row]:
    return [Row(n + 1, f"k{n}", {"n": str(n), "text": "x" * width}, n + 2) for n in range(count)]


@given(ROWS)
def test_rows_come_back_as_they_were(tmp_path_factory: pytest.TempPathFactory, values) -> None:
    path = tmp_path_factory.mktemp("snapshot") / "rows"
    rows = [Row(n + 1, f"k{n}", one, n) for n, one in enumerate(values)]
    written(path, rows)
    snapshot = Snapshot(path)
    assert list(snapshot.rows()) == rows
    assert [type(value) for row in snapshot.rows() for value in row.values.values()] == [
        type(value) for row in rows for value in row.values.values()
    ]
    snapshot.close()


@given(ROWS)
def test_a_line_is_what_json_makes_of_a_row(values) -> None:
    encode = json.JSONEncoder(separators=(",", ":"), default=module._tagged).encode
    assert [module._ENCODE(row) for row in values] == [encode(row) for row in values]


def test_rows_go_without_whom_they_went_without(tmp_path: Path) -> None:
    rows = [Row(1, "k", {"a": "b"}, 2), Row(2, "l", {}, 3, ("ä@x.test", "b@x.test"))]
    assert written(tmp_path / "a", rows) != written(tmp_path / "b", [rows[0], Row(2, "l", {}, 3)])
    snapshot = Snapshot(tmp_path / "a")
    assert list(snapshot.rows()) == rows
    assert (tmp_path / "a").read_text().splitlines()[0] == '[1,2,"k",{"a":"b"}]'
    snapshot.close()


@pytest.mark.parametrize("width", [0, 100, 70_000, 300_000])
def test_any_row_can_be_read_by_its_position(tmp_path: Path, width: int) -> None:
    rows = numbered(9, width)
    written(tmp_path / "rows", rows)
    snapshot = Snapshot(tmp_path / "rows")
    assert len(snapshot) == 9
    assert [snapshot.row(position) for position in (8, 0, 4)] == [rows[8], rows[0], rows[4]]
    assert list(snapshot.rows(3, 5)) == rows[3:6]
    assert list(snapshot.rows(5, 4)) == []


def test_a_column_may_be_called_anything(tmp_path: Path) -> None:
    rows = [Row(1, "k", {"bytes": "x"}, 1), Row(2, "l", {"date": date(2026, 1, 2), "at": datetime.now(UTC)}, 2)]
    written(tmp_path / "rows", rows)
    assert list(Snapshot(tmp_path / "rows").rows()) == rows


def test_equal_rows_have_equal_digests_and_others_do_not(tmp_path: Path) -> None:
    first, again = written(tmp_path / "a", numbered(5)), written(tmp_path / "b", numbered(5))
    other = written(tmp_path / "c", [*numbered(4), Row(5, "k4", {"n": Decimal(4), "text": ""}, 6)])
    assert first == again != other


def test_only_the_owner_may_read_it(tmp_path: Path) -> None:
    written(tmp_path / "rows", numbered(1))
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}


def test_a_folder_that_is_missing_is_told(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot write"):
        SnapshotWriter(tmp_path / "nowhere" / "rows")


def test_a_full_disk_is_told(tmp_path: Path) -> None:
    (tmp_path / "rows").symlink_to("/dev/full")
    with pytest.raises(OutputError, match="No space"), SnapshotWriter(tmp_path / "rows") as writer:
        writer.append(numbered(1)[0])
