"""Rendering with holes: what a template writes stays text, what a value gives is kept apart.

In an address field each `{{ … }}` becomes a placeholder, so that the structure is that of the job's own text whatever
the values are. A placeholder is a number between two of Unicode's noncharacters, which no real text has.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence
from typing import Any, NamedTuple

OPEN = "\ufdd0"
OPEN_LIST = "\ufdd2"
CLOSE = "\ufdd1"
PLACEHOLDER = re.compile(f"[{OPEN}{OPEN_LIST}]([0-9]+){CLOSE}")
MARKS = (OPEN, OPEN_LIST, CLOSE)
_UNMARK = dict.fromkeys(map(ord, MARKS))


def trace(value: str) -> str:
    """A value between the marks, so that it is known again in the text around it."""
    return f"{OPEN}{unmarked(value)}{CLOSE}"


def unmarked(text: str) -> str:
    """`text` without the marks."""
    return text.translate(_UNMARK) if CLOSE in text or OPEN in text or OPEN_LIST in text else text


class Holes(NamedTuple):
    """A rendered text with placeholders, and the values for them, by number. Values are text, or AddressList."""

    text: str
    values: Sequence[Any]


def fill(text: str, values: Sequence[Any]) -> str:
    """`text` with its placeholders replaced by the values."""
    if CLOSE not in text:
        return text
    return PLACEHOLDER.sub(lambda found: str(values[int(found[1])]), text)


class Collector(threading.local):
    """The values of the rendering under way in this thread."""

    def __init__(self) -> None:
        self.values: list[Any] = []

    def begin(self) -> list[Any]:
        """A new list, which `add` fills."""
        self.values = []
        return self.values

    def add(self, value: str, several: bool) -> str:
        """Keep `value`; its placeholder. What a macro has rendered has placeholders in it, which become data here."""
        if CLOSE in value and not several:
            value = PLACEHOLDER.sub(self._inner, value)
        self.values.append(value)
        return f"{OPEN_LIST if several else OPEN}{len(self.values) - 1}{CLOSE}"

    def _inner(self, found: re.Match[str]) -> str:
        number = int(found[1])
        return str(self.values[number]) if number < len(self.values) else ""
