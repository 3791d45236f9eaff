"""What earlier runs have delivered, found again in the rows of a new one by row key; matched on disk."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from itertools import groupby

from mailjobs.ledger.accounts import accounts
from mailjobs.ledger.folder import StateFolder, StepFiles
from mailjobs.ledger.kept import KeptWriter
from mailjobs.rows.snapshot import Snapshot
from mailjobs.rows.temporary import temporary

TABLE = "CREATE TABLE delivered (key TEXT, address TEXT, letter TEXT, PRIMARY KEY (key, address)) WITHOUT ROWID"
UPSERT = "INSERT INTO delivered VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET letter = 'a' WHERE excluded.letter = 'a'"


class Delivered:
    """What some runs have delivered in a step, by row key. A context manager; raises OutputError.

    `unknown`: those of whom nobody knows count as well.
    """

    def __init__(self, folder: StateFolder, runs: Sequence[str], step: str, *, unknown: bool = True) -> None:
        self._table = sqlite3.connect("")
        with temporary():
            self._table.execute(TABLE)
            for run in runs:
                self._table.executemany(UPSERT, _delivered(folder.files(run, step), "aub" if unknown else "ab"))

    def of(self, key: str) -> dict[str, str]:
        """The letter of each address: a, or u. "" stands for all of a row that is lost altogether."""
        return dict(self._table.execute("SELECT address, letter FROM delivered WHERE key = ?", (key,)))

    def __enter__(self) -> Delivered:
        return self

    def __exit__(self, *what: object) -> None:
        self._table.close()


def carry_over(folder: StateFolder, runs: Sequence[str], step: str, files: StepFiles, *, unknown: bool = True) -> int:
    """Write into `files.kept` what `runs` have delivered to the rows of `files.rows`; gives how many recipients."""
    rows = Snapshot(files.rows)
    with Delivered(folder, runs, step, unknown=unknown) as delivered, KeptWriter(files.kept) as kept:
        for position, row in enumerate(rows.rows()):
            found = delivered.of(row.key)
            if found:
                kept.add(position, "".join(found.values()), list(found))
    rows.close()
    return kept.count


def _delivered(files: StepFiles, letters: str) -> Iterator[tuple[str, str, str]]:
    if not files.rows.exists():
        return
    rows = Snapshot(files.rows)
    for position, found in groupby(accounts(files, len(rows), letters), key=lambda account: account.position):
        key = rows.row(position).key
        for account in found:
            yield key, account.address, "u" if account.letter == "u" else "a"
    rows.close()
