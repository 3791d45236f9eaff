"""Rows of a JSON file: a list of objects, or one that lies within (`items: report.customers`)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any, BinaryIO

from mailjobs.errors import SetupError
from mailjobs.model import Source
from mailjobs.rows.files import opened
from mailjobs.rows.records import Bad, attempt, record, refuse, wrong
from mailjobs.rows.row import Row


def rows(source: Source, bad: Bad = refuse) -> Iterator[Row]:
    """The rows. A number with a point keeps its digits. Raises FileError, DataError; SetupError without ijson."""
    ijson = _ijson()
    number = 0
    with opened(source) as file:
        try:
            for number, values in enumerate(ijson.items(file, f"{source.items}.item".lstrip(".")), 1):
                row = attempt(partial(record, source, number, values), bad)
                if row is not None:
                    yield row
            if not number:
                _require_list(source, ijson, file)
        except (ijson.JSONError, UnicodeDecodeError) as error:
            words = str(error).splitlines()[0].strip()
            raise wrong(source, f"row {number + 1}", f"not valid JSON: {words}") from None


def _ijson() -> Any:
    try:
        import ijson
    except ImportError as cause:
        raise SetupError("reading JSON in a stream needs ijson", hint="pip install 'mailjobs[data]'") from cause
    return ijson


def _require_list(source: Source, ijson: Any, file: BinaryIO) -> None:
    """No row came: there has to be an empty list, not another value or none."""
    file.seek(0)
    if not any(event == "start_array" and path == source.items for path, event, _ in ijson.parse(file)):
        where = f"'{source.items}'" if source.items else "the whole of it"
        raise wrong(source, where, "a list of objects is expected there")
