"""Bytes of a file to lines of text, in any charset, telling exactly where bytes are no text."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from typing import BinaryIO

_END = re.compile(r"\r\n?|\n")
_CHUNK = 64 * 1024
MAX_LINE = 16 * 1024 * 1024


class Undecodable(ValueError):
    """A byte that is no text, counted from the beginning of the file."""

    def __init__(self, offset: int, byte: int) -> None:
        super().__init__(offset, byte)
        self.offset = offset
        self.byte = byte


class LineTooLong(ValueError):
    """A line that never ends."""


def text_lines(file: BinaryIO, codec: str) -> Iterator[str]:
    """Lines with their ends (CR LF, LF or CR), without a byte order mark.

    Raises Undecodable behind the last character that is good, and LineTooLong.
    """
    begun: list[str] = []
    size, held = 0, ""
    for piece in _pieces(file, codec):
        # A CR at the end may be half of CR LF, so it waits for what comes.
        text = held + piece
        held = "\r" if text.endswith("\r") else ""
        text = text.removesuffix(held)
        start = 0
        for found in _END.finditer(text):
            end = found.end()
            if begun:
                yield "".join(begun) + text[start:end]
                begun, size = [], 0
            else:
                yield text[start:end]
            start = end
        begun.append(text[start:])
        size += len(text) - start
        if size > MAX_LINE:
            raise LineTooLong
    rest = "".join(begun) + held
    if rest:
        yield rest


def _pieces(file: BinaryIO, codec: str) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder(codec)()
    offset, first = 0, True
    while True:
        chunk = file.read(_CHUNK)
        state = decoder.getstate()
        try:
            text = decoder.decode(chunk, final=not chunk)
        except UnicodeDecodeError as error:
            kept = len(error.object) - len(chunk)
            decoder.setstate(state)
            yield decoder.decode(chunk[: max(error.start - kept, 0)])
            raise Undecodable(offset - kept + error.start, error.object[error.start]) from None
        except UnicodeError:  # without a position: UTF-16 that has no byte order mark, for one
            held = state[0] + chunk
            raise Undecodable(offset + len(chunk) - len(held), held[0]) from None
        offset += len(chunk)
        if text:
            yield text.removeprefix("\ufeff") if first else text
            first = False
        if not chunk:
            return
