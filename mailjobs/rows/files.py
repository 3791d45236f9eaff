"""The files that rows come from: opened, and what is wrong with their bytes told."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from mailjobs.errors import EncodingError, FileError, JobError, Place
from mailjobs.model import Source
from mailjobs.rows.charset import Undecodable


@contextmanager
def opened(source: Source) -> Iterator[BinaryIO]:
    """The file of `source`. Raises FileError, also for what goes wrong while it is read."""
    try:
        with source.path.open("rb") as file:
            yield file
    except OSError as error:
        what = "the list" if source.within else f"the data '{source.name}'"
        words = f"cannot read {what} from {source.shown}: {error.strerror or error}"
        raise FileError(words, place=source.place) from error


def codec_of(source: Source) -> str:
    """Python's name of the encoding. Raises JobError."""
    from mailjobs.job.encodings import codec

    try:
        return codec(source.encoding)
    except LookupError:
        hint = "a Python codec such as utf-8 or cp1252, or the number of a code page such as 1252"
        raise JobError(f"there is no encoding '{source.encoding}'", place=source.place, hint=hint) from None


def undecodable(source: Source, codec: str, error: Undecodable, where: str, line: int) -> EncodingError:
    """A byte that is no text; `where` is the row or the header."""
    words = f"{where}: byte {error.offset} of the file (0x{error.byte:02X}) is not {codec}"
    hint = f"{source.path_in_job}.encoding says how the file is written"
    if codec in ("utf-16", "utf-32") and not error.offset:
        hint += f"; without a byte order mark it is {codec}-le or {codec}-be"
    return EncodingError(words, place=Place(source.shown, line, 1, source.path_in_job), hint=hint)
