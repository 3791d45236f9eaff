"""Rows of a CSV file (RFC 4180, with the delimiters and charsets that spreadsheets write)."""

from __future__ import annotations

import csv
import difflib
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from mailjobs.errors import DataError, EncodingError, JobError, Place
from mailjobs.model.job import Source
from mailjobs.rows.charset import MAX_LINE, LineTooLong, Undecodable, text_lines
from mailjobs.rows.delimiter import read_ahead, sniff
from mailjobs.rows.files import codec_of, opened, undecodable
from mailjobs.rows.records import Bad, refuse
from mailjobs.rows.row import Row, hash_key

LARGEST_FIELD = 16 * 1024 * 1024


def columns(source: Source) -> tuple[str, ...]:
    """The trimmed names in the header line. Raises as `open_rows` does."""
    with _opened(source) as table:
        return table.columns


def rows(source: Source, bad: Bad = refuse) -> Iterator[Row]:
    """The rows. Raises as `open_rows` does."""
    with _opened(source) as table:
        yield from table.rows(bad)


@contextmanager
def _opened(source: Source) -> Iterator[_Table]:
    codec = codec_of(source)
    with opened(source) as file:
        yield _Table(source, codec, text_lines(file, codec))


class _Table:
    """A CSV file that is open. Its header is read when it is made; its rows come next."""

    def __init__(self, source: Source, codec: str, lines: Iterator[str]) -> None:
        self._source = source
        self._codec = codec
        self._number = 0
        self._line = 1
        first, lines = read_ahead(lines)
        self._records = self._read(lines, self._delimiter(first))
        self.columns = self._header(next(self._records, []))

    def rows(self, bad: Bad) -> Iterator[Row]:
        """The rows below the header; blank lines are none."""
        columns, key = self.columns, self._source.key
        for cells in self._records:
            if len(cells) == len(columns):
                values = dict(zip(columns, cells, strict=True))
                known = hash_key(values) if key is None else values[key]
                if known:
                    yield Row(self._number, known, values, self._line)
                else:
                    bad(self._error(f"the key column '{key}' is empty"))
            else:
                bad(self._error(f"{len(cells)} cells, where the header has {len(columns)}"))
            self._number += 1

    def _read(self, lines: Iterator[str], delimiter: str) -> Iterator[list[str]]:
        """Records that are not blank. While one is used, `_line` is where it begins and `_number` what it counts."""
        csv.field_size_limit(LARGEST_FIELD)
        reader = csv.reader(_without_nul(lines), delimiter=delimiter, quotechar=self._source.quote, strict=True)
        while True:
            self._line = reader.line_num + 1
            try:
                cells = next(reader, None)
            except Undecodable as error:
                raise self._undecodable(error, reader.line_num + 1) from None
            except LineTooLong:
                raise self._error(f"a line is longer than {MAX_LINE:,} characters") from None
            except _NulByte:
                raise self._error("there is a NUL byte", "is this text? `encoding: utf-16` is another guess") from None
            except csv.Error as error:
                raise self._error(f"this is not CSV: {error}", "a quote may be open, or not doubled") from None
            if cells is None:
                return
            if cells:
                yield cells

    def _delimiter(self, first: Sequence[str]) -> str:
        given = self._source.delimiter
        if given is None:
            return sniff(first, self._source.quote)
        if len(given) != 1 or given in f"\r\n\0{self._source.quote}":
            raise JobError(f"the delimiter {given!r} is not one character", place=self._source.place)
        return given

    def _header(self, cells: Sequence[str]) -> tuple[str, ...]:
        """The names of the columns, checked; rows count from here."""
        columns = tuple([cell.strip() for cell in cells])
        if not columns:
            raise self._error("the file is empty: a header line is expected")
        if "" in columns:
            raise self._error(f"column {columns.index('') + 1} has no name")
        doubled = [name for name, count in Counter(columns).items() if count > 1]
        if doubled:
            raise self._error(f"there are several columns '{doubled[0]}'")
        key = self._source.key
        if key is not None and key not in columns:
            words = f"{self._source.shown} has no key column '{key}' (columns: {', '.join(columns)})"
            raise DataError(words, place=self._source.place, hint=_near(key, columns))
        self._number = 1
        return columns

    def _error(self, words: str, hint: str | None = None) -> DataError:
        return DataError(f"{self._where()}: {words}", place=self._place(self._line), hint=hint)

    def _undecodable(self, error: Undecodable, line: int) -> EncodingError:
        return undecodable(self._source, self._codec, error, self._where(), line)

    def _where(self) -> str:
        return f"row {self._number}" if self._number else "header"

    def _place(self, line: int) -> Place:
        return Place(self._source.shown, line, 1, self._source.path_in_job)


class _NulByte(ValueError):
    """A NUL, which no text has."""


def _without_nul(lines: Iterator[str]) -> Iterator[str]:
    for line in lines:
        if "\0" in line:
            raise _NulByte
        yield line


def _near(key: str, columns: Sequence[str]) -> str | None:
    near = difflib.get_close_matches(key, columns, n=1)
    return f"did you mean '{near[0]}'?" if near else None
