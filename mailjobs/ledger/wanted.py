"""Which recipients of a run are asked for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from mailjobs.errors import OutputError
from mailjobs.frozen import frozen
from mailjobs.ledger import lines
from mailjobs.ledger.accounts import ALL, Account
from mailjobs.ledger.rows_left import RowsLeft
from mailjobs.rows import Row
from mailjobs.rows.suppression import known_as

WITHIN: Final = r"[\w.%+-]"  # what an address may go on with, so that it is another one


@frozen
class Wanted:
    """Those in a state with one of these letters (a r d u n; b: before). `key`: those of one row; `address`: one
    person, and rows that name it of whose recipients nothing is known.
    """

    letters: str = ALL
    key: str | None = None
    address: str | None = None

    @property
    def somebody(self) -> bool:
        """Whether one person or row is asked for."""
        return self.key is not None or self.address is not None

    def positions(self, journals: Iterable[Path], rows: RowsLeft) -> set[int] | None:
        """Where such recipients may be; None: anywhere. Raises OutputError where a file cannot be read."""
        if self.key is not None:
            return rows.holding(self.key)
        if self.address is None:
            return None
        found = rows.holding(self.address)
        for written in {self.address.lower(), known_as(self.address)}:
            for path in journals:
                found.update(_naming(path, lines.escape(written).encode("utf-8", "backslashreplace")))
        return found

    def takes(self, account: Account, row: Row, unnamed: Sequence[str | None] = ("",)) -> bool:
        """Whether it is one of them. `unnamed` are addresses that do not say who a row is for."""
        if self.key is not None and row.key != self.key:
            return False
        if self.address is None or known_as(account.address) == known_as(self.address):
            return True
        return account.address in unnamed and self._named_by(row)

    def _named_by(self, row: Row) -> bool:
        assert self.address is not None, "an address is asked for"
        named = re.compile(rf"(?<!{WITHIN}){re.escape(self.address)}(?!{WITHIN}*[\w%+-])", re.IGNORECASE)
        return any(named.search(str(value)) for value in row.values.values())


def _naming(path: Path, word: bytes) -> Iterator[int]:
    """The positions that lines with a word are about: `dot 130 bob@example.com`."""
    try:
        with path.open("rb", buffering=1 << 18) as file:
            for raw in file:
                if word in raw.lower():
                    words = lines.parse(raw.rstrip(b"\n"))
                    if words is not None and len(words) > 2 and words[1].isdecimal():
                        yield int(words[1])
    except OSError as error:
        raise OutputError(f"cannot read {path}: {error.strerror}") from None
