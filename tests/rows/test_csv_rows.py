"""Rows written as CSV and JSON: they can be data again, again and again."""

from __future__ import annotations

import io
import json
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailjobs.errors import Place
from mailjobs.model import Source
from mailjobs.rows import Row, open_rows
from mailjobs.rows.csv_rows import OURS, CsvRows, columns_of, original
from mailjobs.rows.json_text import json_text

NUMBERS = st.decimals(allow_nan=False, allow_infinity=False) | st.integers()
VALUES = st.recursive(
    st.none() | st.booleans() | st.text() | NUMBERS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


def written(values: list[dict[str, object]]) -> str:
    rows = [Row(number, f"k{number}", one, 0) for number, one in enumerate(values)]
    out = io.StringIO()
    writer = CsvRows(out, columns_of(rows), OURS)
    for row in rows:
        writer.write(row.values, ("s", row.key, "a@x", "rejected", "550 no"))
    return out.getvalue()


def read(path: Path, text: str) -> list[dict[str, str]]:
    path.write_text(text, "utf-8", newline="")
    return [dict(row.values) for row in open_rows(Source("d", path, Place("job.yaml")))]


def test_what_was_written_is_data_again(tmp_path: Path) -> None:
    values = [{"n": "1", "text": 'a "b", c\r\nd'}, {"n": "2", "text": " ü "}]
    for _ in range(3):  # each time from the file of the time before
        text = written(values)
        values = read(tmp_path / "d.csv", text)
        assert list(values[0]) == ["n", "text", *OURS]
    assert [original(row) for row in values] == [{"n": "1", "text": 'a "b", c\r\nd'}, {"n": "2", "text": " ü "}]


def test_rows_with_columns_of_their_own() -> None:
    text = written([{"a": 1}, {"b": [Decimal("1.10"), None, "ü"], "a": Decimal("2.50")}, {}, {"c": date(2026, 1, 2)}])
    assert [line.partition(",s,")[0] for line in text.splitlines()] == [
        "a,b,c,mailjobs_step,mailjobs_key,mailjobs_address,mailjobs_state,mailjobs_reply",
        "1,,",
        '2.50,"[1.10, null, ""ü""]",',
        ",,",
        ",,2026-01-02",
    ]


@given(VALUES)
def test_json_means_what_the_row_had(value: object) -> None:
    assert json.loads(json_text(value), parse_float=Decimal) == value


@pytest.mark.parametrize("number", ["1.10", "-0.0", "1E+5", "12345678901234567890.123456789"])
def test_a_number_keeps_its_digits(number: str) -> None:
    assert json_text({"n": [Decimal(number)]}) == f'{{"n": [{number}]}}'


def test_what_json_lacks_is_text() -> None:
    assert json_text([date(2026, 1, 2), Decimal("NaN")]) == '["2026-01-02", "NaN"]'
