"""What templates see of one row of a batch, looked at once for all the templates that the row fills."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

_NOT_PLAIN: Final = bytes(range(32)) + b"&<>'\"\x7f"
MOST: Final = 998  # characters of all values of a plain row together: what a line of text may have


class RowScope(dict[str, Any]):
    """A scope with a `row`. `plain` is how many characters its values have together where all are text of one line in
    ASCII that html need not escape, else -1: what is put between the text of a template then needs no second look.
    `together` are these values one behind the other.
    """

    __slots__ = ("plain", "together")
    plain: int
    together: str


def row_scope(scope: Mapping[str, Any], values: Mapping[str, Any]) -> RowScope:
    """`scope` with the values of a row."""
    made = RowScope(scope)
    made["row"] = values
    made.plain, made.together = -1, ""
    if type(values) is dict:
        try:
            text = "".join(values.values())
        except TypeError:
            return made
        length = len(text)
        if length <= MOST and text.isascii() and len(text.encode().translate(None, _NOT_PLAIN)) == length:
            made.plain, made.together = length, text
    return made
