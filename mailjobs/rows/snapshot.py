"""The rows of a batch as they were when it began, on disk: any of them can be read by any thread or process.

A line of JSON for each row, `[number, line, key, values]` and behind these the addresses that it goes without, where
there are any; and beside it an index: where each line begins, eight octets each. What JSON lacks stands in a mapping
whose one key says what it is.
"""

from __future__ import annotations

import base64
import json
import os
import struct
from array import array
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import date, datetime, time
from decimal import Decimal
from hashlib import blake2b, file_digest
from json.encoder import encode_basestring_ascii
from pathlib import Path
from types import TracebackType
from typing import Any

from mailjobs.errors import OutputError
from mailjobs.rows.row import Row

OFFSET = struct.Struct("<Q")
HELD = 256 * 1024  # octets that are gathered for one write
AHEAD = 64 * 1024  # octets that are read at once
LARGE = 1024 * 1024  # octets of a block above which its rows are read one by one
TAG = "\ue000"  # begins the key of a mapping that stands for something else: private use, so no column's name

_MADE: dict[str, Any] = {
    "bytes": base64.b64decode,
    "decimal": Decimal,
    "datetime": datetime.fromisoformat,
    "date": date.fromisoformat,
    "time": time.fromisoformat,
    "map": dict,
}


def _tagged(value: Any) -> dict[str, Any]:
    """Something that JSON lacks."""
    match value:
        case bytes():
            return {f"{TAG}bytes": base64.b64encode(value).decode()}
        case Decimal():
            return {f"{TAG}decimal": str(value)}
        case datetime() | date() | time():
            return {f"{TAG}{type(value).__name__}": value.isoformat()}
    raise TypeError(f"a row holds a {type(value).__name__}")


def _untagged(found: dict[str, Any]) -> Any:
    if len(found) == 1:
        name, value = next(iter(found.items()))
        if name.startswith(TAG):
            return _MADE[name[len(TAG) :]](value)
    return found


def _encoder() -> Callable[[object], str]:
    """As JSONEncoder(separators=(",", ":"), default=_tagged).encode, which makes anew for each value what is made here
    once: for a small row that takes longer than the row."""
    make: Any = getattr(json.encoder, "c_make_encoder", None)
    if make is None:
        return json.JSONEncoder(separators=(",", ":"), default=_tagged).encode
    chunks = make(None, _tagged, encode_basestring_ascii, None, ":", ",", False, False, True)
    return lambda value: "".join(chunks(value, 0))


_ENCODE = _encoder()
_DECODE = json.JSONDecoder(object_hook=_untagged).decode
_DECODE_PLAIN = json.JSONDecoder().decode


class SnapshotWriter:
    """Writes a snapshot. `durable`: it is on the disk when it is closed. Raises OutputError.

    Once it is closed `digest` tells keys and values of its rows from any others, wherever they stand in their file;
    `checksum` and `size` are those of the octets.
    """

    def __init__(self, path: Path, *, durable: bool = False) -> None:
        self._path = path
        self._durable = durable
        self._told: list[bytes] = []
        self._sum = blake2b(digest_size=16)
        self._held: list[bytes] = []
        self._size = 0
        self._offset = 0
        self._offsets = array("Q")
        self._hash = blake2b(digest_size=16)
        self.count = 0
        try:
            self._rows = open(path, "wb", opener=_private)  # noqa: SIM115 closed by __exit__
            self._index = open(index_path(path), "wb", opener=_private)  # noqa: SIM115
        except OSError as error:
            raise self._failure(error) from None

    def append(self, row: Row) -> None:
        """Add a row; its position is how many there were before."""
        without = (row.without,) if row.without else ()
        told = _ENCODE((row.key, row.values, *without)).encode()
        line = b"[%d,%d,%b\n" % (row.number, row.line, told[1:])
        self._told.append(told)
        self._offsets.append(self._offset)
        self._offset += len(line)
        self._held.append(line)
        self._size += len(line)
        self.count += 1
        if self._size >= HELD:
            self._write()

    def _write(self) -> None:
        data = b"".join(self._held)
        self._held.clear()
        self._size = 0
        self._sum.update(data)
        self._hash.update(b"".join(self._told))
        self._told.clear()
        try:
            self._rows.write(data)
            self._rows.flush()
            self._index.write(self._offsets.tobytes())
            self._index.flush()
        except OSError as error:
            raise self._failure(error) from None
        self._offsets = array("Q")

    def _sync(self) -> None:
        if self._durable:
            try:
                os.fsync(self._rows.fileno())
                os.fsync(self._index.fileno())
            except OSError as error:
                raise self._failure(error) from None

    def _failure(self, error: OSError) -> OutputError:
        return OutputError(f"cannot write {self._path}: {error.strerror}")

    @property
    def digest(self) -> str:
        """32 hexadecimal digits that stand for all rows in their order."""
        return self._hash.hexdigest()

    @property
    def checksum(self) -> str:
        """As `checksum` finds it."""
        return self._sum.hexdigest()

    @property
    def size(self) -> int:
        """Octets, without the index."""
        return self._offset

    def __enter__(self) -> SnapshotWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._write()
                self._sync()
        finally:
            for file in (self._rows, self._index):
                with suppress(OSError):  # what could not be written is told already
                    file.close()


