"""A message that is ready made: its bytes go out as they are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from mailjobs.errors import FileError, JobError
from mailjobs.message.complaints import complaint, named
from mailjobs.message.fields import fields_of
from mailjobs.message.files import MAX_MESSAGE, read
from mailjobs.message.noted import note
from mailjobs.message.paths import PathRefused, files_at
from mailjobs.message.texts import one_line
from mailjobs.mime.transfer import MAX_TEXT_LINE, canonical, has_longer_line
from mailjobs.model import Raw, Template
from mailjobs.templates import Templates

Scope = Mapping[str, Any]


class Split(NamedTuple):
    """The head of a message with the empty line, what follows, and the names and values of its fields, unfolded."""

    head: bytes
    body: bytes
    fields: tuple[tuple[str, str], ...]


class RawContent:
    """The ready-made message. Raises FileError when made, for a literal path that is no file."""

    def __init__(self, source: Raw, templates: Templates) -> None:
        self._source = source
        self._file = templates.holes(one_line(source.file.text)) if source.file else None
        self._constant: Split | None = None
        if source.text is not None:
            self._constant = self._split(source.text.source.encode(), source.text, {})
        elif self._file is not None and self._file.constant is not None:
            self._constant = self._read({})

    def fill(self, scope: Scope) -> Split:
        """The message for one scope. Raises DataError (JobError without a row), FileError."""
        return self._constant or self._read(scope)

    def _read(self, scope: Scope) -> Split:
        assert self._file is not None, "a raw message has a file or content"
        assert self._source.file is not None, "a raw message has a file or content"
        template = self._file.template
        try:
            holes = self._file.holes(scope)
            path = files_at(holes.text, [str(value) for value in holes.values], self._source.file.folders)[0]
        except JobError as error:
            raise named("raw", error) from error
        except PathRefused as error:
            if error.chosen_by_value:
                raise complaint(f"raw: {error}", template, scope, code=error.code) from None
            raise FileError(f"raw: {error}", place=template.place) from None
        data = read(path, MAX_MESSAGE + 1, template.place)
        note(path, len(data), data)
        if len(data) > MAX_MESSAGE:
            raise complaint(f"raw: '{path}' is larger than {MAX_MESSAGE >> 20} MiB", template, scope)
        return self._split(data, template, scope)

    def _split(self, data: bytes, template: Template, scope: Scope) -> Split:
        try:
            return split_message(data, keep=self._source.line_endings == "keep")
        except ValueError as error:
            raise complaint(f"raw: {error}", template, scope) from None


def split_message(data: bytes, keep: bool) -> Split:
    """Head, body and fields of a message. Raises ValueError for what no server may be sent.

    With `keep` the bytes are not touched, and a bare CR or LF, with which one message could become two, is refused.
    """
    if keep:
        _refuse_bare(data)
    else:
        data = canonical(data)
    if b"\0" in data:
        raise ValueError(f"it has a NUL, at offset {data.index(0)}")
    if has_longer_line(data, MAX_TEXT_LINE):
        raise ValueError(f"it has a line of more than {MAX_TEXT_LINE} octets")
    if data.startswith(b"\r\n"):
        return Split(b"\r\n", data[2:], ())
    head, empty, body = data.partition(b"\r\n\r\n")
    if not empty:
        return Split(data, b"", _fields(data.removesuffix(b"\r\n")))
    return Split(head + b"\r\n\r\n", body, _fields(head))


def _refuse_bare(data: bytes) -> None:
    rest = data.replace(b"\r\n", b"")
    for octet, name in ((b"\r", "CR"), (b"\n", "LF")):
        if octet in rest:
            hint = "`line_endings: crlf` makes them CRLF"
            raise ValueError(f"it has a bare {name}, which servers read in different ways; {hint}")
    if data and not data.endswith(b"\r\n"):
        raise ValueError("its last line has no CRLF; `line_endings: crlf` adds it")


def _fields(head: bytes) -> tuple[tuple[str, str], ...]:
    """Raises ValueError for what is no header field."""
    for number, raw in enumerate(head.split(b"\r\n"), 1):
        line = raw.decode("utf-8", "replace")
        if number > 1 and line[:1] in (" ", "\t"):
            continue
        name, colon, _ = line.partition(":")
        name = name.rstrip(" \t")
        if not colon or not name or any(character <= " " or character > "~" for character in name):
            raise ValueError(f"line {number} of it is no header field: {line[:60]!r}")
    return fields_of(head)
