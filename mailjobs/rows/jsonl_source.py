"""Rows of a JSON Lines file: an object on each line; lines of white space are none."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from decimal import Decimal
from functools import partial
from typing import Any

from mailjobs.model import Source
from mailjobs.rows.charset import MAX_LINE, LineTooLong, Undecodable, text_lines
from mailjobs.rows.files import codec_of, opened, undecodable
from mailjobs.rows.records import Bad, attempt, record, refuse, wrong
from mailjobs.rows.row import Row


def rows(source: Source, bad: Bad = refuse) -> Iterator[Row]:
    """The rows. A number with a point keeps its digits (`1.10`). Raises FileError, EncodingError, DataError."""
    codec = codec_of(source)
    number = line = 0
    with opened(source) as file:
        try:
            for line, text in enumerate(text_lines(file, codec), 1):
                if text.strip():
                    number += 1
                    row = attempt(partial(_row, source, number, line, text), bad)
                    if row is not None:
                        yield row
        except Undecodable as error:
            raise undecodable(source, codec, error, f"row {number + 1}", line + 1) from None
        except LineTooLong:
            raise wrong(source, f"row {number + 1}", f"it is longer than {MAX_LINE:,} characters", line + 1) from None


def _row(source: Source, number: int, line: int, text: str) -> Row:
    return record(source, number, _parsed(source, number, line, text), line)


def _parsed(source: Source, number: int, line: int, text: str) -> Any:
    try:
        return json.loads(text, parse_float=Decimal, parse_constant=_refuse, object_pairs_hook=distinct)
    except RecursionError:
        raise wrong(source, f"row {number}", "it is nested too deeply", line) from None
    except json.JSONDecodeError as error:
        raise wrong(source, f"row {number}", f"not valid JSON: {error.msg} (column {error.colno})", line) from None
    except ValueError as error:
        raise wrong(source, f"row {number}", f"not valid JSON: {error}", line) from None


def _refuse(word: str) -> None:
    raise ValueError(f"{word} is no number")


def distinct(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """An object; raises ValueError where a name stands in it twice."""
    made = dict(pairs)
    if len(made) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"the name {next(name for name in names if names.count(name) > 1)!r} stands in it twice")
    return made
