"""CSV files, good and bad."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailjobs.errors import DataError, EncodingError, ExitStatus, FileError, JobError, Place
from mailjobs.model import Source
from mailjobs.rows import Row, columns, open_rows
from mailjobs.rows import charset as charsets
from mailjobs.rows.charset import Undecodable, text_lines
from mailjobs.rows.delimiter import sniff

JOB = Place("job.yaml", 4, 3, "data.people")


@pytest.fixture
def source(tmp_path):
    def make(content, **settings):
        path = tmp_path / "people.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return Source("people", path, JOB, **settings)

    return make


def refused(source, kind=DataError):
    with pytest.raises(kind) as caught:
        list(open_rows(source))
    return caught.value


def values(source):
    return [row.values for row in open_rows(source)]


def test_rows_have_number_key_values_and_line(source):
    content = 'id,text\n7,"two\nlines"\n\n8,one\n'
    found = list(open_rows(source(content, key="id")))
    assert found == [Row(1, "7", {"id": "7", "text": "two\nlines"}, 2), Row(2, "8", {"id": "8", "text": "one"}, 5)]


def test_a_byte_order_mark_and_blanks_in_the_header_are_dropped(source):
    made = source("\ufeff a , b \n 1 ,2\n")
    assert columns(made) == ("a", "b")
    assert values(made) == [{"a": " 1 ", "b": "2"}]


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_every_kind_of_line_end(source, ends):
    found = list(open_rows(source(ends.join(["a,b", "1,2", "3,4"]))))
    assert [(row.values["b"], row.line) for row in found] == [("2", 2), ("4", 3)]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found_out(source, delimiter):
    content = delimiter.join("abc") + "\n" + delimiter.join(["1.5", '"x, y; z"', "3"]) + "\n"
    assert values(source(content)) == [{"a": "1.5", "b": "x, y; z", "c": "3"}]


def test_commas_in_values_do_not_make_a_delimiter():
    assert sniff(["name;amount\n", "Bob;1,5\n", "Ann;2,5\n"]) == ";"
    assert sniff(["one\n", "1\n"]) == ","


def test_a_row_that_goes_on_behind_the_sample_does_not_speak_against_a_delimiter():
    rows = ["Bob, B;1;x\n"] * 18
    assert sniff(["name, first;amount;note\n", *rows, 'Ann, A;"goes on\n']) == ";"


def test_a_given_delimiter_is_taken(source):
    assert values(source("a:b\n1:2\n", delimiter=":")) == [{"a": "1", "b": "2"}]


@pytest.mark.parametrize("delimiter", ["::", "", "\n", '"'])
def test_what_is_no_delimiter_is_the_jobs_error(source, delimiter):
    assert refused(source("a,b\n", delimiter=delimiter), JobError).place == JOB


@pytest.mark.parametrize(
    ("encoding", "codec"),
    [
        ("cp1252", "cp1252"),
        ("1252", "cp1252"),
        ("65001", "utf-8"),
        ("28591", "latin-1"),
        ("037", "cp037"),
        ("utf-16", "utf-16"),
        ("utf-16-le", "utf-16-le"),
    ],
)
def test_encodings_by_name_and_code_page(source, encoding, codec):
    assert values(source("näme,b\nBöb,2\n".encode(codec), encoding=encoding)) == [{"näme": "Böb", "b": "2"}]


@pytest.mark.parametrize("encoding", ["klingon", "99999", "rot13", "base64", "undefined", ""])
def test_an_encoding_that_does_not_exist_is_the_jobs_error(source, encoding):
    error = refused(source("a,b\n", encoding=encoding), JobError)
    assert type(error) is JobError
    assert error.place == JOB


@pytest.mark.parametrize("before", [0, 1, 30, 5000])
def test_bytes_that_are_no_text_are_told_with_row_line_and_offset(source, before):
    content = b"a,b\n" + b"1,2\n" * before
    error = refused(source(content + b"3,\xff\n4,5\n"), EncodingError)
    assert error.code == 434
    assert f"row {before + 1}: byte {len(content) + 2} of the file (0xFF)" in error.message
    assert error.place.line == before + 2


def test_rows_before_a_bad_byte_are_still_given(source):
    found = []
    with pytest.raises(EncodingError):
        for row in open_rows(source(b"a,b\n1,2\n3,4\n\xff,5\n")):
            found.append(row.number)
    assert found == [1, 2]


def test_a_bad_byte_in_the_header(source):
    error = refused(source(b"a,\xe9\n1,2\n"), EncodingError)
    assert "header: byte 2 of the file" in error.message


@pytest.mark.parametrize("portion", [1, 2, 3, 65536])
@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
def test_utf16_without_its_mark_is_told_what_it_may_be(source, monkeypatch, portion, codec):
    monkeypatch.setattr(charsets, "_CHUNK", portion)
    error = refused(source("a,b\n1,2\n".encode(codec), encoding="utf-16"), EncodingError)
    assert "header: byte 0 of the file" in error.message
    assert "utf-16-le or utf-16-be" in error.hint


def test_a_codec_that_fails_without_a_position_is_told_like_any(source):
    assert "header: byte 0 of the file" in refused(source("a,b\n1,2\n", encoding="punycode"), EncodingError).message


def test_text_that_ends_within_a_character(source):
    assert "byte 6 of the file (0xE2)" in refused(source(b"a,b\n1,\xe2\x82"), EncodingError).message


@pytest.mark.parametrize(
    ("content", "words", "line"),
    [
        ("a,b\n1,2\n3\n", "row 2: 1 cells, where the header has 2", 3),
        ("a,b\n1,2,3\n", "row 1: 3 cells, where the header has 2", 2),
        ("a,,b\n", "header: column 2 has no name", 1),
        ("a, a\n", "header: there are several columns 'a'", 1),
        ("", "header: the file is empty", 1),
        ("\n\n", "header: the file is empty", 3),
        ("a,b\n1,\0\n", "row 1: there is a NUL byte", 2),
        ('a,b\n1,2\n3,"x\n4,5\n', "row 2: this is not CSV", 3),
        ('a,b\n1,"x"y\n', "row 1: this is not CSV", 2),
    ],
)
def test_what_is_no_table_is_told_with_its_line(source, content, words, line):
    error = refused(source(content))
    assert words in error.message
    assert (error.place.file, error.place.line) == (str(source(content).path), line)


def test_a_field_without_end_is_refused(source, monkeypatch):
    monkeypatch.setattr("mailjobs.rows.csv_source.LARGEST_FIELD", 1000)
    assert "field" in refused(source("a,b\n1," + "x" * 1001 + "\n")).message


def test_a_line_without_end_is_refused(source, monkeypatch):
    monkeypatch.setattr(charsets, "MAX_LINE", 100_000)
    assert "a line is longer than" in refused(source("a,b\n" + "1," * 100_000)).message


def test_many_lines_are_not_one_line_without_end(source, monkeypatch):
    monkeypatch.setattr(charsets, "MAX_LINE", 1000)
    monkeypatch.setattr(charsets, "_CHUNK", 5)
    assert sum(1 for _ in open_rows(source("a,b\n" + "1,2\n" * 2000))) == 2000


def test_a_missing_key_column_is_told_with_the_nearest(source):
    error = refused(source("name,number\nx,1\n", key="nmae"))
    assert "columns: name, number" in error.message
    assert (error.hint, error.place) == ("did you mean 'name'?", JOB)


def test_an_empty_key_is_refused(source):
    assert "row 2: the key column 'a' is empty" in refused(source("a,b\n1,2\n,3\n", key="a")).message


def test_without_a_key_column_the_whole_row_is_the_key(source):
    (first, second) = open_rows(source("a,b\n1,2\n2,1\n"))
    (swapped,) = open_rows(source("b,a\n2,1\n"))
    assert len(first.key) == 16
    assert first.key == swapped.key
    assert first.key != second.key


@pytest.mark.parametrize("name", ["none.csv", "."])
def test_a_file_that_cannot_be_read_is_told_with_the_jobs_place(tmp_path, name):
    made = Source("people", tmp_path / name, JOB)
    for read in (columns, lambda source: list(open_rows(source))):
        with pytest.raises(FileError) as caught:
            read(made)
        assert (caught.value.exit_status, caught.value.place) == (ExitStatus.NOINPUT, JOB)


def test_rows_are_streamed(source):
    """The first row is there before the file's bad end has been looked at."""
    rows = open_rows(source(b"a,b\n" + b"1,2\n" * 50_000 + b"\xff"))
    assert next(rows).number == 1
    rows.close()


