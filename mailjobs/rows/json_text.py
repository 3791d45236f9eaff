"""Values of rows as JSON: a number with a point keeps its digits."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any


def json_text(value: Any) -> str:
    """`value` in one line. What JSON lacks is text: a date, octets."""
    try:
        return _ENCODE(value)
    except _HasDecimal:
        return _with_decimals(value)


class _HasDecimal(Exception):
    """The encoder of the standard library cannot write a number as it stands."""


def _other(value: Any) -> str:
    if isinstance(value, Decimal) and value.is_finite():
        raise _HasDecimal
    return str(value)


_ENCODE = json.JSONEncoder(ensure_ascii=False, default=_other).encode


def _with_decimals(value: Any) -> str:
    match value:
        case dict():
            return (
                f"{{{', '.join([f'{_ENCODE(str(name))}: {_with_decimals(inner)}' for name, inner in value.items()])}}}"
            )
        case list() | tuple():
            return f"[{', '.join([_with_decimals(inner) for inner in value])}]"
        case Decimal() if value.is_finite():
            return str(value)
    return _ENCODE(value)