def _private(path: str, flags: int) -> int:
    """Rows are people's data: nobody else's to read."""
    return os.open(path, flags, 0o600)


def checksum(path: Path) -> str:
    """32 hexadecimal digits that stand for the octets of a snapshot. Raises OSError."""
    with path.open("rb") as file:
        return file_digest(file, lambda: blake2b(digest_size=16)).hexdigest()


def index_path(path: Path) -> Path:
    """The index of the snapshot at `path`."""
    return path.with_name(f"{path.name}.idx")


class Snapshot:
    """A snapshot that is written. For any number of threads and processes; it holds nothing but two open files.

    Raises OutputError where the file has become shorter.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._rows = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self._index = os.open(index_path(path), os.O_RDONLY | os.O_CLOEXEC)
        self._count = os.fstat(self._index).st_size // OFFSET.size
        self._end = os.fstat(self._rows).st_size

    def __len__(self) -> int:
        return self._count

    def row(self, position: int) -> Row:
        """The row at a position, from 0."""
        return next(self.rows(position, position))

    def block(self, first: int, last: int) -> Callable[[int], Row]:
        """What gives each row from `first` to `last`; they are read at once, where they are not very large."""
        begin, end = self._offset(first), self._offset(last + 1)
        if end - begin > LARGE:
            return self.row
        data = os.pread(self._rows, end - begin, begin)
        if len(data) < end - begin:
            raise self._damaged()
        told = _told(b"[%b]" % data[:-1].replace(b"\n", b","))
        return lambda position: _made(told[position - first])

    def rows(self, first: int = 0, last: int | None = None) -> Iterator[Row]:
        """The rows from one position to another, both included; without any, all."""
        return map(_row, self._lines(first, self._count - 1 if last is None else last))

    def holding(self, text: str) -> Iterator[int]:
        """The positions of rows that have `text` somewhere, whatever the case of its letters in ASCII."""
        sought = _ENCODE(text)[1:-1].encode().lower()
        return (position for position, line in enumerate(self._lines(0, self._count - 1)) if sought in line.lower())

    def _lines(self, first: int, last: int) -> Iterator[bytes]:
        if last < first:
            return
        begin, end = self._offset(first), self._offset(last + 1)
        rest = b""
        while begin < end:
            chunk = os.pread(self._rows, min(AHEAD, end - begin), begin)
            if not chunk:
                break
            begin += len(chunk)
            lines = (rest + chunk).split(b"\n")
            rest = lines.pop()
            yield from lines
        if rest or begin < end:
            raise self._damaged()

    def _damaged(self) -> OutputError:
        return OutputError(f"{self._path} is damaged: it is shorter than it was")

    def _offset(self, position: int) -> int:
        if position >= self._count:
            return self._end
        found: int = OFFSET.unpack(os.pread(self._index, OFFSET.size, position * OFFSET.size))[0]
        return found

    def close(self) -> None:
        """Close the files."""
        os.close(self._rows)
        os.close(self._index)


def _row(line: bytes) -> Row:
    return _made(_told(line))


def _told(line: bytes) -> Any:
    """What is written of a row, or of several in brackets."""
    text = line.decode()
    return (_DECODE if r"\ue000" in text else _DECODE_PLAIN)(text)


def _made(told: Sequence[Any]) -> Row:
    if len(told) == 4:
        number, place, key, values = told
        return Row(number, key, values, place)
    return Row(told[0], told[2], told[3], told[1], tuple(told[4]))