CELLS = st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)


@given(st.lists(st.tuples(CELLS, CELLS, CELLS), max_size=8), st.sampled_from(",;\t|"))
def test_what_csv_writes_is_read_again(tmp_path_factory, rows, delimiter):
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter, quoting=csv.QUOTE_ALL)
    writer.writerows([("x", "y", "z"), *rows])
    path = tmp_path_factory.mktemp("rows") / "c.csv"
    path.write_bytes(out.getvalue().encode())
    found = open_rows(Source("c", path, JOB, delimiter=delimiter))
    assert [tuple(row.values.values()) for row in found] == rows


@given(st.text(alphabet="aé\r\n€𝄞", max_size=40), st.sampled_from(["utf-8", "utf-16", "gb18030"]), st.integers(1, 5))
def test_lines_are_the_same_in_any_portions(text, codec, portion):
    whole = list(text_lines(io.BytesIO(text.encode(codec)), codec))
    original, charsets._CHUNK = charsets._CHUNK, portion
    try:
        assert list(text_lines(io.BytesIO(text.encode(codec)), codec)) == whole
    finally:
        charsets._CHUNK = original
    assert "".join(whole) == text.removeprefix("\ufeff")


@pytest.mark.parametrize("portion", range(1, 12))
def test_a_bad_byte_has_one_offset_in_any_portions(monkeypatch, portion):
    monkeypatch.setattr(charsets, "_CHUNK", portion)
    data = "aé€\nb".encode() + b"\xe2\x82x\n"
    lines = text_lines(io.BytesIO(data), "utf-8")
    assert next(lines) == "aé€\n"
    with pytest.raises(Undecodable) as caught:
        next(lines)
    assert (caught.value.offset, caught.value.byte) == (data.index(b"\xe2\x82x"), 0xE2)


@pytest.mark.parametrize("codec", ["gb18030", "shift_jis", "euc-jp", "iso2022-jp", "utf-8"])
@pytest.mark.parametrize("portion", range(1, 12))
def test_text_before_a_bad_byte_is_whole_in_any_charset(monkeypatch, codec, portion):
    monkeypatch.setattr(charsets, "_CHUNK", portion)
    good = "aあいb\n".encode(codec)
    lines = text_lines(io.BytesIO(good + b"\xff\xff"), codec)
    assert next(lines) == "aあいb\n"
    with pytest.raises(Undecodable) as caught:
        next(lines)
    assert caught.value.offset == len(good)


def test_another_quote(tmp_path):
    (tmp_path / "q.csv").write_text("a;b\n'x;y';\"z\n'it''s';2\n")
    found = [row.values for row in open_rows(Source("q", tmp_path / "q.csv", JOB, quote="'"))]
    assert found == [{"a": "x;y", "b": '"z'}, {"a": "it's", "b": "2"}]
