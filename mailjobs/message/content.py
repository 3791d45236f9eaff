"""What a message says: its text, its HTML, or both as alternatives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mailjobs.errors import JobError, Problem
from mailjobs.message.bodies import EMPTY, Body, Part, Subtype, alternative, single, text_part
from mailjobs.message.complaints import attempt, named, unencodable
from mailjobs.model import Message
from mailjobs.templates import Rendering, Templates


class Content:
    """The bodies of a message, compiled. One without any is empty: headers only."""

    __slots__ = ("_constant", "_parts")

    def __init__(self, message: Message, templates: Templates, problems: list[Problem]) -> None:
        text, html = message.text, message.html
        made = [
            attempt(problems, lambda: _TextPart("text", "plain", templates.text(text))) if text else None,
            attempt(problems, lambda: _TextPart("html", "html", templates.html(html))) if html else None,
        ]
        self._parts = [part for part in made if part is not None]
        constant = all(part.constant is not None for part in self._parts)
        self._constant = self._filled({}) if constant else None

    def fill(self, scope: Mapping[str, Any]) -> Body:
        """The body for one scope. Raises DataError (JobError without a row) with the template's line."""
        return self._constant if self._constant is not None else self._filled(scope)

    def _filled(self, scope: Mapping[str, Any]) -> Body:
        parts = [part.fill(scope) for part in self._parts]
        if not parts:
            return EMPTY
        return single(parts[0]) if len(parts) == 1 else alternative(parts)


class _TextPart:
    """One text. `constant` is its encoded form where it needs no values."""

    __slots__ = ("_field", "_rendering", "_subtype", "constant")

    def __init__(self, field: str, subtype: Subtype, rendering: Rendering) -> None:
        self._field = field
        self._subtype = subtype
        self._rendering = rendering
        self.constant = self._encoded(rendering.constant) if rendering.constant is not None else None

    def fill(self, scope: Mapping[str, Any]) -> Part:
        """The encoded text."""
        if self.constant is not None:
            return self.constant
        try:
            text = self._rendering.render(scope)
        except JobError as error:
            raise named(self._field, error) from error
        return self._encoded(text)

    def _encoded(self, text: str) -> Part:
        try:
            return text_part(text, self._subtype)
        except UnicodeEncodeError as error:
            raise unencodable(self._field, error, self._rendering.template) from None
