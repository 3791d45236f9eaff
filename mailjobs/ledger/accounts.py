"""What became of each recipient of a step, row by row, read from its journals over a table on disk."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Final

from mailjobs.errors import OutputError
from mailjobs.frozen import frozen
from mailjobs.ledger import lines
from mailjobs.ledger.folder import StepFiles
from mailjobs.ledger.known import KEPT, MIXED, Known
from mailjobs.ledger.replay import records, restore

ALL: Final = "ardunb"
TABLE = """CREATE TABLE heard (position INTEGER, address TEXT, letter TEXT, reply TEXT, PRIMARY KEY (position, address))
WITHOUT ROWID"""
ACCOUNT = """INSERT INTO heard VALUES (?, ?, ?, '') ON CONFLICT DO UPDATE SET letter = excluded.letter, reply = ''"""
REPLY = "UPDATE heard SET reply = ? WHERE position = ? AND address = ?"
BATCH = 10_000


@frozen
class Account:
    """One recipient. `letter` is of `lines.STATES`; `reply` is its code and text. Of a row that nobody has touched
    the `address` is not known: "".
    """

    position: int
    address: str
    letter: str
    reply: str = ""

    @property
    def state(self) -> str:
        """accepted, rejected, deferred, unknown, not-attempted."""
        return lines.STATES[self.letter]


def accounts(files: StepFiles, rows: int, letters: str = ALL) -> Iterator[Account]:
    """The recipients whose state has one of these letters, by position. Raises OutputError."""
    known = restore(files.journals(), rows, files.kept)
    try:
        yield from accounts_of(known, files.journals(), letters)
    finally:
        if known.kept is not None:
            known.kept.close()


def accounts_of(
    known: Known, journals: Iterable[Path], letters: str = ALL, positions: Collection[int] | None = None
) -> Iterator[Account]:
    """The same where the `journals` are `known` already; of the rows at these `positions` alone, if any are given."""
    table = sqlite3.connect("")  # a file without a name, in the folder for temporary files
    try:
        table.execute(TABLE)
        for path in journals:
            _fill(table, path, known, letters, positions)
        heard = _Heard(table)
        for position in range(len(known.states)) if positions is None else sorted(positions):
            yield from _of_row(known, position, letters, heard)
    except sqlite3.Error as error:
        raise OutputError(f"cannot keep a table in the folder for temporary files: {error}") from None
    finally:
        table.close()


def _fill(table: sqlite3.Connection, path: Path, known: Known, letters: str, positions: Collection[int] | None) -> None:
    batch: list[tuple[int, str, str]] = []
    for words in records(path):
        if words is None or words[0] not in ("dot", "done", "row", "said"):
            continue
        position = int(words[1])
        if position >= len(known.states):  # `restore` has counted it as garbage
            continue
        if positions is not None and position not in positions:
            continue
        state = known.states[position]
        if (state not in (MIXED, KEPT) and chr(state) not in letters) or (state == ord("a") and words[0] == "dot"):
            continue
        if words[0] == "said":
            table.executemany(ACCOUNT, batch)
            batch.clear()
            table.execute(REPLY, (" ".join(words[3:]), position, lines.unescape(words[2])))
            continue
        named, said = (words[3:], words[2]) if words[0] == "done" else (words[2:], "")
        missing = "u" if words[0] == "dot" else "n"
        batch += [(position, lines.unescape(word), said[i : i + 1] or missing) for i, word in enumerate(named)]
        if len(batch) >= BATCH:
            table.executemany(ACCOUNT, batch)
            batch.clear()
    table.executemany(ACCOUNT, batch)


class _Heard:
    """The table, read once from its beginning to its end."""

    def __init__(self, table: sqlite3.Connection) -> None:
        self._cursor = table.execute("SELECT position, address, letter, reply FROM heard ORDER BY position, address")
        self._next = self._cursor.fetchone()

    def of(self, position: int) -> list[tuple[int, str, str, str]]:
        """The lines of a position; positions are asked for in rising order."""
        found = []
        while self._next is not None and self._next[0] <= position:
            if self._next[0] == position:
                found.append(self._next)
            self._next = self._cursor.fetchone()
        return found


def _of_row(known: Known, position: int, letters: str, heard: _Heard) -> Iterator[Account]:
    state = known.states[position]
    if state == KEPT:
        found = known.kept.addresses(position) if known.kept is not None else {}
        for address, letter in found.items():
            if letter in letters:
                yield Account(position, address, letter)
    elif state == MIXED:
        replies = {address: reply for _, address, _, reply in heard.of(position)}
        for address, letter in known.mixed[position].items():
            if letter in letters:
                yield Account(position, address, letter, replies.get(address, ""))
    elif chr(state) in letters:
        lines_heard = heard.of(position)
        for _, address, _, reply in lines_heard:
            yield Account(position, address, chr(state), reply)
        if not lines_heard:
            yield Account(position, "", chr(state))
