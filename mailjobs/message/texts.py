"""Header texts: one line each, whatever fills them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from mailjobs.errors import JobError
from mailjobs.message.complaints import complaint, named, unencodable
from mailjobs.message.headers import MAX_ENCODED_LINE, MAX_LINE, LineTooLong, bare, text_header
from mailjobs.mime import Field
from mailjobs.model import Template
from mailjobs.templates import Rendering, Templates


def one_line(template: Template) -> Template:
    """The template without line ends at its end, which a block scalar or a file brings along."""
    source = template.source.rstrip("\r\n")
    return template if source == template.source else replace(template, source=source)


def checked(field: str, rendering: Rendering, scope: Mapping[str, Any]) -> str:
    """The rendered text. Raises DataError (JobError without a row) where it has CR, LF or NUL."""
    try:
        text = rendering.render(scope)
    except JobError as error:
        raise named(field, error) from error
    if "\n" in text or "\r" in text or "\0" in text:
        at = min(found for found in map(text.find, "\r\n\0") if found >= 0)
        line = text.count("\n", 0, at) + 1 if rendering.constant is not None else 1
        words = "a NUL character" if text[at] == "\0" else "a line break"
        raise complaint(
            f"{field}: {text[:60]!r} has {words}, which no header may have", rendering.template, scope, line
        )
    return text


class TextField:
    """An unstructured header, such as Subject. `constant` is its line where it needs no values, else None."""

    __slots__ = ("_charset", "_field", "_header", "_limit", "_rendering", "_room", "constant")

    def __init__(
        self,
        field: str,
        header: str,
        template: Template,
        templates: Templates,
        charset: str = "utf-8",
        limit: int = MAX_LINE,
    ) -> None:
        self._charset = charset
        self._limit = limit
        self._field = field
        self._header = header
        self._room = min(limit, MAX_ENCODED_LINE) - len(f"{header}: ")  # for a text that needs no fold
        self._rendering = templates.header(one_line(template))
        self.constant = self.fill({}) if self._rendering.constant is not None else None

    def fill(self, scope: Mapping[str, Any]) -> Field:
        """The header line. Raises DataError (JobError without a row) for what cannot be one."""
        text = checked(self._field, self._rendering, scope)
        try:
            return text_header(self._header, text, self._charset, self._limit)
        except LineTooLong as error:
            raise complaint(f"{self._field}: {error}", self._rendering.template, scope) from None
        except UnicodeEncodeError as error:
            raise unencodable(self._field, error, self._rendering.template) from None

    def text(self, scope: Mapping[str, Any]) -> str:
        """The header line as it travels. Raises as `fill`."""
        simple = self._rendering.simple
        values = simple.plain(scope) if simple is not None else None
        if simple is not None and values is not None:
            text = simple.pattern % values
            if len(text) <= self._room and bare(text):
                return f"{self._header}: {text}\r\n"
        return self.fill(scope).text
