"""What templates see of one row of a batch, looked at once for all the templates that the row fills."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

_TEXTS: Final = {str}
_MARKUP = re.compile("[&<>'\"]")
MOST = 998  # characters of all values of a plain row together: what a line of text may have


class RowScope(dict[str, Any]):
    """A scope with a `row`. `plain` is how many characters its values have together where all are text of one line in
    ASCII that html need not escape, else -1: what is put between the text of a template then needs no second look.
    """

    __slots__ = ("plain",)
    plain: int


def row_scope(scope: Mapping[str, Any], values: Mapping[str, Any]) -> RowScope:
    """`scope` with the values of a row."""
    made = RowScope(scope)
    made["row"] = values
    made.plain = -1
    if type(values) is dict and set(map(type, values.values())) == _TEXTS:
        text = "".join(values.values())
        if len(text) <= MOST and text.isascii() and text.isprintable() and _MARKUP.search(text) is None:
            made.plain = len(text)
    return made
