"""A queue file as it is read: its head, its content and what has become of it."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, Protocol

from mailjobs.checked import parse
from mailjobs.errors import FileError
from mailjobs.mime import Lines
from mailjobs.spool.entry import Entry
from mailjobs.spool.head import LONGEST, Damaged, check_first_line, parse_head
from mailjobs.spool.state import State

HELD: Final = 1024 * 1024  # octets of content above which it is read while it is sent
CHUNK: Final = 256 * 1024
FIRST: Final = 8192  # octets that are read at once where only the head is asked for


class Digest(Protocol):
    """What hashlib gives."""

    def update(self, data: bytes, /) -> None: ...
    def hexdigest(self) -> str: ...


class FromFile:
    """Content that is read from its file while it is sent; a `smtp.Streamed`. The descriptor is somebody else's."""

    __slots__ = ("_descriptor", "_offset", "size")

    def __init__(self, descriptor: int, offset: int, size: int) -> None:
        self._descriptor = descriptor
        self._offset = offset
        self.size = size

    def __iter__(self) -> Iterator[bytes]:
        """The chunks. Raises FileError where the file cannot be read any more, or has become shorter."""
        at, end = self._offset, self._offset + self.size
        while at < end:
            try:
                chunk = os.pread(self._descriptor, min(CHUNK, end - at), at)
            except OSError as error:
                raise FileError(f"a queue file cannot be read: {error.strerror}") from None
            if not chunk:
                raise FileError("a queue file has become shorter while it was sent")
            at += len(chunk)
            yield chunk


@dataclass(slots=True)
class Stored:
    """`content` has the bytes to be sent. `good` octets of the file are whole lines; what is behind them is torn."""

    entry: Entry
    content: bytes | FromFile
    state: State
    good: int
    length: int


def read(descriptor: int) -> Stored:
    """The whole file, checked. Raises Damaged, and OSError where it cannot be read."""
    length = os.fstat(descriptor).st_size
    if length <= HELD:
        return parse_file(pread(descriptor, length, 0))
    return _read_large(descriptor, length)


def parse_file(data: bytes) -> Stored:
    """As `read`, of the octets of a file."""
    entry, offset = parse_head(data)
    end = offset + entry.size
    tail = data[end:]
    digest = sha256(data[:end])
    state, good = _parse_tail(tail, entry, digest)
    return Stored(entry, Lines(data[offset:end]), state, end + good, len(data))


def read_entry(descriptor: int) -> tuple[Entry, int]:
    """The head alone, and its length. Raises Damaged, and OSError."""
    length = os.fstat(descriptor).st_size
    wanted = FIRST
    while True:
        data = pread(descriptor, min(wanted, length), 0)
        check_first_line(data)
        if b"\n\n" in data or wanted >= min(length, LONGEST):
            return parse_head(data)
        wanted *= 8


def _read_large(descriptor: int, length: int) -> Stored:
    entry, offset = read_entry(descriptor)
    digest = sha256()
    end = min(offset + entry.size, length)
    for at in range(0, end, CHUNK):
        digest.update(pread(descriptor, min(CHUNK, end - at), at))
    state, good = _parse_tail(pread(descriptor, length - end, end), entry, digest)
    content: bytes | FromFile = FromFile(descriptor, offset, entry.size)
    if entry.size <= HELD:
        content = Lines(pread(descriptor, entry.size, offset))
    return Stored(entry, content, state, offset + entry.size + good, length)


def pread(descriptor: int, size: int, offset: int) -> bytes:
    """So many octets, or OSError: EIO where the file has become shorter."""
    data = os.pread(descriptor, size, offset)
    while len(data) < size:
        more = os.pread(descriptor, size - len(data), offset + len(data))
        if not more:
            raise OSError(errno.EIO, "it has become shorter while it was read")
        data += more
    return data


def _parse_tail(tail: bytes, entry: Entry, digest: Digest) -> tuple[State, int]:
    """What the lines behind the content say, and how many octets they have with the line end before them."""
    end = tail.rfind(b"\n") + 1
    rows = tail[:end].split(b"\n")[:-1]
    if len(rows) < 2 or rows[0]:
        raise Damaged("it ends before its content does")
    state = State(dict.fromkeys([person.address for person in entry.recipients], "n"))
    _check_content(rows[1], entry, digest)
    for row in rows[2:]:
        state.take(row)
    return state, end


def _check_content(row: bytes, entry: Entry, digest: Digest) -> None:
    words = parse(row)
    if words is None or words[0] != "content":
        raise Damaged("nothing says that its content is whole")
    if words[1:] != [str(entry.size), digest.hexdigest()]:
        raise Damaged("its content is not what was written")
