"""Rows of a YAML file: a list of mappings, with the scalars of a job file (`no` and `12:30` are text)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import yaml

from mailjobs.model import Source
from mailjobs.rows.files import opened
from mailjobs.rows.records import Bad, attempt, record, refuse, wrong
from mailjobs.rows.row import Row

MAX_DEPTH = 32
MAX_VALUES = 100_000  # in one row
Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def rows(source: Source, bad: Bad = refuse) -> Iterator[Row]:
    """The rows, one at a time. Aliases mean nothing in data. Raises FileError, DataError."""
    number = 1
    with opened(source) as file:
        events = iter(yaml.parse(file, Loader=Loader))
        try:
            _enter_list(source, events)
            while not isinstance(event := next(events, yaml.SequenceEndEvent()), yaml.SequenceEndEvent):
                values = _Reader(source, number, events).value(event)
                row = attempt(partial(record, source, number, values, _line(event)), bad)
                if row is not None:
                    yield row
                number += 1
        except yaml.YAMLError as error:
            raise _syntax(source, error, number) from None


def _enter_list(source: Source, events: Iterator[Any]) -> None:
    for event in events:
        if isinstance(event, yaml.SequenceStartEvent):
            return
        if isinstance(event, yaml.NodeEvent):
            raise wrong(source, "the file", "a list of mappings is expected", _line(event))


def _syntax(source: Source, error: yaml.YAMLError, number: int) -> Exception:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    said = getattr(error, "problem", None) or getattr(error, "reason", None) or "it cannot be read"
    return wrong(source, f"row {number}", f"not valid YAML: {said}", mark.line + 1 if mark else 1)


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1


class _Reader:
    """One row, made from parse events within bounds."""

    def __init__(self, source: Source, number: int, events: Iterator[Any]) -> None:
        self._source = source
        self._where = f"row {number}"
        self._events = events
        self._count = 0

    def value(self, event: Any, depth: int = 1) -> Any:
        """The value that `event` begins."""
        self._count += 1
        if depth > MAX_DEPTH or self._count > MAX_VALUES:
            raise wrong(self._source, self._where, "it is too large, or nested too deeply", _line(event))
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event)
        if isinstance(event, yaml.SequenceStartEvent):
            return list(self._items(depth))
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(depth)
        raise wrong(self._source, self._where, "an alias means nothing in data", _line(event))

    def _scalar(self, event: Any) -> Any:
        from mailjobs.job.scalars import scalar

        plain = event.style in (None, "") and event.implicit[0] and event.tag != "!"
        return scalar(event.value, "" if plain else event.tag or "", plain)

    def _items(self, depth: int) -> Iterator[Any]:
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            yield self.value(event, depth + 1)

    def _mapping(self, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key = self.value(event, depth + 1)
            if not isinstance(key, str) or key in found:
                words = f"the key {key!r:.60} stands in it twice" if isinstance(key, str) else "a key must be text"
                raise wrong(self._source, self._where, words, _line(event))
            found[key] = self.value(next(self._events), depth + 1)
        return found
