"""Which delimiter a file has: the one of four that gives its first lines the most columns, all alike."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from itertools import chain

CANDIDATES = (",", ";", "\t", "|")
SAMPLE_LINES = 20


def read_ahead(lines: Iterator[str]) -> tuple[list[str], Iterator[str]]:
    """The first lines, and all lines. What goes wrong in reading them is raised where it stands among all lines."""
    first: list[str] = []
    try:
        for line in lines:
            first.append(line)
            if len(first) == SAMPLE_LINES:
                break
    except ValueError as error:
        return first, chain(first, _raising(error))
    return first, chain(first, lines)


def _raising(error: ValueError) -> Iterator[str]:
    yield from ()
    raise error


def sniff(lines: Sequence[str], quote: str = '"') -> str:
    """The delimiter of the first lines of a file; a comma where nothing speaks for another."""
    return max(CANDIDATES, key=lambda delimiter: _score(lines, delimiter, quote))


def _score(lines: Sequence[str], delimiter: str, quote: str) -> tuple[bool, int]:
    """How well `delimiter` fits: whether the rows are alike, then the number of columns."""
    try:
        counts = [len(cells) for cells in csv.reader(lines, delimiter=delimiter, quotechar=quote) if cells]
    except csv.Error:
        return False, 0
    if not counts or counts[0] < 2:
        return False, 0
    # The last row may go on behind the sample.
    return all(count == counts[0] for count in counts[1:-1] or counts[1:]), counts[0]
