"""Rows from JSON Lines, JSON, YAML, SQLite and programs: as they were written, one at a time; errors say where."""

from __future__ import annotations

import json
import sqlite3
import sys
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailjobs.errors import DataError, EncodingError, FileError, MailjobsError, Place, SetupError
from mailjobs.model import Source
from mailjobs.rows import columns, open_rows

JOB = Place("job.yaml", 3, 3, "data.d")
RELAXED = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=80)
NAMES = st.text("abcäö_ 1", min_size=1, max_size=5)
TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12)
VALUES: Any = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**12), 10**12) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=6,
)
ROWS = st.lists(st.dictionaries(NAMES, VALUES, max_size=4), max_size=5)


def source(folder: Path, kind: Any, content: bytes | str = b"", **settings_: Any) -> Source:
    path = folder / f"d.{kind}"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return Source("d", path, JOB, kind, **settings_)


def values(made: Source) -> list[dict[str, Any]]:
    return [dict(row.values) for row in open_rows(made)]


def refusal(made: Source) -> MailjobsError:
    with pytest.raises(MailjobsError) as caught:
        values(made)
    return caught.value


@RELAXED
@given(rows=ROWS)
def test_what_was_written_is_read(tmp_path: Path, rows: list[dict[str, Any]]) -> None:
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    assert values(source(tmp_path, "jsonl", lines)) == rows
    assert values(source(tmp_path, "json", json.dumps(rows))) == rows
    assert values(source(tmp_path, "json", json.dumps({"a": {"b": rows}, "c": [1]}), items="a.b")) == rows
    quoted = yaml.safe_dump(rows, allow_unicode=True, default_style='"', sort_keys=False, canonical=False)
    assert values(source(tmp_path, "yaml", quoted)) == rows


@RELAXED
@given(data=st.binary(max_size=60))
@pytest.mark.parametrize("kind", ["jsonl", "json", "yaml"])
def test_any_bytes_are_read_or_refused(tmp_path: Path, kind: str, data: bytes) -> None:
    with suppress(MailjobsError):
        assert all(isinstance(row, dict) for row in values(source(tmp_path, kind, data)))


def test_numbers_keep_their_digits(tmp_path: Path) -> None:
    for kind, text in (("jsonl", '{"a": 1.10, "b": 7}'), ("json", '[{"a": 1.10, "b": 7}]')):
        (row,) = values(source(tmp_path, kind, text))
        assert (str(row["a"]), row["b"]) == ("1.10", 7)
        assert isinstance(row["a"], Decimal)


def test_scalars_of_yaml_are_those_of_a_job(tmp_path: Path) -> None:
    assert values(source(tmp_path, "yaml", "- {a: no, b: 12:30, c: true, d: ~, e: 5}\n")) == [
        {"a": "no", "b": "12:30", "c": True, "d": None, "e": 5}
    ]


def test_rows_are_counted_keyed_and_placed(tmp_path: Path) -> None:
    made = source(tmp_path, "jsonl", '{"id": 7}\n\n{"id": "x"}\n', key="id")
    assert [(row.number, row.key, row.line) for row in open_rows(made)] == [(1, "7", 1), (2, "x", 3)]
    assert columns(made) is None


@pytest.mark.parametrize(
    ("kind", "content", "words", "line"),
    [
        ("jsonl", '{"a": 1}\n{"a": }\n', "row 2: not valid JSON: Expecting value (column 7)", 2),
        ("jsonl", "[1]\n", "row 1: a mapping of names to values is expected", 1),
        ("jsonl", '{"a": 1, "a": 2}\n', "the name 'a' stands in it twice", 1),
        ("jsonl", '{"a": NaN}\n', "NaN is no number", 1),
        ("jsonl", "[" * 100_000, "nested too deeply", 1),
        ("json", '[{"a": 1}, {"a"', "row 2: not valid JSON", 0),
        ("json", '{"a": 1}', "a list of objects is expected there", 0),
        ("json", "[1]", "a mapping of names to values is expected", 0),
        ("json", "", "not valid JSON", 0),
        ("yaml", "a: 1\n", "a list of mappings is expected", 1),
        ("yaml", "- a: 1\n- 5\n", "row 2: a mapping of names to values is expected", 2),
        ("yaml", "- a: 1\n- [\n", "row 2: not valid YAML", 3),
        ("yaml", "- &x {a: 1}\n- {b: *x}\n", "an alias means nothing in data", 2),
        ("yaml", "- {a: 1, a: 2}\n", "stands in it twice", 1),
        ("yaml", "- {1: 2}\n", "a key must be text", 1),
        ("yaml", "- " + "{a: " * 40 + "1" + "}" * 40, "nested too deeply", 1),
    ],
)
def test_what_is_wrong_is_told_with_its_place(tmp_path: Path, kind: str, content: str, words: str, line: int) -> None:
    error = refusal(source(tmp_path, kind, content))
    assert isinstance(error, DataError)
    assert words in error.message
    assert error.place is not None
    assert (error.place.file, error.place.line) == ((f"{tmp_path}/d.{kind}", line) if line else ("job.yaml", 3))


