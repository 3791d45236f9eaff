"""Rows that failed, as CSV: the original columns first, so that the file can be run again."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import chain, groupby
from pathlib import Path
from typing import NamedTuple

from mailjobs.errors import OutputError
from mailjobs.ledger import Account, accounts
from mailjobs.rows import Row
from mailjobs.rows.csv_rows import CsvRows, columns_of
from mailjobs.steps.shelf import Shelf

OURS = ("mailjobs_address", "mailjobs_state", "mailjobs_reply")
Minor = Callable[[Row], Collection[str]]


class Kind(NamedTuple):
    """A file of failed rows: its name in the result, and the letters of the states that it is for."""

    name: str
    letters: str


KINDS = (Kind("failed", "rd"), Kind("unknown", "u"))


def write_failed_rows(shelf: Shelf, minor: Minor = lambda row: ()) -> dict[str, str | None]:
    """Write `STEP.failed.csv` and `STEP.unknown.csv` beside the journals; the path of each, None where nobody is in it.

    `minor` are the addresses of a row whose rejection does not make it a failed one. Raises OutputError.
    """
    return {kind.name: _write(shelf, kind, minor) for kind in KINDS}


def _write(shelf: Shelf, kind: Kind, minor: Minor) -> str | None:
    path = shelf.files.folder / f"{shelf.files.step}.{kind.name}.csv"
    states = shelf.known.totals
    try:
        path.unlink(missing_ok=True)
        if not any(states.get(letter, 0) > 0 for letter in kind.letters):
            return None
        failed = _failed(shelf, kind.letters, minor)
        first = next(failed, None)
        if first is None:
            return None
        _write_rows(path, shelf, kind.letters, chain([first], failed))
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror}") from None
    return str(path)


def _failed(shelf: Shelf, letters: str, minor: Minor) -> Iterator[tuple[Row, list[Account]]]:
    """The rows that failed, each with its recipients who have not got it."""
    found = accounts(shelf.files, len(shelf.snapshot), letters)
    for position, group in groupby(found, key=lambda account: account.position):
        row, open_ = shelf.snapshot.row(position), list(group)
        excused = minor(row) if all(account.letter == "r" for account in open_) else ()
        if not all(account.address in excused for account in open_):
            yield row, open_


def _write_rows(path: Path, shelf: Shelf, letters: str, failed: Iterator[tuple[Row, list[Account]]]) -> None:
    snapshot, known = shelf.snapshot, shelf.known
    columns = columns_of(snapshot.row(one) for one in range(len(snapshot)) if known.open(one, letters))
    with open(path, "w", encoding="utf-8", errors="backslashreplace", newline="", opener=_private) as file:
        rows = CsvRows(file, columns, OURS)
        for row, group in failed:
            rows.write(row.values, _ours(group))


def _ours(group: Sequence[Account]) -> tuple[str, str, str]:
    return (
        ", ".join([account.address for account in group]),
        ", ".join(dict.fromkeys(account.state for account in group)),
        "; ".join(dict.fromkeys(account.reply for account in group if account.reply)),
    )


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
