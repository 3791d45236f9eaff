"""Rows that failed, as CSV: the original columns first, so that the file can be run again."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

from mailjobs.errors import OutputError
from mailjobs.ledger import Account, accounts
from mailjobs.steps.shelf import Shelf

OURS = ("mailjobs_address", "mailjobs_state", "mailjobs_reply")


class Kind(NamedTuple):
    """A file of failed rows: its name in the result, and the letters of the states that it is for."""

    name: str
    letters: str


KINDS = (Kind("failed", "rd"), Kind("unknown", "u"))


def write_failed_rows(shelf: Shelf) -> dict[str, str | None]:
    """Write `STEP.failed.csv` and `STEP.unknown.csv` beside the journals; the path of each, None where nobody is in it.

    Raises OutputError.
    """
    return {kind.name: _write(shelf, kind) for kind in KINDS}


def _write(shelf: Shelf, kind: Kind) -> str | None:
    path = shelf.files.folder / f"{shelf.files.step}.{kind.name}.csv"
    with suppress(FileNotFoundError):
        path.unlink()
    states = shelf.known.totals
    if not any(states.get(letter, 0) > 0 for letter in kind.letters):
        return None
    try:
        _write_rows(path, shelf, kind.letters)
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror}") from None
    return str(path)


def _write_rows(path: Path, shelf: Shelf, letters: str) -> None:
    found = groupby(accounts(shelf.files, len(shelf.snapshot), letters), key=lambda account: account.position)
    columns: list[str] | None = None
    with open(path, "w", encoding="utf-8", errors="backslashreplace", newline="", opener=_private) as file:
        writer = csv.writer(file)
        for position, group in found:
            values = shelf.snapshot.row(position).values
            if columns is None:
                columns = list(values)
                writer.writerow([*columns, *OURS])
            writer.writerow([*_cells(values, columns), *_ours(list(group))])


def _cells(values: Mapping[str, Any], columns: Sequence[str]) -> Iterator[str]:
    for column in columns:
        value = values.get(column)
        if value is None or isinstance(value, str):
            yield value or ""
        else:
            yield json.dumps(value, ensure_ascii=False, default=str) if isinstance(value, dict | list) else str(value)


def _ours(group: Sequence[Account]) -> tuple[str, str, str]:
    return (
        ", ".join([account.address for account in group]),
        ", ".join(dict.fromkeys(account.state for account in group)),
        "; ".join(dict.fromkeys(account.reply for account in group if account.reply)),
    )


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