@pytest.mark.parametrize("row", ['{"b": 1}', '{"id": null}', '{"id": ""}', '{"id": []}', '{"id": true}'])
def test_a_key_has_to_tell_rows_apart(tmp_path: Path, row: str) -> None:
    assert "key column 'id'" in refusal(source(tmp_path, "jsonl", row, key="id")).message


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    error = refusal(source(tmp_path, "jsonl", b'{"a": 1}\n{"a": "\xff"}\n'))
    assert isinstance(error, EncodingError)
    assert "row 2: byte 16" in error.message
    assert values(source(tmp_path, "jsonl", '{"a": "ü"}'.encode("cp1252"), encoding="cp1252")) == [{"a": "ü"}]


def test_rows_are_read_as_they_are_asked_for(tmp_path: Path) -> None:
    for kind, text in (("jsonl", '{"a": 1}\n{'), ("json", '[{"a": 1}, ' + " " * 70_000 + "{"), ("yaml", "- a: 1\n- {")):
        rows = open_rows(source(tmp_path, kind, text))
        assert dict(next(rows).values) == {"a": 1}
        with pytest.raises(DataError):
            next(rows)


class TestSqlite:
    """A database, which is only read."""

    @pytest.fixture
    def shop(self, tmp_path: Path) -> Path:
        path = tmp_path / "d.sqlite"
        connection = sqlite3.connect(path)
        connection.execute("CREATE TABLE people (id INTEGER, name TEXT, photo BLOB)")
        connection.executemany("INSERT INTO people VALUES (?, ?, ?)", [(1, "Ann", b"x"), (2, None, b"y")])
        connection.commit()
        connection.close()
        return path

    def made(self, path: Path, query: str, **settings_: Any) -> Source:
        return Source("d", path, JOB, "sqlite", query=query, **settings_)

    def test_a_query_gives_rows(self, shop: Path) -> None:
        made = self.made(shop, "SELECT id, name AS who FROM people ORDER BY id", key="id")
        assert columns(made) == ("id", "who")
        assert [(row.key, dict(row.values)) for row in open_rows(made)] == [
            ("1", {"id": 1, "who": "Ann"}),
            ("2", {"id": 2, "who": None}),
        ]

    @pytest.mark.parametrize(
        ("query", "words"),
        [
            ("SELEC 1", "syntax error"),
            ("SELECT 1; SELECT 2", "one statement at a time"),
            ("SELECT * FROM nope", "no such table"),
            ("DELETE FROM people", "readonly"),
            ("CREATE TABLE x (a)", "readonly"),
            ("SELECT 1 AS a, 2 AS a", "several columns 'a'"),
            ("SELECT photo FROM people", "a BLOB"),
            ("", "gives no columns"),
        ],
    )
    def test_what_is_no_question_is_refused(self, shop: Path, query: str, words: str) -> None:
        before = shop.read_bytes()
        error = refusal(self.made(shop, query))
        assert isinstance(error, DataError)
        assert words in error.message
        assert shop.read_bytes() == before

    def test_a_missing_key_is_told(self, shop: Path) -> None:
        assert "no key column 'nope'" in refusal(self.made(shop, "SELECT id FROM people", key="nope")).message

    def test_a_database_is_never_made(self, tmp_path: Path) -> None:
        assert isinstance(refusal(self.made(tmp_path / "gone.db", "SELECT 1")), FileError)
        assert not (tmp_path / "gone.db").exists()

    def test_another_file_is_none(self, tmp_path: Path) -> None:
        (tmp_path / "d.db").write_text("hello " * 1000)
        assert "not a database" in refusal(self.made(tmp_path / "d.db", "SELECT * FROM people")).message


