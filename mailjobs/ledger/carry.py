"""What earlier runs have delivered, found again in the rows of a new one by row key; matched on disk."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Final

from mailjobs.errors import OutputError
from mailjobs.ledger.accounts import accounts
from mailjobs.ledger.folder import StateFolder, StepFiles
from mailjobs.ledger.identity import identity
from mailjobs.ledger.kept import Kept, KeptWriter
from mailjobs.ledger.known import KEPT, MIXED, Known
from mailjobs.ledger.replay import restore
from mailjobs.ledger.rows_kept import open_rows, whole
from mailjobs.ledger.run import Run
from mailjobs.rows import Row
from mailjobs.rows.row import hash_key
from mailjobs.rows.temporary import temporary

TABLE = """CREATE TABLE delivered (key TEXT, address TEXT, row TEXT, letter TEXT, PRIMARY KEY (key, address, row))
WITHOUT ROWID"""
STRONGEST: Final = "sruab"  # of two letters for one recipient
UPSERT = f"""INSERT INTO delivered VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET letter = excluded.letter
WHERE instr('{STRONGEST}', excluded.letter) > instr('{STRONGEST}', letter)"""  # noqa: S608 (a constant)


class Delivered:
    """What batches of earlier runs have delivered ("run/step"), by row key. A context manager; raises OutputError.

    `letters` are those of the states that count: a, and of u and r those that are wished. `alike`: only rows count
    whose values were the same.
    """

    def __init__(
        self, folder: StateFolder, sources: Sequence[str], letters: str = "au", *, alike: bool = False
    ) -> None:
        self._alike = alike
        self._table = sqlite3.connect("")
        with temporary():
            self._table.execute(TABLE)
            for source in sources:
                run, _, step = source.partition("/")
                self._table.executemany(UPSERT, self._delivered(folder, run, step, f"b{letters}"))

    def of(self, row: Row) -> dict[str, str]:
        """The letter of each address: a, u or r. "" stands for all of a row that is lost altogether."""
        query = "SELECT address, letter FROM delivered WHERE key = ? AND row = ?"
        return dict(self._table.execute(query, (row.key, self._digest(row))))

    def __enter__(self) -> Delivered:
        return self

    def __exit__(self, *what: object) -> None:
        self._table.close()

    def _digest(self, row: Row) -> str:
        return hash_key(row.values) if self._alike else ""

    def _delivered(self, folder: StateFolder, run: str, step: str, letters: str) -> Iterator[tuple[str, str, str, str]]:
        path, files = folder.run_folder(run) / "run.json", folder.files(run, step)
        if not path.exists():
            return  # somebody has forgotten it
        state = Run.read(path).steps.get(step)
        if state is None:
            return
        if not whole(files, state):
            raise OutputError(
                f"{files.rows} is damaged, so nobody knows who had it", hint="move the folder of that run away to go on"
            )
        rows = open_rows(files)
        for position, found in groupby(accounts(files, len(rows), letters), key=lambda account: account.position):
            row = rows.row(position)
            digest = self._digest(row)
            for account in found:
                yield row.key, identity(account.address), digest, account.letter.replace("b", "a")
        rows.close()


def carry_over(
    folder: StateFolder,
    sources: Sequence[str],
    files: StepFiles,
    letters: str = "au",
    *,
    alike: bool = False,
    people: Callable[[Row], Sequence[str]] | None = None,
) -> int:
    """Write into `files.kept` what `sources` have delivered to the rows of `files.rows`, besides what stands there.

    `people` are the recipients of a row now: others do not count, nor does another spelling of their domain. Gives how
    many those rows have besides one each.
    """
    rows, more = open_rows(files), 0
    before = Kept(files.kept, len(rows)) if files.kept.exists() else None
    with Delivered(folder, sources, letters, alike=alike) as delivered, KeptWriter(files.kept) as kept:
        for position, row in enumerate(rows.rows()):
            found = delivered.of(row)
            if found and people is not None:
                now = people(row)
                found, more = _of_these(found, now), more + len(now) - 1
            _add(kept, position, found, before)
    rows.close()
    if before is not None:
        before.close()
    return more


def _of_these(found: Mapping[str, str], addresses: Sequence[str]) -> dict[str, str]:
    """Who of `addresses` had it; "" stands for all of a row that is lost altogether."""
    letters = ((address, found.get(identity(address)) or found.get("")) for address in addresses)
    return {address: letter for address, letter in letters if letter}


def add_elsewhere(files: StepFiles, rows: int, found: Path, into: Path) -> None:
    """Leave out of a run that goes on who has got it elsewhere meanwhile, as the file `found` says of the same rows.

    Where there is any news, all who are left out stand in the file `into` afterwards.
    """
    known = restore(files.journals(), rows, files.kept)
    elsewhere = Kept(found, rows)
    try:
        if any(_news(known, elsewhere, position) for position in range(rows)):
            with KeptWriter(into) as kept:
                for position in range(rows):
                    _add(kept, position, _news(known, elsewhere, position), known.kept)
    finally:
        elsewhere.close()
        if known.kept is not None:
            known.kept.close()


def _news(known: Known, elsewhere: Kept, position: int) -> dict[str, str]:
    """Who had it elsewhere, of a row, and is not known to."""
    state = known.states[position]
    if chr(state) in "abu" or not elsewhere.has(position):
        return {}
    found = elsewhere.addresses(position)
    if state not in (MIXED, KEPT):
        return found
    held: Mapping[str, str] = known.mixed.get(position, {})
    if state == KEPT and known.kept is not None:
        held = known.kept.addresses(position)
    return {address: letter for address, letter in found.items() if held.get(address, "n") not in "abus"}


def _add(kept: KeptWriter, position: int, found: Mapping[str, str], before: Kept | None) -> None:
    """Write down who has a row, of `found` and of what was known `before`."""
    merged = {} if before is None else before.addresses(position)
    for address, letter in found.items():
        merged[address] = max(letter, merged.get(address, letter), key=STRONGEST.index)
    if merged:
        kept.add(position, "".join(merged.values()).replace("b", "a"), list(merged))
