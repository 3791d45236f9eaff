"""Addresses that get nothing: a column of a CSV file, held as eight octets each."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from hashlib import blake2b

from mailjobs.errors import DataError, JobError
from mailjobs.model import Exclude, Source
from mailjobs.rows import csv_source

USUAL = "email"


class Suppression:
    """Knows whether an address, in any letter case, is on the list. Raises FileError, EncodingError, DataError."""

    def __init__(self, exclude: Exclude) -> None:
        column, source = column_of(exclude), _source(exclude)
        found = {_number(str(row.values[column])) for row in csv_source.rows(source)}
        self._numbers = array("Q", sorted(found))

    def __len__(self) -> int:
        return len(self._numbers)

    def __contains__(self, address: str) -> bool:
        number = _number(address)
        at = bisect_left(self._numbers, number)
        return at < len(self._numbers) and self._numbers[at] == number


def _source(exclude: Exclude) -> Source:
    assert exclude.place is not None, "a list stands somewhere in the job"
    within = exclude.place.path.removesuffix(".csv")
    return Source("exclude", exclude.csv, exclude.place, encoding=exclude.encoding, within=within)


def column_of(exclude: Exclude) -> str:
    """The column of the addresses; only the header of the file is read. Raises as Suppression does."""
    columns = csv_source.columns(_source(exclude))
    wanted = exclude.column or (columns[0] if len(columns) == 1 else USUAL)
    if wanted in columns:
        return wanted
    from mailjobs.job.nearest import nearest

    words = f"{exclude.csv} has no column '{wanted}' (columns: {', '.join(columns)})"
    near = nearest(wanted, columns)
    if exclude.column is None:
        hint = f"say which: `exclude: {{csv: …, column: {near or '…'}}}`"
        raise JobError(f"exclude: {words}", place=exclude.place, hint=hint)
    raise DataError(f"exclude: {words}", place=exclude.place, hint=f"did you mean '{near}'?" if near else None)


def _number(address: str) -> int:
    told = known_as(address.strip()).encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(told, digest_size=8).digest(), "big")


def known_as(address: str) -> str:
    """An address as it stands in RCPT, in small letters: two that are written differently may be one."""
    local, _, domain = address.rpartition("@")
    return f"{local}@{_ascii(domain)}".lower()


def _ascii(domain: str) -> str:
    """As it stands in RCPT; what is no domain stays as it is, and matches nothing."""
    if domain.isascii():
        return domain
    import idna

    try:
        return idna.encode(domain, uts46=True).decode("ascii")
    except idna.IDNAError:
        return domain