class TestCommand:
    """What a program prints."""

    def made(self, folder: Path, program: str, **settings_: Any) -> Source:
        return Source("d", folder, JOB, "command", words=(sys.executable, "-c", program), **settings_)

    def test_lines_of_json_or_csv(self, tmp_path: Path) -> None:
        assert values(self.made(tmp_path, "print('{\"a\": 1}')")) == [{"a": 1}]
        assert values(self.made(tmp_path, "print('a;b\\n1;2')", format="csv")) == [{"a": "1", "b": "2"}]

    def test_it_runs_once_in_the_folder_of_the_job(self, tmp_path: Path) -> None:
        program = "open('count', 'a').write('x'); print('{\"a\": 1}')"
        made = self.made(tmp_path, program)
        assert values(made) == values(made) == [{"a": 1}]
        assert (tmp_path / "count").read_text() == "x"

    def test_its_failure_says_its_last_words(self, tmp_path: Path) -> None:
        error = refusal(self.made(tmp_path, "import sys; print('{}'); sys.exit('one\\ntwo')"))
        assert isinstance(error, DataError)
        assert error.message.endswith("failed with exit status 1: two")

    def test_a_program_that_is_not_there(self, tmp_path: Path) -> None:
        made = Source("d", tmp_path, JOB, "command", words=("no-such-program-here",))
        assert isinstance(refusal(made), SetupError)

    def test_errors_name_the_program(self, tmp_path: Path) -> None:
        error = refusal(self.made(tmp_path, "print('{')"))
        assert error.place is not None
        assert error.place.file == f"what {sys.executable} prints"


def test_json_needs_its_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ijson", None)
    error = refusal(source(tmp_path, "json", "[]"))
    assert isinstance(error, SetupError)
    assert error.hint == "pip install 'mailjobs[data]'"


@pytest.mark.parametrize(
    ("kind", "content", "told"),
    [
        (
            "csv",
            "id,n\n1,a\n2\n3,c,d\n,e\n\n5,f\n",
            [
                ("row 2: 1 cells, where the header has 2", 3),
                ("row 3: 3 cells, where the header has 2", 4),
                ("row 4: the key column 'id' is empty", 5),
            ],
        ),
        (
            "jsonl",
            '{"id": 1}\n{bad\n[1]\n{"id": null}\n\n{"id": 5}\n',
            [
                ("row 2: not valid JSON: Expecting property name enclosed in double quotes (column 2)", 2),
                ("row 3: a mapping of names to values is expected", 3),
                ("row 4: the key column 'id' holds no text and no number", 4),
            ],
        ),
        (
            "yaml",
            "- {id: 1}\n- text\n- {no: 1}\n- {id: true}\n- {id: 5}\n",
            [
                ("row 2: a mapping of names to values is expected", 2),
                ("row 3: it has no key column 'id'", 3),
                ("row 4: the key column 'id' holds no text and no number", 4),
            ],
        ),
        (
            "json",
            '[{"id": 1}, 2, {"no": 1}, {"id": ""}, {"id": 5}]',
            [("row 2: a mapping", 3), ("row 3: it has no key column 'id'", 3), ("row 4: the key column", 3)],
        ),
    ],
)
def test_reading_goes_on_behind_rows_that_cannot_be_read(
    tmp_path: Path, kind: str, content: str, told: list[tuple[str, int]]
) -> None:
    bad: list[DataError] = []
    made = source(tmp_path, kind, content, key="id")
    assert [(row.number, row.key) for row in open_rows(made, bad.append)] == [(1, "1"), (5, "5")]
    assert all(words in error.message for error, (words, _) in zip(bad, told, strict=True))
    assert [error.place and error.place.line for error in bad] == [line for _, line in told]
    assert refusal(made).message == bad[0].message


def test_a_blob_in_one_row_leaves_the_others(tmp_path: Path) -> None:
    path = tmp_path / "d.sqlite"
    with sqlite3.connect(path) as base:
        base.execute("create table t (id, n)")
        base.executemany("insert into t values (?, ?)", [(1, "a"), (2, b"\0"), (3, "c")])
    base.close()
    bad: list[DataError] = []
    made = Source("d", path, JOB, "sqlite", key="id", query="select * from t order by id")
    assert [row.number for row in open_rows(made, bad.append)] == [1, 3]
    assert "row 2" in bad[0].message
